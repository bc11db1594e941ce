"""Deadline: so long for the first word, so long between words, so long in all."""

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import NamedTuple

from homeward.errors import ConfigError, TimedOut
from homeward.model import Event, Model, Note, Request, Seconds, Stream, unbilled


class _Limit(NamedTuple):
    seconds: float  # still allowed
    sentence: str


@dataclass(frozen=True)
class Deadline:
    """`TimedOut` when ``model`` is silent for too long, or not done in time.

    Streams. Tool calls pass unchanged. ``first`` bounds the silence before the first word and
    ``between`` that between two events after it; both count only time spent waiting for the
    model, so a slow reader costs it nothing. ``total``, and the request's own deadline, are
    points in time; the child is told the nearer one. What was cut off is billed before the error.
    """

    model: Model
    first: Seconds | None = None
    between: Seconds | None = None
    total: Seconds | None = None

    def __post_init__(self) -> None:
        for name in ("first", "between", "total"):
            seconds = getattr(self, name)
            if seconds is not None and seconds <= 0:
                raise ConfigError(f"`{name}` is {seconds:g} s; it must be longer than nothing")

    async def chat(self, request: Request) -> Stream:
        ends = self._ends(request)
        seen: list[Event] = []
        spoken = False
        silent = 0.0
        async with aclosing(self.model.chat(request.with_(deadline=ends, stream=True))) as events:
            while True:
                limit = self._limit(ends, spoken=spoken, silent=silent)
                began = time.monotonic()
                try:
                    # Around the wait alone: around a yield it would cancel the reader (PEP 789).
                    async with asyncio.timeout(limit.seconds if limit else None) as clock:
                        event = await anext(events)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    if limit is None or not clock.expired():
                        raise
                    break
                seen.append(event)
                spoken = spoken or not isinstance(event, Note)
                silent = 0.0 if spoken else silent + time.monotonic() - began
                yield event
        for usage in unbilled(seen):
            yield usage
        raise TimedOut(limit.sentence)

    def _ends(self, request: Request) -> float | None:
        own = None if self.total is None else time.monotonic() + self.total
        return min((end for end in (own, request.deadline) if end is not None), default=None)

    def _limit(self, ends: float | None, *, spoken: bool, silent: float) -> _Limit | None:
        limits: list[_Limit] = []
        if ends is not None:
            mend = "allow it more time (`total`, or the request's deadline)"
            left = ends - time.monotonic()
            limits.append(_Limit(left, f"the answer was not complete in time; {mend}"))
        if not spoken and self.first is not None:
            sentence = f"no first word within {self.first:g} s; raise `first`, or ask a faster one"
            limits.append(_Limit(self.first - silent, sentence))
        if spoken and self.between is not None:
            sentence = f"no further word within {self.between:g} s; raise `between` if it is slow"
            limits.append(_Limit(self.between, sentence))
        return min(limits, default=None)
