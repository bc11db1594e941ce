"""Nothing in the tests reaches another machine: a connection that is not loopback fails.

And nothing in them depends on how fast this one is: examples have no deadline, and on CI they are
the same in each run, so that a new one is found while somebody works and not by a release. Nor on
what its user has set: servers, proxies, colours and widths of terminals are each test's own.
"""

import errno
import os
import signal
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from homeward.backends.discovery import PORTS
from homeward.gateway.settings import PORT
from homeward.machine.scan.scan import scan
from tests.contract import PATIENCE

settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "on CI", settings.get_profile("here"), derandomize=True, database=None, print_blob=True
)
_keeps_examples = os.access(".", os.W_OK) and not os.environ.get("CI")
settings.load_profile("here" if _keeps_examples else "on CI")

_bind, _connect = socket.socket.bind, socket.socket.connect
pytest_plugins = ["tests.store.servers"]
LOOPBACK = ("127.", "::1", "localhost")
LONGEST = 600.0  # seconds for a test: more is a hang, on the slowest machine
LEAKS = ("OLLAMA_", "HF_", "HUGGING_FACE_", "HOMEWARD_API_KEY", "HOMEWARD_CONFIG", "HOMEWARD_URL")
TERMINALS = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")

for _name in list(os.environ):  # before anything reads them, and for child processes, too
    if _name.startswith(LEAKS) or _name in TERMINALS or _name.upper() in PROXIES:
        del os.environ[_name]
(scan.__kwdefaults__ or {})["deadline"] = PATIENCE  # a busy machine's drivers do not hang


_bound = set[int]()


def _remembered(self: socket.socket, address: Any) -> None:
    _bind(self, address)
    if isinstance(address, tuple):
        _bound.add(self.getsockname()[1])


def _only_loopback(self: socket.socket, address: Any) -> None:
    if isinstance(address, tuple):
        if not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"a test tried to reach {address[0]}")
        if address[1] in {*PORTS, PORT} - _bound:
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    _connect(self, address)


@pytest.fixture(autouse=True)
def network_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is anybody there at the usual ports, whatever its user runs on this machine."""
    monkeypatch.setattr(socket.socket, "bind", _remembered)
    monkeypatch.setattr(socket.socket, "connect", _only_loopback)


def _hangs(*_: object) -> None:
    raise AssertionError(f"the test did not end within {LONGEST:g} s")


@pytest.fixture(autouse=True)
def an_end() -> Iterator[None]:
    """A test that hangs fails, where the system has alarms, instead of holding up all others."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _hangs)
    signal.setitimer(signal.ITIMER_REAL, LONGEST, 5.0)  # again, where a task kept the first
    yield
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    signal.signal(signal.SIGALRM, before)
