"""The HTTP client that huggingface_hub works with here: its connections leave through egress."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from homeward.backends import egress
from homeward.model import Clearance, Seconds

if TYPE_CHECKING:
    import socket

SILENCE: Seconds = 30.0


class Client(NamedTuple):
    """``session`` is an ``httpx.Client``; ``broken`` is what it raises when a connection breaks."""

    session: Any
    broken: tuple[type[Exception], ...]


@contextmanager
def hub_client(clearance: Clearance) -> Iterator[Client]:
    """What huggingface_hub works with, too, until the block ends.

    It follows redirects (the hub's files lie on other hosts), without the key beyond the hub; it
    uses no proxy, and says no more of this machine than ``homeward``.
    """
    import huggingface_hub
    from huggingface_hub.utils._http import default_client_factory  # exported nowhere

    modern = int(huggingface_hub.__version__.split(".")[0]) >= 2
    httpx = import_module("httpx2" if modern else "httpx")
    httpcore = import_module("httpcore2" if modern else "httpcore")

    trust = egress.trust()
    transport = httpx.HTTPTransport(verify=trust, trust_env=False)
    transport._pool = httpcore.ConnectionPool(  # httpx has no argument for a network backend
        ssl_context=trust, network_backend=_Egress(clearance), max_keepalive_connections=0
    )

    def anonymous(request: Any) -> None:
        request.headers["user-agent"] = "homeward"  # else with versions of what is installed

    huggingface_hub.set_client_factory(
        lambda: httpx.Client(
            transport=transport,
            follow_redirects=True,
            timeout=SILENCE,
            event_hooks={"request": [anonymous]},
        )
    )
    try:
        broken = (httpx.TransportError, ConnectionError, TimeoutError, ssl.SSLError)
        yield Client(huggingface_hub.get_session(), broken)
    finally:
        huggingface_hub.set_client_factory(default_client_factory)  # closes ours


class _Egress:
    """httpcore's ``NetworkBackend``. Errors are the system's and ours: httpx passes them on."""

    def __init__(self, clearance: Clearance) -> None:
        self.clearance = clearance

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **_: Any) -> "_Wire":
        return _Wire(egress.connect_blocking(host, port, clearance=self.clearance, timeout=timeout))


class _Wire:
    """httpcore's ``NetworkStream``."""

    def __init__(self, sock: "socket.socket") -> None:
        self._socket = sock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._socket.settimeout(timeout)
        return self._socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._socket.settimeout(timeout)
        self._socket.sendall(buffer)

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "_Wire":
        self._socket.settimeout(timeout)
        host, port = self._socket.getpeername()[:2]
        try:
            return _Wire(ssl_context.wrap_socket(self._socket, server_hostname=server_hostname))
        except OSError as error:
            self.close()
            origin = egress.Origin(server_hostname or host, port, tls=True)
            raise egress.unreachable(origin, error, timeout) from None

    def get_extra_info(self, info: str) -> Any:
        """Nothing: httpcore asks for HTTP/2 and for the state of kept connections."""
        return None
