"""One HTTP request and the answer to it, over ASGI 3."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from homeward.errors import Rejected
from homeward.gateway.accounting.keyring import Caller
from homeward.gateway.refused import Refused
from homeward.model import Seconds

JSON = b"application/json"
SSE = b"text/event-stream; charset=utf-8"
NDJSON = b"application/x-ndjson"
TEXT = b"text/plain; charset=utf-8"

STALL: Seconds = 60.0  # in which a client must read what it was sent
PATIENCE: Seconds = 0.05  # a task that watches for hang-ups costs more than most requests take

Headers = Iterable[tuple[bytes, bytes]]
NOTHING: frozenset[bytes] = frozenset()


class Left(Exception):
    """The client hung up before it had its answer."""


class Exchange:
    """``headers`` have lower-case names, the last of a name wins; ``repeated`` came more than once.

    ``path`` is as it came: a proxy that judges by paths and this must see the same. ``tail`` is
    what stands in it for ``{...}``, decoded. ``tags`` go with whatever is answered.
    """

    __slots__ = (
        "_receive",
        "_send",
        "began",
        "caller",
        "gone",
        "headers",
        "id",
        "method",
        "path",
        "query",
        "repeated",
        "status",
        "tags",
        "tail",
        "writing",
    )

    def __init__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
        id_: str,
        began: float,
    ) -> None:
        self._receive = receive
        self._send = send
        self.id = id_
        self.began = began
        self.method: str = scope["method"]
        self.path: str = scope["raw_path"].decode("latin-1")
        self.query: bytes = scope["query_string"]
        pairs = scope["headers"]
        self.headers: dict[bytes, bytes] = dict(pairs)
        self.repeated = _repeated(pairs) if len(pairs) != len(self.headers) else NOTHING
        self.tail = ""
        self.tags: list[tuple[bytes, bytes]] = []
        self.status = 0  # of the answer, once it has begun
        self.gone = False
        self.writing: float | None = None  # since when a piece has been on its way
        self.caller: Caller

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1").strip()

    async def body(self, largest: int) -> bytes:
        """The whole body. Refused (413) when it is longer than ``largest`` bytes; Left."""
        said = self.headers.get(b"content-length", b"0")
        if len(said) > 15 or not said.isdigit() or int(said) > largest:
            raise too_large(largest)
        if self.headers.get(b"content-encoding", b"identity") not in (b"identity", b""):
            raise Rejected("the body is compressed: send it as it is, without content-encoding")
        pieces: list[bytes] = []
        length = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Left
            pieces.append(message["body"])
            length += len(message["body"])
            if length > largest:
                raise too_large(largest)
            if not message.get("more_body", False):
                return b"".join(pieces)

    def attended(self) -> "Attended":
        """Within the block the current task is cancelled when the client leaves: `Left`.

        Use it when the body has been read.
        """
        return Attended(self)

    async def left(self) -> None:
        """Until the client hangs up."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True

    # ------------------------------------------------------------ the answer

    async def reply(
        self, status: int, body: bytes, content_type: bytes = JSON, headers: Headers = ()
    ) -> None:
        """The whole answer."""
        length = (b"content-length", b"%d" % len(body))
        self.status = status
        await self._send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-type", content_type), length, *self.tags, *headers],
            }
        )
        await self._send({"type": "http.response.body", "body": body})

    async def begin(self, content_type: bytes, headers: Headers = ()) -> None:
        """Status 200, and pieces follow."""
        self.status = 200
        await self._send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", content_type),
                    (b"cache-control", b"no-cache"),
                    (b"x-accel-buffering", b"no"),  # nginx in front would hold the words back
                    *self.tags,
                    *headers,
                ],
            }
        )

    async def write(self, data: bytes) -> None:
        """A piece of the body. Waits while the client reads slowly."""
        if data:
            self.writing = time.monotonic()
            await self._send({"type": "http.response.body", "body": data, "more_body": True})
            self.writing = None

    async def end(self, data: bytes = b"") -> None:
        await self._send({"type": "http.response.body", "body": data})


def _repeated(pairs: Headers) -> frozenset[bytes]:
    names = [name for name, _ in pairs]
    if len(set(names)) == len(names):
        return NOTHING
    return frozenset(name for name in names if names.count(name) > 1)


def too_large(largest: int) -> Refused:
    return Refused(
        413, f"the body is longer than {largest} bytes; raise serve.largest_body to allow it"
    )


class Attended:
    """What `Exchange.attended` gives. It begins to watch after `PATIENCE` only."""

    __slots__ = ("_exchange", "_task", "_timer", "_watcher")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._begin)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        task = self._task
        gone = kind is asyncio.CancelledError and self._exchange.gone
        if gone and task is not None and task.uncancel() == 0:
            raise Left from None

    def _begin(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        exchange = self._exchange
        while not exchange.gone:
            try:
                async with asyncio.timeout(STALL):
                    await exchange.left()
            except TimeoutError:  # somebody who reads nothing must not hold a model's place
                since = exchange.writing
                exchange.gone = since is not None and time.monotonic() - since > STALL
        if self._task is not None:
            self._task.cancel()
