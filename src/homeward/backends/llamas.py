"""The processes behind embedded models: one llama.cpp server for each model file in use.

A crash stays in its child, and to unload a model is to end a process, which is sure.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self, TypeVar

from homeward.backends.child import Child, Plan
from homeward.errors import Failed, TimedOut

T = TypeVar("T")


class Llamas:
    """Owns the children. Open it with ``async with``: none is left when it closes.

    A child starts at its first use, once however many ask for it. At most ``keep`` are loaded:
    the one idle for longest makes room, and where none is idle, one waits for the first.
    """

    def __init__(self, keep: int = 8) -> None:
        self.keep = keep
        self._seats: dict[Plan, _Seat] = {}  # in the order of their last use
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()
        self._closed = False

    async def __aenter__(self) -> Self:
        self._closed = False
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._closed = True
        self._freed.set()  # who waits for room shall hear of it
        while self._seats:
            await self._seats.popitem()[1].leave()

    @asynccontextmanager
    async def borrow(
        self, plan: Plan, deadline: float | None = None
    ) -> AsyncGenerator[Child, None]:
        """A running child, which is not stopped before the end of the block.

        BadModelFile, Failed (it did not start), TimedOut (``deadline``, as in a request).
        """
        seat = await _by(deadline, self._seat(plan), plan)
        seat.users += 1
        try:
            yield await _by(deadline, seat.loaded(plan), plan)
        finally:
            seat.users -= 1
            self._freed.set()

    @property
    def loaded(self) -> list[Plan]:
        """What runs now, the one used last at the end."""
        return [plan for plan, seat in self._seats.items() if seat.start.done() and not seat.empty]

    async def unload(self, plan: Plan) -> bool:
        """Stop a child, unless it is at work; whether it is not loaded any more."""
        seat = self._seats.get(plan)
        if seat is not None and seat.users:
            return False
        if seat is not None:
            del self._seats[plan]
            self._freed.set()
            await seat.leave()
        return True

    async def _seat(self, plan: Plan) -> "_Seat":
        seat = self._seats.get(plan)
        if seat is None or seat.empty:
            async with self._turn:
                seat = self._seats.get(plan)
                if seat is None or seat.empty:
                    seat = await self._start(plan)
        self._seats[plan] = self._seats.pop(plan)  # the latest used is the last
        return seat

    async def _start(self, plan: Plan) -> "_Seat":
        if dead := self._seats.pop(plan, None):
            await dead.leave()
        while len(self._seats) >= self.keep:
            idle = next((key for key, seat in self._seats.items() if not seat.users), None)
            if idle is not None:
                await self._seats.pop(idle).leave()
            else:
                self._freed.clear()
                await self._freed.wait()
        if self._closed:  # while this waited
            raise Failed(f"{plan} was not started: the pool was closed")
        seat = self._seats[plan] = _Seat(asyncio.create_task(Child.begin(plan)))
        return seat


@dataclass(eq=False)
class _Seat:
    """A child and who uses it. Starting is a task of its own: no caller's end can cancel it."""

    start: "asyncio.Task[Child]"
    users: int = 0

    @property
    def empty(self) -> bool:
        """Whether the start failed, or the child has ended since."""
        if not self.start.done():
            return False
        return self.start.cancelled() or not (
            self.start.exception() is None and self.start.result().alive
        )

    async def loaded(self, plan: Plan) -> Child:
        """The child, once it runs. Failed where it was stopped before."""
        await asyncio.wait([self.start])  # which, unlike awaiting it, cancels nothing
        if self.start.cancelled():
            raise Failed(f"{plan} was stopped while it loaded: the pool was closed")
        return self.start.result()

    async def leave(self) -> None:
        """Stop it. Once begun it is sure, also if whoever waits is cancelled."""
        if not self.start.done():
            self.start.cancel()
            await asyncio.wait([self.start])
        if not self.start.cancelled() and self.start.exception() is None:
            await self.start.result().stop()


async def _by(deadline: float | None, work: Awaitable[T], plan: Plan) -> T:
    left = None if deadline is None else deadline - time.monotonic()
    try:
        async with asyncio.timeout(left):
            return await work
    except TimeoutError:
        raise TimedOut(
            f"{plan} was not loaded in the time allowed: allow more time for its first answer"
        ) from None
