"""Nothing but `homeward.backends.egress` opens a connection: every file of the package is read."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "homeward"
FILES = sorted(PACKAGE.rglob("*.py"))

REACHES_OUT = (
    *(
        "socket",
        "_socket",
        "ssl",
        "ctypes",
        "subprocess",
        "multiprocessing",
        "socketserver",
        "http.client",
        "http.server",
        "urllib.request",
        "ftplib",
    ),
    *("smtplib", "poplib", "imaplib", "xmlrpc", "webbrowser", "multiprocessing.connection"),
    *("requests", "urllib3", "httpx", "httpx2", "httpcore", "httpcore2", "aiohttp", "websockets"),
    *("openai", "anthropic", "ollama", "litellm", "huggingface_hub", "hf_xet", "anyio", "trio"),
    *("asyncpg", "redis"),
)
OPENS = {
    *("open_connection", "open_unix_connection", "create_connection", "create_unix_connection"),
    *("create_datagram_endpoint", "sock_connect", "sock_sendto", "urlopen", "urlretrieve"),
    *("create_subprocess_exec", "create_subprocess_shell", "Popen", "popen"),  # of another program
    *("getaddrinfo", "gethostbyname", "connect_ex", "start_tls"),
}
HUB = {"huggingface_hub", "httpx", "httpx2", "httpcore", "httpcore2"}
EXCEPT = {
    "backends/egress.py": {*REACHES_OUT, *OPENS, "connect"},  # the one way out
    "backends/child.py": {"create_subprocess_exec"},  # the engine, which listens and asks nobody
    "store/postgres.py": {"asyncpg"},  # to the server that `serve.database` names, no other
    "store/redis.py": {"redis"},  # to that of `serve.shared`
    "gateway/serving.py": {"ssl"},  # looks whether its own certificate can be read
    "gateway/listening.py": {"socket", "getaddrinfo"},  # listens, and connects nowhere
    "signals/trial.py": {"subprocess", "Popen"},  # runs an answer's code, when that was asked for
    "backends/hub.py": HUB,  # asks through hub_client
    "machine/scan/apple.py": {"ctypes"},  # asks the kernel
    "machine/scan/nvml.py": {"ctypes"},  # loads NVIDIA's library from where WSL 2 keeps it
    "backends/hub_listing.py": HUB,  # the same
    "backends/hub_client.py": {*HUB, "socket", "ssl"},  # wraps the socket that egress connected
}


def imported(tree: ast.AST) -> set[str]:
    """Every module that is imported, at any depth of the file, also by name at run time."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                found |= {alias.name for alias in node.names}
            case ast.ImportFrom(module=str(module), level=0):
                found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module")
                | ast.Attribute(attr="__import__" | "import_module"),
                args=arguments,
            ):
                inner = (part for argument in arguments for part in ast.walk(argument))
                found |= {str(part.value) for part in inner if isinstance(part, ast.Constant)}
    return found


def reaches(source: str) -> set[str]:
    """The ways out that a file uses: modules that connect, and calls that do."""
    tree = ast.parse(source)
    modules = {
        way
        for name in imported(tree)
        for way in REACHES_OUT
        if name == way or name.startswith(f"{way}.")
    }
    # `connect` is also what databases do: it counts where there is a socket to call it on
    opens = OPENS | {"connect"} if "socket" in modules else OPENS
    used = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Name)
    }
    return modules | used & opens


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_opens_no_connection_of_its_own(file: Path) -> None:
    known = EXCEPT.get(file.relative_to(PACKAGE).as_posix(), set())
    assert reaches(file.read_text(encoding="utf-8")) - known == set()


@pytest.mark.parametrize(
    "source",
    [
        "import socket",
        "import ssl as s",
        "from socket import create_connection",
        "import http.client",
        "from http import client",
        "from urllib import request",
        "def f():\n    import httpx",
        "import importlib\nimportlib.import_module('requests')",
        "import_module('httpx2' if new else 'httpx')",
        "import asyncio\nasyncio.open_connection('h', 1)",
        "import subprocess\nsubprocess.run(['curl', url])",
        "import os\nos.popen('curl')",
        "import asyncio\nasyncio.create_subprocess_shell('curl')",
        "async def f(loop): await loop.create_unix_connection(x, 'p')",
    ],
)
def test_the_reading_finds_each_way_out(source: str) -> None:
    assert reaches(source)


def test_a_file_that_may_import_sockets_may_not_connect_them() -> None:
    assert "connect" in reaches("import socket\nsocket.socket().connect(('h', 1))")


@pytest.mark.parametrize("source", ["import asyncio", "from urllib.parse import urlsplit"])
def test_the_reading_lets_the_harmless_be(source: str) -> None:
    assert not reaches(source)


def test_the_one_way_out_is_among_the_files_read() -> None:
    assert PACKAGE / "backends" / "egress.py" in FILES
