"""The HTTP/1.1 client under every leaf that asks a server.

It keeps connections for further requests, follows no redirects, reads no proxy from the
environment, keeps no cookies and asks for no compression. Where a request may go is decided by
`homeward.backends.egress`, which it connects through.
"""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    nullcontext,
    suppress,
)
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple, Self

from homeward.backends import egress
from homeward.backends.connection import Connection, Cut
from homeward.backends.egress import Origin, Trust
from homeward.errors import ConfigError, Garbled, TimedOut, Unreachable
from homeward.model import Clearance, Seconds

NOTHING: Mapping[str, str] = MappingProxyType({})
LIMIT = 64 * 1024 * 1024  # bytes of a body that is read whole
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2: what names a header
LINGER: Seconds = 0.1


@dataclass(frozen=True)
class Timeouts:
    """``first_byte`` is the silence before the first byte of the body: a runtime that loads a
    model says nothing for minutes. ``idle`` is any later silence.
    """

    connect: Seconds = 5.0
    first_byte: Seconds = 600.0
    idle: Seconds = 120.0


@dataclass
class Http:
    """A pool of connections, open while it is entered. It may also be used without entering it,
    by who calls `close` at the end.

    ``tls`` are the certificates that are trusted, the system's when None. Per server ``kept``
    idle connections are kept, the one used last is used next, and none after ``kept_seconds``.
    """

    tls: Trust | None = field(default=None, repr=False)
    kept: int = 128
    kept_seconds: Seconds = 30.0
    _idle: dict[Origin, list[Connection]] = field(
        default_factory=dict[Origin, list[Connection]], init=False, repr=False, compare=False
    )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close what is idle. Answers that are being read close their own connection."""
        for connections in self._idle.values():
            for connection in connections:
                connection.abort()
        self._idle.clear()
        await asyncio.sleep(0)  # a socket is closed by the loop's next turn

    def send(
        self,
        method: str,
        base_url: str,
        path: str,
        *,
        headers: Mapping[str, str] = NOTHING,
        body: bytes | None = None,
        clearance: Clearance,
        timeouts: Timeouts = Timeouts(),
        deadline: float | None = None,
    ) -> AbstractAsyncContextManager["Response"]:
        """Ask, and enter the answer when its head has come, whatever its status.

        Leaving before the end of the body closes the connection, so that the runtime stops.
        A kept connection that turns out to be closed, before it gave a byte of answer, is
        replaced once. HEAD is not supported. ``deadline`` is on `time.monotonic`'s clock.
        Forbidden, Unreachable, TimedOut, Garbled; ConfigError for what cannot be sent.
        """
        question = Question.of(method, base_url, path, headers, body is not None)
        return self.ask(question, body, clearance, timeouts, deadline)

    def ask(
        self,
        question: "Question",
        body: bytes | None,
        clearance: Clearance,
        timeouts: Timeouts,
        deadline: float | None = None,
    ) -> AbstractAsyncContextManager["Response"]:
        """As `send`, for who asks the same again and again with another body."""
        origin, target, head = question
        written = head if body is None else head % len(body) + body
        call = _Call(origin, target, timeouts, deadline)
        return _Sending(self, origin, written, clearance, call)

    # ------------------------------------------------------------ for `_Sending`

    async def connect(self, origin: Origin, clearance: Clearance, call: "_Call") -> Connection:
        if origin.tls and self.tls is None:
            self.tls = egress.trust()
        try:
            connection, where = await egress.connect(
                Connection,
                origin,
                clearance=clearance,
                timeout=call.until(call.timeouts.connect) - time.monotonic(),
                tls=self.tls,
            )
        except Unreachable:
            call.until(0.0)  # TimedOut, if it was the deadline that ended the attempt
            raise
        connection.where = where
        return connection

    def take(self, origin: Origin, clearance: Clearance) -> Connection | None:
        """An idle connection that leads no farther than the clearance, the last used first."""
        idle = self._idle.get(origin)
        if not idle:
            return None
        loop, now = asyncio.get_running_loop(), time.monotonic()
        for place in range(len(idle) - 1, -1, -1):
            connection = idle[place]
            if connection.closed or connection.loop is not loop:
                del idle[place]
            elif now - connection.idle_since > self.kept_seconds:
                idle.pop(place).abort()
            elif connection.where <= clearance:
                return idle.pop(place)
        return None

    def put(self, origin: Origin, connection: Connection) -> None:
        if connection.release():
            if origin not in self._idle:
                self._sweep()
            idle = self._idle.setdefault(origin, [])
            idle.append(connection)
            if len(idle) > self.kept:
                idle.pop(0).abort()

    def _sweep(self) -> None:
        """Forget the origins that nobody listens at any more: stopped children, most of all."""
        for origin, idle in list(self._idle.items()):
            if all(connection.closed for connection in idle):
                del self._idle[origin]


def borrowed(http: Http | None) -> AbstractAsyncContextManager[Http]:
    """The shared client, left open, or for a leaf that was given none a client for one call."""
    return Http() if http is None else nullcontext(http)


class Question(NamedTuple):
    """A request's head, ready to be sent; with a ``%d`` for the body's length, if it has one."""

    origin: Origin
    target: str
    head: bytes

    @classmethod
    def of(
        cls,
        method: str,
        base_url: str,
        path: str,
        headers: Mapping[str, str] = NOTHING,
        has_body: bool = True,  # noqa: FBT001  of this module
    ) -> "Question":
        """ConfigError for what cannot be sent."""
        origin, prefix = egress.parse(base_url)
        target = prefix + path
        return cls(origin, target, _head(method, origin, target, tuple(headers.items()), has_body))


class _Sending(AbstractAsyncContextManager["Response"]):
    """One question. A class, because a generator's context manager costs as much as the call."""

    __slots__ = ("_call", "_clearance", "_connection", "_http", "_origin", "_written")

    def __init__(
        self, http: Http, origin: Origin, written: bytes, clearance: Clearance, call: "_Call"
    ) -> None:
        self._http = http
        self._origin = origin
        self._written = written
        self._clearance = clearance
        self._call = call

    async def __aenter__(self) -> "Response":
        http, call = self._http, self._call
        connection = http.take(self._origin, self._clearance)
        if connection is None or not await call.head(connection, self._written, stale=True):
            connection = await http.connect(self._origin, self._clearance, call)
            await call.head(connection, self._written)
        self._connection = connection
        coding = connection.headers.get("content-encoding")
        if coding and coding.lower() != "identity" and 200 <= connection.status < 300:
            http.put(self._origin, connection)
            raise call.garbled(f"is compressed ({coding[:80]!r}), which was not asked for")
        return Response(connection, call)

    async def __aexit__(self, *_: object) -> None:
        self._http.put(self._origin, self._connection)


@dataclass(slots=True)
class _Call:
    """What may be waited for, and how its failures are said."""

    origin: Origin
    target: str
    timeouts: Timeouts
    deadline: float | None

    @property
    def url(self) -> str:
        return f"{self.origin}{self.target}"

    def until(self, seconds: Seconds) -> float:
        """The moment that ends a wait of at most so many seconds; TimedOut after the deadline."""
        now = time.monotonic()
        if self.deadline is None:
            return now + seconds
        if now >= self.deadline:
            raise self.late(seconds)
        return min(now + seconds, self.deadline)

    def late(self, seconds: Seconds) -> TimedOut:
        if self.deadline is not None and time.monotonic() >= self.deadline:
            return TimedOut(f"the request's deadline passed while {self.url} was asked")
        return TimedOut(
            f"{self.url} said nothing for {seconds:g} s: if it is loading a large model, allow more"
        )

    async def head(self, connection: Connection, request: bytes, *, stale: bool = False) -> bool:
        """Send, and wait for the head. False, with ``stale``, if it was closed all along."""
        try:
            connection.ask(request)
            await connection.head(self.until(self.timeouts.first_byte))
        except Cut as cut:
            if stale and connection.received == 0:
                return False
            raise self.garbled(str(cut)) from None
        except TimeoutError:
            connection.abort()
            raise self.late(self.timeouts.first_byte) from None
        except BaseException:
            connection.abort()
            raise
        return True

    def garbled(self, reason: str) -> Garbled:
        return Garbled(f"the answer of {self.url} {reason}")


@dataclass(slots=True)
class Response:
    """An answer whose head has come. ``headers`` have lower-case names."""

    _connection: Connection = field(repr=False)
    _call: _Call = field(repr=False)

    @property
    def url(self) -> str:
        return self._call.url

    @property
    def status(self) -> int:
        return self._connection.status

    @property
    def headers(self) -> dict[str, str]:
        return self._connection.headers

    @property
    def where(self) -> Clearance:
        """Where the address lies that answers."""
        return self._connection.where

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes, in pieces of any size. Garbled when it is cut, TimedOut.

        A slow reader slows the server down: no more than about 512 KiB are held.
        """
        silence = self._call.timeouts.first_byte
        while data := await self._piece(silence):
            yield data
            silence = self._call.timeouts.idle

    async def linger(self) -> None:
        """After the answer's own end mark: wait a moment for the body's, to keep the connection.

        A server that goes on sending, or leaves the body open, is hung up on.
        """
        until = time.monotonic() + LINGER
        with suppress(Cut, TimeoutError):
            while time.monotonic() < until and await self._connection.more(until):
                pass

    async def read(self, limit: int = LIMIT) -> bytes:
        """The whole body; Garbled when it is longer than ``limit`` bytes."""
        silence = self._call.timeouts.first_byte
        pieces: list[bytes] = []
        length = 0
        while data := await self._piece(silence):
            pieces.append(data)
            length += len(data)
            if length > limit:
                raise self._call.garbled(f"is longer than {limit} bytes")
            silence = self._call.timeouts.idle
        return b"".join(pieces)

    async def _piece(self, silence: Seconds) -> bytes:
        """What has come, after at most so much silence; empty at the end. Garbled, TimedOut."""
        call = self._call
        try:
            return await self._connection.more(call.until(silence))
        except Cut as cut:
            raise call.garbled(str(cut)) from None
        except TimeoutError:
            raise call.late(silence) from None


@lru_cache(256)
def _head(
    method: str,
    origin: Origin,
    target: str,
    headers: tuple[tuple[str, str], ...],
    has_body: bool,  # noqa: FBT001  private, and lru_cache is faster without keywords
) -> bytes:
    """The head of a request; with a ``%d`` for the body's length, where there is one.

    Kept, because a leaf sends the same one each time.
    """
    fields = {"host": origin.authority, "user-agent": "homeward", "accept": "*/*"}
    fields["accept-encoding"] = "identity"  # none at all would mean: any (RFC 9110, 12.5.3)
    if has_body:
        fields["content-type"] = "application/json"
    fields |= {name.lower(): value for name, value in headers}
    fields.pop("content-length", None)
    for name, value in fields.items():
        if not TOKEN.fullmatch(name) or name == "transfer-encoding":
            raise ConfigError(f"{name!r} is no header that can be set: mend headers")
        if not isinstance(value, str):
            raise ConfigError(f"the header {name!r} is no text: put it in quotes")
        if any(c in "\r\n\0" for c in value):
            raise ConfigError(f"the header {name!r} holds a line break: a key read from a file?")
    if not target.isascii() or not target.isprintable() or " " in target:
        raise ConfigError(f"{target!r} is no path of a URL: mend base_url or the model's name")
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    if letter := next((c for c in lines if c > "\xff"), ""):
        raise ConfigError(f"a header holds {letter!r}, which HTTP cannot carry")
    head = f"{method} {target or '/'} HTTP/1.1\r\n{lines}".encode("latin-1")
    if not has_body:
        return head + b"\r\n"
    return head.replace(b"%", b"%%") + b"content-length: %d\r\n\r\n"
