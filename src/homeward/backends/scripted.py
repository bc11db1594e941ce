"""Scripted: plays back a script. The public test double, for your strategies as for ours."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from homeward.backends.meter import Meter
from homeward.errors import Failed
from homeward.model import Clearance, Event, Finish, Request, Seconds, Stream, Text


@dataclass
class Journal:
    """What happened to a `Scripted`: the requests it was asked, and how many are still open."""

    asked: list[Request] = field(default_factory=list[Request])
    open: int = 0
    most_open: int = 0


@dataclass(frozen=True)
class Scripted:
    """Says ``says``, then fails with ``fails`` if that is set. Streams; tool calls as scripted.

    ``says`` is a text (one piece) or a sequence of texts, events and exceptions, each played in
    its turn. ``after`` is the silence before the first of them, ``every`` before each further
    one, in seconds.
    """

    says: str | Sequence[str | Event | Exception] = ()
    fails: str | None = None
    model: str = "scripted"
    after: Seconds = 0.0
    every: Seconds = 0.0
    where: Clearance = Clearance.MACHINE
    journal: Journal = field(default_factory=Journal, repr=False, compare=False)

    def chat(self, request: Request) -> Stream:
        return Meter(self.model, self.where).read(self._play(request), request)

    async def _play(self, request: Request) -> Stream:
        journal = self.journal
        journal.asked.append(request)
        journal.open += 1
        journal.most_open = max(journal.most_open, journal.open)
        try:
            await asyncio.sleep(self.after)
            script = (self.says,) if isinstance(self.says, str) else self.says
            for place, step in enumerate(script):
                if place and self.every:
                    await asyncio.sleep(self.every)
                if isinstance(step, Exception):
                    raise step
                yield Text(step) if isinstance(step, str) else step
            if self.fails is not None:
                raise Failed(self.fails)
            if not (script and isinstance(script[-1], Finish)):
                yield Finish()
        finally:
            try:
                await asyncio.sleep(0)  # closing a real stream takes a turn of the loop
            finally:
                journal.open -= 1
