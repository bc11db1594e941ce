"""Nothing in the tests reaches another machine: a connection that is not loopback fails.

And nothing in them depends on how fast this one is: examples have no deadline, and on CI they are
the same in each run, so that a new one is found while somebody works and not by a release.
"""

import os
import signal
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "on CI", settings.get_profile("here"), derandomize=True, database=None, print_blob=True
)
settings.load_profile("on CI" if os.environ.get("CI") else "here")

_connect = socket.socket.connect
pytest_plugins = ["tests.store.servers"]
LOOPBACK = ("127.", "::1", "localhost")
LONGEST = 600.0  # seconds for a test: more is a hang, on the slowest machine


def _only_loopback(self: socket.socket, address: Any) -> None:
    if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
        raise AssertionError(f"a test tried to reach {address[0]}")
    _connect(self, address)


@pytest.fixture(autouse=True)
def network_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", _only_loopback)
    return


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
