"""Turns: who may ask a model now, and who waits in line. Does what `schedule` decides."""

import asyncio
import time
from dataclasses import dataclass
from math import inf
from typing import Protocol

from homeward.errors import Overloaded, TimedOut
from homeward.machine.scheduler.schedule import Let, Machine, Runner, Waiter, next_in
from homeward.model import Seconds

LONGEST = 256  # who wait for one model


class Unloader(Protocol):
    """What makes a model leave the memory, where the runtime does not see to that by itself."""

    def unload(self, runner: Runner) -> None: ...


class Itself:
    """A runtime that evicts by itself."""

    def unload(self, runner: Runner) -> None:
        pass


@dataclass(frozen=True)
class Waited:
    """``before`` is how many were before it in its line."""

    before: int
    seconds: float
    swapped: bool  # for the want of memory rather than of a free place


class Turns:
    """The lines of the models that share a machine. Every `enter` and `wait` has its `leave`.

    It belongs to the event loop that first waits.
    """

    def __init__(
        self, machine: Machine, unloader: Unloader | None = None, longest: int = LONGEST
    ) -> None:
        self.machine = machine
        self.longest = longest
        self._unloader = unloader or Itself()
        self._waiting: dict[int, asyncio.Future[None]] = {}  # by a waiter's order
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, runner: Runner) -> bool:
        """Go in at once, where nobody waits and nothing is to be loaded; False where not."""
        if self.machine.waiting or not runner.loads or runner.running + 1 > runner.limit:
            return False
        runner.running += 1
        return True

    async def wait(self, runner: Runner, deadline: float | None = None) -> Waited | None:
        """Go in when it is one's turn; None where that was at once.

        Overloaded when the line is full, TimedOut when the ``deadline`` (on `time.monotonic`'s
        clock) passes in it. Cancelling it leaves the line.
        """
        before = len(runner.line)
        if before >= self.longest:
            wait = runner.wait(before)
            raise Overloaded(
                f"{runner.name} is busy: {runner.running} running and {before} waiting; ask again "
                f"in about {wait:.0f} s",
                wait,
            )
        began = time.monotonic()
        swapped = not runner.loads
        turn = asyncio.get_running_loop().create_future()
        waiter = self.machine.arrive(runner, began)
        self._waiting[waiter.order] = turn
        self._admit()
        if turn.done():
            return None
        try:
            async with asyncio.timeout(None if deadline is None else deadline - began):
                await turn
        except (asyncio.CancelledError, TimeoutError) as error:
            self._withdraw(runner, waiter, turn)
            if isinstance(error, TimeoutError):
                raise TimedOut(
                    f"the request's deadline passed while {before} were before it in line for "
                    f"{runner.name}; allow it more time, or raise serve.at_once"
                ) from None
            raise
        return Waited(before, time.monotonic() - began, swapped)

    def leave(self, runner: Runner, *, busy: bool = False, took: Seconds = 0.0) -> float:
        """The answer has ended, now; ``busy``: the server said that it has too many.

        ``took`` are the seconds of loading that it tells of.
        """
        now = time.monotonic()
        self.machine.leave(runner, now, busy=busy, took=took)
        if self.machine.waiting:
            self._admit()
        return now

    def change(self) -> None:
        """Something that decides was changed from outside: a limit, a size."""
        if self.machine.waiting:
            self._admit()

    def _withdraw(self, runner: Runner, waiter: Waiter, turn: asyncio.Future[None]) -> None:
        if not turn.cancelled():  # let in and cancelled in the same turn of the loop
            self.leave(runner)
        elif self._waiting.pop(waiter.order, None) is not None:
            self.machine.withdraw(runner, waiter)
            self._admit()

    def _admit(self) -> None:
        """Let in whoever may go now, and come again when somebody may go later."""
        machine, now = self.machine, time.monotonic()
        while isinstance(decided := next_in(machine, now), Let):
            runner = decided.runner
            first = runner.line[0]
            turn = self._waiting.pop(first.order)
            if turn.cancelled():  # its task has not come to say so yet
                machine.withdraw(runner, first)
                continue
            machine.admit(decided, now)
            for victim in decided.evict:
                self._unloader.unload(victim)
            turn.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if decided < inf:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, decided - now), self._admit)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
