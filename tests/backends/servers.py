"""Small real HTTP servers on loopback that play back bytes, to test clients against.

async with playing({("POST", "/v1/chat/completions"): sse('{"a": 1}', "[DONE]")}) as server:
    ...  # `server` is the base URL, a str; server.asked holds the requests that came
"""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import httptools
import trustme

from tests.contract import PATIENCE

Step: TypeAlias = bytes | float
"""Bytes are one chunk of the body; a number is a pause in seconds."""

NEVER = 3600.0  # a pause that nobody waits out


@dataclass(frozen=True)
class Reply:
    """``framing`` says how the body's end is known; ``raw`` plays the steps without a head.

    ``cut`` breaks the connection off after the last step, before the body's end.
    """

    body: bytes | Sequence[Step] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    framing: Literal["chunked", "length", "close", "raw"] = "chunked"
    cut: bool = False

    @property
    def steps(self) -> Sequence[Step]:
        return (self.body,) if isinstance(self.body, bytes) else self.body


@dataclass(frozen=True)
class Asked:
    """One request as it came. ``path`` holds the query too; header names are lower-case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Route: TypeAlias = Reply | Callable[[Asked], Reply]
Routes: TypeAlias = Mapping[tuple[str, str], Route]


def answers(value: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON body with its length. Underscores in header names become hyphens."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    names["content-type"] = "application/json"
    return Reply(json.dumps(value).encode(), status, names, framing="length")


def sse(*payloads: str | float, cut: bool = False) -> Reply:
    """An event stream: a text is one frame's data, a number a pause in seconds."""
    steps = [p if isinstance(p, float) else f"data: {p}\n\n".encode() for p in payloads]
    return Reply(steps, headers={"content-type": "text/event-stream"}, cut=cut)


class Held(list[Step]):
    """The steps of a reply, played as soon as ``released`` is set."""

    def __init__(self, reply: Reply, released: asyncio.Event) -> None:
        super().__init__(reply.steps)
        self._released = released

    def __iter__(self) -> Iterator[Step]:
        while not self._released.is_set():
            yield 0.001
        yield from super().__iter__()


def held(reply: Reply, released: asyncio.Event) -> Reply:
    """The same, but not before ``released`` is set. Not for framing by length."""
    return replace(reply, body=Held(reply, released))


def lines(*values: Any, cut: bool = False) -> Reply:
    """NDJSON: a value is one line, a float a pause in seconds."""
    steps = [v if isinstance(v, float) else json.dumps(v).encode() + b"\n" for v in values]
    return Reply(steps, headers={"content-type": "application/x-ndjson"}, cut=cut)


class Server(str):
    """The base URL, and what happened there.

    ``asked`` are the requests that came, ``connections`` how many were opened, ``hung_up`` how
    often a client left in the middle of an answer, ``sent`` the body bytes written.
    """

    asked: list[Asked]
    connections: int
    hung_up: int
    sent: int

    async def until(self, seen: Callable[["Server"], object], within: float = PATIENCE) -> None:
        """Wait until ``seen(server)`` is true; TimeoutError when it is not ``within`` seconds."""
        async with asyncio.timeout(within):
            while not seen(self):  # noqa: ASYNC110  what is awaited is any fact, not one event
                await asyncio.sleep(0.001)


@asynccontextmanager
async def playing(
    routes: Routes, *, tls: ssl.SSLContext | None = None, unix: Path | None = None
) -> AsyncIterator[Server]:
    """Serve ``routes`` on a free port of 127.0.0.1 (https://localhost with ``tls``) or on a socket.

    Keys are (method, path), tried with the query first and then without; all else is a 404.
    """
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await _Connection(server, routes, reader, writer).serve()
        except (asyncio.CancelledError, ConnectionError, ssl.SSLError):
            pass  # the server closes, or the client has left: both are ordinary here
        finally:
            tasks.discard(task)
            writer.transport.abort()

    if unix is not None:
        listener: asyncio.Server = await asyncio.start_unix_server(connected, str(unix))
        server = Server(f"unix://{unix}")
    else:
        listener = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls, backlog=1024)
        port = listener.sockets[0].getsockname()[1]
        server = Server(f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}")
    server.asked, server.connections, server.hung_up, server.sent = [], 0, 0, 0
    try:
        yield server
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Connection:
    """Reads requests while it answers, so that a client's leaving is seen at once."""

    def __init__(
        self,
        server: Server,
        routes: Routes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.server, self.routes = server, routes
        self.reader, self.writer = reader, writer
        self.requests: asyncio.Queue[Asked] = asyncio.Queue()

    async def serve(self) -> None:
        answering = asyncio.create_task(self._answer())
        listening = asyncio.create_task(self._listen())
        try:
            await asyncio.wait({listening, answering}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (listening, answering):
                task.cancel()
            await asyncio.gather(listening, answering, return_exceptions=True)

    async def _listen(self) -> None:
        reading = _Reading(self.requests)
        parser = reading.parser = httptools.HttpRequestParser(reading)
        with contextlib.suppress(ConnectionError, ssl.SSLError, httptools.HttpParserError):
            while data := await self.reader.read(65536):
                parser.feed_data(data)

    async def _answer(self) -> None:
        while True:
            asked = await self.requests.get()
            self.server.asked.append(asked)
            path = asked.path.partition("?")[0]
            route = self.routes.get((asked.method, asked.path)) or self.routes.get(
                (asked.method, path), answers({"error": {"message": f"no {path} here"}}, 404)
            )
            try:
                goes_on = await self._play(route if isinstance(route, Reply) else route(asked))
            except (asyncio.CancelledError, ConnectionError):
                self.server.hung_up += 1
                raise
            if not goes_on:
                return

    async def _play(self, reply: Reply) -> bool:
        """Whether the connection may be used for a further request."""
        if reply.framing != "raw":
            self.writer.write(_head(reply))
        chunked = reply.framing == "chunked"
        for step in reply.steps:
            if isinstance(step, float):
                await asyncio.sleep(step)
            elif step:
                self.writer.write(b"%x\r\n%b\r\n" % (len(step), step) if chunked else step)
                await self.writer.drain()
                self.server.sent += len(step)
        if chunked and not reply.cut:
            self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()
        if reply.cut or reply.framing in ("close", "raw"):
            self.writer.close()
            await self.writer.wait_closed()
            return False
        return True


class _Reading:
    """httptools' callbacks, for one connection."""

    def __init__(self, requests: "asyncio.Queue[Asked]") -> None:
        self.requests = requests
        self.parser: Any = None
        self.on_message_begin()

    def on_message_begin(self) -> None:
        self.url, self.body, self.headers = b"", b"", dict[str, str]()
        self.method = ""

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        method = self.parser.get_method().decode()
        self.requests.put_nowait(Asked(method, self.url.decode(), self.headers, self.body))


def _head(reply: Reply) -> bytes:
    headers = dict(reply.headers)
    if reply.framing == "chunked":
        headers["transfer-encoding"] = "chunked"
    elif reply.framing == "length":
        headers["content-length"] = str(sum(len(s) for s in reply.steps if isinstance(s, bytes)))
    else:
        headers["connection"] = "close"
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {reply.status} Played\r\n{fields}\r\n".encode()


@dataclass(frozen=True)
class Certificates:
    """``server`` answers as the names given, ``client`` trusts it, ``stranger`` does not."""

    authority: trustme.CA
    server: ssl.SSLContext
    client: ssl.SSLContext
    stranger: ssl.SSLContext


def certificates(*names: str) -> Certificates:
    """A fresh authority and one certificate, for ``names`` (localhost and 127.0.0.1)."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("localhost", "127.0.0.1"))).configure_cert(server)
    client, stranger = ssl.create_default_context(), ssl.create_default_context()
    authority.configure_trust(client)
    return Certificates(authority, server, client, stranger)
