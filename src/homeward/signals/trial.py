"""Trial: run the function in an answer against tests, in a process of its own."""

import ast
import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence

RUN_SECONDS = 5
RUN_BYTES = 512 * 2**20

FENCE = re.compile(r"```[^\n`]*\n(.*?)(?:```|\Z)", re.DOTALL)
TOP_LEVEL = re.compile(r"^(?:def |async def |import |from |class |@)", re.MULTILINE)


_PROGRAM = """\
import json, os, sys
code, name, tests, passed = json.load(sys.stdin)
try:
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
    resource.setrlimit(resource.RLIMIT_AS, ({size}, {size}))
except (ImportError, ValueError, OSError):
    pass
names = {{"__name__": "answer"}}
exec(code, names)
names["f"] = names[name]
for test in tests:
    exec(test, names)
os._exit(passed)
"""


def passes(text: str, tests: Sequence[str]) -> bool:
    """Whether the last function of the answer, called `f`, holds under the assert statements.

    It runs in a fresh interpreter without the environment, in an empty folder, within five seconds
    and half a gigabyte. That stops accidents; it is no sandbox: code that means harm can read
    files and reach the network. Run tables of others' answers in a container.
    """
    code, name = _function(text)
    if not name or not tests:
        return False
    passed = 64 + secrets.randbelow(64)  # so that an answer which merely exits has not passed
    with tempfile.TemporaryDirectory(prefix="homeward-trial-") as folder:
        program = _PROGRAM.format(seconds=RUN_SECONDS, size=RUN_BYTES)
        ran = subprocess.Popen(  # noqa: S603 - the answer is what is to be run; see above
            [sys.executable, "-I", "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={key: os.environ[key] for key in ("SYSTEMROOT",) if key in os.environ},
            process_group=0,
        )
        with ran, contextlib.suppress(subprocess.TimeoutExpired):
            try:
                ran.communicate(json.dumps([code, name, list(tests), passed]).encode(), RUN_SECONDS)
            finally:
                _end(ran)
    return ran.returncode == passed


def _end(ran: "subprocess.Popen[bytes]") -> None:
    """With whatever it has started, where the system has groups of processes."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(ran.pid, signal.SIGKILL)
    ran.kill()


def _function(text: str) -> tuple[str, str]:
    """The code of an answer and its last top-level function's name; two empty texts if none."""
    start = TOP_LEVEL.search(text)
    loose = text[start.start() :] if start else text
    for code in (*reversed(FENCE.findall(text)), text, loose):
        try:
            body = ast.parse(code).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        names = [node.name for node in body if isinstance(node, ast.FunctionDef)]
        if names:
            return code, names[-1]
    return "", ""
