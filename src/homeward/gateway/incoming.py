"""Connections of clients: uvicorn's protocol, and the bounds that it does not set.

Whoever reaches the port can open connections and begin requests, before any key is asked for. So
a head has an end, in bytes and in time, and so has a body in time. A change of the protocol is
not made (RFC 9110, 7.8): what comes behind its request is that request's body, and not another
request. Fields behind a body are not fields of its head (RFC 9110, 6.5.1).
"""

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from homeward.model import Seconds

LARGEST_HEAD = 64 * 1024  # bytes, beyond what one read of the socket brings
HEAD: Seconds = 60.0  # from the first byte of a head, or from the connection's beginning
BODY: Seconds = 600.0
CHANGES = (b"upgrade", b"connection", b"http2-settings")


class Incoming(HttpToolsProtocol):
    """One connection. ``_idle`` counts bytes since the last that brought a request further."""

    def __init__(self, *args: Any, **fields: Any) -> None:
        super().__init__(*args, **fields)
        self._idle = 0
        self._whole = False  # whether the last request that was begun has come to its end
        self._timer: asyncio.TimerHandle | None = None
        self._earlier: list[RequestResponseCycle] = []

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._timer = self.loop.call_later(HEAD, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        for cycle in self._earlier:  # uvicorn tells only the last of those that came in a row
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as changed:
                self._go_on(data[changed.args[0] :])
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.send_400_response("Invalid HTTP request received.")
            return
        if self._whole:
            if self.cycle.response_complete and self._timer is None:  # empty lines, no request
                self._timer = self.loop.call_later(HEAD, self._too_slow)
            return
        if self._idle > LARGEST_HEAD:
            self.transport.abort()
            return
        self._idle += len(data)
        if self._timer is None:
            waits = self.scope is None or self.cycle is None or self.cycle.scope is not self.scope
            self._timer = self.loop.call_later(HEAD if waits else BODY, self._too_slow)

    def _go_on(self, rest: bytes) -> None:
        """Read the request again as one that wishes for no other protocol."""
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if method == b"CONNECT":
            raise httptools.HttpParserError("no proxy")
        lines = [b"%b %b HTTP/%b" % (method, self.url, version.encode())]
        lines += [b"%b: %b" % pair for pair in self.headers if pair[0] not in CHANGES]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(b"\r\n".join([*lines, b"", rest]))

    def _too_slow(self) -> None:
        self._timer = None
        self.transport.abort()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # ------------------------------------------------------------ for the parser

    def on_message_begin(self) -> None:
        self._idle, self._whole = 0, False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():  # which ends the parser: see `_go_on`
            return
        self._stop()
        self._idle = 0
        before = self.cycle
        super().on_headers_complete()
        self.headers = []  # for what comes behind the body
        if before is not None and not before.response_complete:
            self._earlier = [each for each in self._earlier if not each.response_complete]
            self._earlier.append(before)

    def on_body(self, body: bytes) -> None:
        self._idle = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._stop()
        self._whole = True
        super().on_message_complete()
