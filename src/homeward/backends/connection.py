"""One HTTP/1.1 connection: a request goes out, its answer is read as it comes (RFC 9112).

It knows nothing of pools, addresses or time limits beyond the moment it may wait until; that is
`homeward.backends.http`.
"""

import asyncio
import time
from typing import cast

import httptools

from homeward.model import Clearance

HEAD_LIMIT = 64 * 1024  # bytes, interim answers (1xx) included
HIGH_WATER = 256 * 1024  # body bytes held for a slow reader before the socket is left to wait


class Cut(Exception):
    """The answer broke off or is no HTTP. The text completes "the answer of URL ..."."""


class Connection(asyncio.Protocol):
    """``received`` counts the answer's raw bytes, ``complete`` says that its end has come.

    The headers' names are lower-case; one that came twice has its values joined by a comma.
    """

    where: Clearance = Clearance.WORLD  # until whoever connected says otherwise

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.closed = False
        self.idle_since = 0.0
        self._parser = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        self._begin(asked=False)

    def _begin(self, *, asked: bool) -> None:
        self.asked = asked
        self.status = 0
        self.headers: dict[str, str] = {}
        self.received = 0
        self.complete = False
        self._interim = False
        self._keep = False
        self._failure = ""
        self._body: list[bytes] = []
        self._held = 0

    # ------------------------------------------------------------ for whoever asks

    def ask(self, request: bytes) -> None:
        self._begin(asked=True)
        self._transport.write(request)

    async def head(self, until: float) -> None:
        """Wait for status and headers. Cut; TimeoutError at ``until`` (`time.monotonic`)."""
        while not self.status and not self._failure:
            await self._wait(until)
        if not self.status:
            raise Cut(self._failure)

    async def more(self, until: float) -> bytes:
        """The next piece of the body, empty at its end. Cut; TimeoutError at ``until``."""
        while not (self._body or self.complete or self._failure):
            await self._wait(until)
        if not self._body:
            if not self.complete:
                raise Cut(self._failure)
            return b""
        data = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body.clear()
        self._held = 0
        self._resume()
        return data

    def release(self) -> bool:
        """Whether a further request may use it. If not, it is closed at once."""
        if self.complete and self._keep and not self.closed:
            self._begin(asked=False)
            self._resume()
            self.idle_since = time.monotonic()
            return True
        self.abort()
        return False

    def abort(self) -> None:
        """Close now, without waiting for what is unsent: the runtime sees it and stops."""
        self.closed = True
        self._transport.abort()

    async def _wait(self, until: float) -> None:
        seconds = until - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        waiter = self._waiter = self.loop.create_future()
        timer = self.loop.call_later(seconds, _expire, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    # ------------------------------------------------------------ for the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if not self.asked:  # bytes that nobody asked for: what follows could not be trusted
            self.abort()
            return
        self.received += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("changes to another protocol, which was not asked for")
        except httptools.HttpParserError as error:
            self._fail(f"is not HTTP ({error})")
        if not self.status and self.received > HEAD_LIMIT:
            self._fail(f"has more than {HEAD_LIMIT} bytes of headers")
        if self._held > HIGH_WATER and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None:
            self._ended()
        self._fail(f"was cut off after {self.received} bytes: the server's log may say why")
        self._wake()

    def _ended(self) -> None:
        """The other side has nothing more to say, which ends a body that has no other end."""
        until_closed = "content-length" not in self.headers and not self.headers.get(
            "transfer-encoding", ""
        ).lower().endswith("chunked")
        if self.status and until_closed and not self._failure:
            self.complete = True
        self.closed = True

    def _fail(self, reason: str) -> None:
        self._keep = False
        self.closed = True
        if not self.complete:
            self._failure = self._failure or reason
        self._transport.abort()

    # ------------------------------------------------------------ for the parser

    def on_message_begin(self) -> None:
        if self.complete:
            raise Cut("has another behind it, which nobody asked for")  # ends the parser

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.status:  # a trailer
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 100:
            raise Cut(f"has the status {status}")  # ends the parser
        self._interim = 100 <= status < 200
        if self._interim:
            self.headers = {}
        else:
            self.status = status

    def on_body(self, body: bytes) -> None:
        self._body.append(body)
        self._held += len(body)

    def on_message_complete(self) -> None:
        if self._interim:
            return
        self.complete = True
        self._keep = self._parser.should_keep_alive()  # known only here


def _expire(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())
