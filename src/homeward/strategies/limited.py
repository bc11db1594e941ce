"""Limited: at most so many streams at once through one model; the others wait in line."""

import asyncio
import time
from collections import deque
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from homeward.errors import ConfigError, Overloaded, TimedOut
from homeward.model import Decision, Model, Request, Stream


@dataclass(eq=False)
class _Room:
    inside: int = 0
    line: deque[tuple[int, asyncio.Future[None]]] = field(default_factory=deque)

    async def enter(self, at_once: int) -> None:
        if self.inside < at_once and not self.line:
            self.inside += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self.line.append((at_once, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                with suppress(ValueError):
                    self.line.remove((at_once, turn))
                self._admit()
            else:  # let in and cancelled in the same turn of the loop: hand the place on
                self.leave()
            raise

    def leave(self) -> None:
        self.inside -= 1
        self._admit()

    def _admit(self) -> None:
        while self.line and self.inside < self.line[0][0]:
            _, turn = self.line.popleft()
            if not turn.done():
                self.inside += 1
                turn.set_result(None)


class Gate:
    """Who is inside and who waits. Pass one gate to several `Limited` that share a machine.

    It counts for each event loop apart. Do not nest two `Limited` with the same gate: the inner
    one would wait for the outer one's place.
    """

    def __init__(self) -> None:
        self._rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, _Room] = WeakKeyDictionary()

    def room(self) -> _Room:
        return self._rooms.setdefault(asyncio.get_running_loop(), _Room())


@dataclass(frozen=True)
class Limited:
    """At most ``at_once`` streams of ``model`` run; the rest wait, first come, first served.

    Streams. Tool calls pass unchanged. With ``waiting`` in line already (None: no bound) a
    further request is `Overloaded` at once. A place is free again when its stream is closed; who
    is cancelled in line leaves it. A request whose deadline passes in line is `TimedOut`.
    """

    model: Model
    at_once: int = 1
    waiting: int | None = None
    gate: Gate = field(default_factory=Gate, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.at_once < 1:
            raise ConfigError(f"`at_once` is {self.at_once}; at least one stream must be allowed")
        if self.waiting is not None and self.waiting < 0:
            raise ConfigError(f"`waiting` is {self.waiting}; say 0 for no line, or null for any")

    async def chat(self, request: Request) -> Stream:
        room = self.gate.room()
        began = time.monotonic()
        waits = bool(room.line) or room.inside >= self.at_once
        if waits and self.waiting is not None and len(room.line) >= self.waiting:
            raise Overloaded(
                f"busy: {room.inside} running and {len(room.line)} waiting; "
                "ask again later, or raise `at_once` or `waiting`"
            )
        await self._enter(room, request)
        try:
            if waits:
                waited = {"seconds": time.monotonic() - began}
                yield Decision("limited", "waited", "others were before it", waited)
            async with aclosing(self.model.chat(request)) as events:
                async for event in events:
                    yield event
        finally:
            room.leave()

    async def _enter(self, room: _Room, request: Request) -> None:
        left = None if request.deadline is None else request.deadline - time.monotonic()
        try:
            async with asyncio.timeout(left):
                await room.enter(self.at_once)
        except TimeoutError:
            raise TimedOut(
                "the request's deadline passed while it waited in line; allow it more time, "
                "or raise `at_once`"
            ) from None
