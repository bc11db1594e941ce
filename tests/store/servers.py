"""Real PostgreSQL and Redis servers of a test's own, on free ports of this machine.

`postgres_url` and `redis_url` are fixtures: one server each for the whole run, emptied before each
test that asks for it. A test that stops its server starts its own with `postgres_server` or
`redis_server`; one that wants a slow one puts a `relay` in front. Where the programs are not
installed the tests are skipped, and on CI they fail.
"""

import asyncio
import contextlib
import glob
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

PATIENCE = 60.0  # seconds that a server may take to start, to stop or to answer
BELOW = range(20_000, 32_000)  # ports that no system hands out for a connection, as it does others


@dataclass
class Server:
    """A server that can be stopped and started again, on the same port with the same data."""

    url: str
    command: list[str]
    is_ready: Callable[[], bool]
    account: dict[str, Any] = field(default_factory=dict[str, Any])  # whom it runs as
    stops_by: signal.Signals = signal.SIGTERM
    log: Path = Path(os.devnull)
    _process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.log.parent,
                **self.account,
            )
        until = time.monotonic() + PATIENCE
        while not self.is_ready():
            if self._process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"{self.command[0]} does not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Connections are closed, not left to hang. Does nothing when it is stopped already."""
        if self._process is not None:
            self._process.send_signal(self.stops_by)
            self._process.wait(PATIENCE)
            self._process = None


@contextmanager
def redis_server() -> Iterator[Server]:
    """An empty Redis that keeps nothing on disk."""
    program = wanted(shutil.which("redis-server"), "redis-server")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        options = {"port": port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": folder}
        words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
        server = Server(
            f"redis://127.0.0.1:{port}/0",
            [program, *words],
            lambda: answers(port, b"PING\r\n", b"+PONG"),
            log=Path(folder) / "log",
        )
        with running(server):
            yield server


@contextmanager
def postgres_server() -> Iterator[Server]:
    """A new PostgreSQL cluster with one empty database.

    PostgreSQL refuses to run as root: root lends it to the account ``postgres``.
    """
    debian = max(glob.glob("/usr/lib/postgresql/*/bin/initdb"), default=None)
    initdb = wanted(shutil.which("initdb") or debian, "PostgreSQL")
    bin_ = Path(initdb).resolve().parent  # the one on the PATH may be a link to one program
    port = free_port()
    account: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if os.geteuid() == 0:
            account = {"user": "postgres", "group": "postgres", "extra_groups": ()}
            shutil.chown(folder, "postgres", "postgres")
        words = ["-D", str(folder / "data"), "-U", "homeward", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [initdb, *words, "--locale=C", "--no-sync"],
            check=True,
            cwd=folder,
            capture_output=True,
            timeout=PATIENCE,
            **account,
        )
        # its log and lock files are in the folder, and no socket file is left anywhere
        settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        settings |= {"fsync": "off", "max_connections": 50, "shared_buffers": "16MB"}
        options = [word for item in settings.items() for word in ("-c", "{}={}".format(*item))]
        ready = [str(bin_ / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        server = Server(
            f"postgresql://homeward@127.0.0.1:{port}/postgres",
            [str(bin_ / "postgres"), "-D", str(folder / "data"), *options],
            lambda: subprocess.run(ready, check=False).returncode == 0,
            account=account,
            stops_by=signal.SIGINT,  # "fast": it does not wait for clients to leave
            log=folder / "log",
        )
        with running(server):
            yield server


@contextmanager
def running(server: Server) -> Iterator[None]:
    try:
        server.start()
        yield
    finally:
        server.stop()


def wanted(program: str | None, name: str) -> str:
    if program is not None:
        return program
    sentence = f"{name} is not installed: `apt install postgresql redis-server` runs these tests"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(sentence)
    pytest.skip(sentence)


def free_port() -> int:
    """One on which nobody listens, and which nobody is given before or between its servers."""
    for port in random.Random().sample(BELOW, 1000):  # not the one that Hypothesis seeds
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def answers(port: int, question: bytes, answer: bytes, within: float = PATIENCE) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=within) as connection:
            connection.sendall(question)
            return connection.recv(64).startswith(answer)
    except OSError:
        return False


# ---------------------------------------------------------------- fixtures


@pytest.fixture(scope="session")
def postgres_of_the_run() -> Iterator[Server]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def redis_of_the_run() -> Iterator[Server]:
    with redis_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_of_the_run: Server) -> str:
    """A PostgreSQL in which Homeward has been never."""
    server = postgres_of_the_run
    psql = str(Path(server.command[0]).with_name("psql"))
    words = ["-X", "-q", server.url, "-c", "drop schema if exists homeward cascade"]
    subprocess.run([psql, *words], check=True, capture_output=True, timeout=PATIENCE)
    return server.url


@pytest.fixture
def redis_url(redis_of_the_run: Server) -> str:
    """An empty Redis."""
    port = urlsplit(redis_of_the_run.url).port
    assert port is not None
    assert answers(port, b"FLUSHALL\r\n", b"+OK")
    return redis_of_the_run.url


# ---------------------------------------------------------------- a slow way to a server


@dataclass
class Relay:
    """Passes bytes on to a server. ``url`` is the way through it.

    ``delay`` holds each piece back, in seconds, in both directions; infinite is a server that
    hangs. It may be changed while connections are open.
    """

    url: str
    delay: float = 0.0


@asynccontextmanager
async def relay(url: str) -> AsyncGenerator[Relay]:
    """A way to the server at ``url`` that can be made slow."""
    target = urlsplit(url)
    tasks: set[asyncio.Task[None]] = set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            came = time.monotonic()
            while time.monotonic() < came + link.delay:  # noqa: ASYNC110  it may change
                await asyncio.sleep(min(link.delay, 0.01))
            writer.write(data)
            await writer.drain()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())  # type: ignore[arg-type]  # there is one
        writers = [writer]
        with contextlib.suppress(OSError, asyncio.CancelledError):
            there, further = await asyncio.open_connection(target.hostname, target.port)
            writers.append(further)
            ways = [asyncio.create_task(pass_on(*w)) for w in ((reader, further), (there, writer))]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        for end in writers:
            end.transport.abort()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await end.wait_closed()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link = Relay(url.replace(f":{target.port}", f":{port}"))
    try:
        yield link
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
