"""The one way out: nothing else in this package opens a connection (a test reads every file).

Where an address lies is found by resolving the name; what was resolved is what is connected, so
that an answer which changes between the check and the call (DNS rebinding) changes nothing. An
address beyond the request's clearance is refused before a packet leaves for it.
"""

import asyncio
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, NamedTuple, TypeAlias, TypeVar
from urllib.parse import urlsplit

from homeward.errors import ConfigError, Forbidden, Unreachable
from homeward.model import Clearance, Seconds

Trust: TypeAlias = ssl.SSLContext
P = TypeVar("P", bound=asyncio.Protocol)

NEAR = tuple(
    ip_network(block)
    for block in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),  # RFC 1918
        *("169.254.0.0/16", "fe80::/10"),  # link-local
        "100.64.0.0/10",  # RFC 6598: carriers' NAT, and the overlay networks that borrow it
        "fc00::/7",  # RFC 4193
    )
)
HOST = re.compile(r"[\w.-]+|[0-9a-f.]*:[0-9a-f:.]*(%[\w.-]+)?", re.ASCII)
UNIX_SOCKETS = hasattr(socket, "AF_UNIX")
LIES = {
    Clearance.MACHINE: "on this machine",
    Clearance.NETWORK: "in your network",
    Clearance.WORLD: "out in the world",
}


class Origin(NamedTuple):
    """Where a server listens: a host and port, or (instead) the ``path`` of a unix socket."""

    host: str
    port: int = 0
    tls: bool = False
    path: str = ""

    def __str__(self) -> str:
        return f"unix://{self.path}" if self.path else f"http{'s' * self.tls}://{self.authority}"

    @property
    def authority(self) -> str:
        """As in a ``Host`` header: IPv6 in brackets, the scheme's own port left out."""
        host = f"[{self.host.partition('%')[0]}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


@lru_cache(256)
def parse(base_url: str) -> tuple[Origin, str]:
    """The origin of an address and the path below it, without a slash at the end.

    ``http://host:port/v1``, ``https://...`` or ``unix:///run/server.sock``; ConfigError otherwise.
    """
    shown = re.sub(r"//.*@", "//...@", base_url)  # without a password
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigError(f"{shown!r} is no address: mend its host or port in base_url") from None
    if parts.scheme == "unix" and parts.path and not host:
        return Origin("localhost", path=parts.path), ""
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigError(
            f"{shown!r} is no address: base_url begins with http://HOST, https://HOST or unix:///"
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise ConfigError(
            f"the base_url for {host} may hold no password, ? or #: say those in api_key or headers"
        )
    host = _ascii(host)
    tls = parts.scheme == "https"
    return Origin(host, port or (443 if tls else 80), tls), parts.path.rstrip("/")


def _ascii(host: str) -> str:
    """A host as DNS, TLS and the ``Host`` header have it. ConfigError for what can be none."""
    try:
        name = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        name = ""
    name = name.replace("%25", "%") if ":" in name else name  # RFC 6874: an interface's name
    if not HOST.fullmatch(name):
        raise ConfigError(f"{host!r} is no name of a host: mend base_url")
    return name


# ---------------------------------------------------------------- where an address lies


def lies(address: str) -> Clearance:
    """Where a numeric address lies. ValueError for a name: only resolving can tell."""
    ip = ip_address(address.partition("%")[0])  # without the interface of a link-local address
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.is_loopback or ip.is_unspecified:  # the system connects 0.0.0.0 and :: to itself
        return Clearance.MACHINE
    if any(ip in block for block in NEAR if block.version == ip.version):
        return Clearance.NETWORK
    return Clearance.WORLD


class Place(NamedTuple):
    """One resolved address. ``sockaddr`` is what `socket.getaddrinfo` gives."""

    family: int
    sockaddr: tuple[Any, ...]
    where: Clearance


def resolve(host: str, port: int) -> list[Place]:
    """Every address of ``host``, in the system's order of preference. Blocks; Unreachable.

    ``localhost`` and what ends in it never leave the machine (RFC 6761): DNS is not asked.
    """
    try:
        host = "localhost" if is_local(host) else host
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (socket.gaierror, ValueError) as error:
        raise Unreachable(
            f"no host is called {host} ({getattr(error, 'strerror', None) or 'not a host name'}): "
            f"check the spelling of base_url, and the name service"
        ) from None
    return [Place(family, addr, lies(str(addr[0]))) for family, _, _, _, addr in found]


def is_local(host: str) -> bool:
    """Whether it is a name of this machine, in any case, with or without the last dot."""
    return re.fullmatch(r"(.+\.)?localhost\.?", host, re.IGNORECASE) is not None


def where(host: str) -> Clearance:
    """How far ``host`` is: as far as the farthest of its addresses. Blocks; Unreachable."""
    return max(place.where for place in resolve(host, 0))


@lru_cache(256)
def expected(origin: Origin) -> Clearance:
    """A guess without asking the name service: what is no number nor localhost is the world."""
    if origin.path or is_local(origin.host):
        return Clearance.MACHINE
    try:
        return lies(origin.host)
    except ValueError:
        return Clearance.NETWORK if origin.host.endswith(".local") else Clearance.WORLD


def private(origin: Origin) -> bool:
    """Whether nobody on the way reads along: it is encrypted, or does not leave this machine."""
    return origin.tls or expected(origin) is Clearance.MACHINE


def allowed(host: str, places: Iterable[Place], clearance: Clearance) -> list[Place]:
    """The addresses within the clearance; Forbidden when there is none."""
    places = list(places)
    within = [place for place in places if place.where <= clearance]
    if not within:
        nearest = min(place.where for place in places)
        word = nearest.name.lower()
        raise Forbidden(
            f"{host} lies {LIES[nearest]}, and this request may not go beyond "
            f"{clearance.name.lower()}: to allow it, say `clearance: {word}` in homeward.yaml, "
            f"--clearance {word} or Request(clearance=Clearance.{nearest.name})"
        )
    return within


# ---------------------------------------------------------------- connecting


def trust() -> Trust:
    """Verifies certificates by the system's authorities, or those in ``SSL_CERT_FILE``."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


async def connect(
    protocol: Callable[[], P],
    origin: Origin,
    *,
    clearance: Clearance,
    timeout: Seconds,  # noqa: ASYNC109  it is shared out among the addresses
    tls: Trust | None = None,
) -> tuple[P, Clearance]:
    """A connected protocol, and where its other end lies. Forbidden, Unreachable.

    The addresses are tried in order; each may use its share of the ``timeout`` that is left, so
    that one which swallows packets leaves time for the next. ``tls`` is used for https only.
    """
    loop = asyncio.get_running_loop()
    ends = time.monotonic() + timeout
    try:
        async with asyncio.timeout(timeout):
            if origin.path:
                return (await _local(protocol, origin.path))[1], Clearance.MACHINE
            found = await loop.run_in_executor(None, resolve, origin.host, origin.port)
            places = allowed(origin.host, found, clearance)
            for tried, place in enumerate(places[:-1]):
                share = (ends - time.monotonic()) / (len(places) - tried)
                try:
                    async with asyncio.timeout(share):
                        return await _reach(protocol, origin, place, tls), place.where
                except OSError:
                    continue
            return await _reach(protocol, origin, places[-1], tls), places[-1].where
    except OSError as error:
        raise unreachable(origin, error, timeout) from error


async def _reach(protocol: Callable[[], P], origin: Origin, place: Place, tls: Trust | None) -> P:
    loop = asyncio.get_running_loop()
    sock = socket.socket(place.family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setblocking(False)
        await loop.sock_connect(sock, place.sockaddr)
    except BaseException:
        sock.close()
        raise
    if not origin.tls:
        return (await loop.create_connection(protocol, sock=sock))[1]
    name = origin.host.rstrip(".")
    return (
        await loop.create_connection(protocol, sock=sock, ssl=tls or trust(), server_hostname=name)
    )[1]


async def _local(protocol: Callable[[], P], path: str) -> tuple[asyncio.Transport, P]:
    if not UNIX_SOCKETS:
        raise OSError("this system has no unix sockets")
    loop = asyncio.get_running_loop()
    return await loop.create_unix_connection(protocol, path)


def connect_blocking(
    host: str, port: int, *, clearance: Clearance, timeout: Seconds | None = None
) -> socket.socket:
    """The same way out for code that blocks (the hub's client, which adds its own TLS)."""
    origin = Origin(host, port)
    places = allowed(host, resolve(host, port), clearance)
    for place in places:
        sock = socket.socket(place.family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            sock.settimeout(timeout and timeout / len(places))
            sock.connect(place.sockaddr)
        except OSError as error:
            sock.close()
            failed = unreachable(origin, error, timeout)
        except BaseException:
            sock.close()
            raise
        else:
            sock.settimeout(timeout)
            return sock
    raise failed


def unreachable(origin: Origin, error: OSError, timeout: Seconds | None = None) -> Unreachable:
    """What an operating system's or OpenSSL's error means, and what to do about it."""
    match error:
        case ssl.SSLCertVerificationError():
            reason = error.verify_message.rstrip(".")
            advice = "if your own authority signed it, name its CA file in SSL_CERT_FILE"
            return Unreachable(f"the certificate of {origin} does not hold ({reason}): {advice}")
        case ssl.SSLError() | ConnectionResetError() if origin.tls:
            reason = getattr(error, "reason", None) or "the handshake was broken off"
            return Unreachable(f"no TLS with {origin} ({reason}): does it speak https there?")
        case TimeoutError():
            within = f" within {timeout:g} s" if timeout else ""
            return Unreachable(
                f"nothing answers at {origin}{within}: is the machine on, and does a firewall "
                "let it through?"
            )
        case ConnectionRefusedError() | FileNotFoundError():
            reason = "connection refused" if not origin.path else "nobody listens on the socket"
            return Unreachable(f"nothing answers at {origin} ({reason}): is the server running?")
        case _:
            reason = (error.strerror or str(error) or type(error).__name__).lower()
            return Unreachable(f"no connection to {origin} ({reason}): check base_url")
