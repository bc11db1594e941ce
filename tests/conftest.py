"""Nothing in the tests reaches another machine: a connection that is not loopback fails."""

import socket
from typing import Any

import pytest

_connect = socket.socket.connect
pytest_plugins = ["tests.store.servers"]
LOOPBACK = ("127.", "::1", "localhost")


def _only_loopback(self: socket.socket, address: Any) -> None:
    if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
        raise AssertionError(f"a test tried to reach {address[0]}")
    _connect(self, address)


@pytest.fixture(autouse=True)
def network_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", _only_loopback)
    return
