"""What decisions rest on: a signal reads a request, a check reads an answer."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any, Protocol, TypeAlias, runtime_checkable

from msgspec import Struct, field
from msgspec.structs import replace

from homeward.model import Answer, Event, Request


class Reading(Struct, frozen=True):
    """What a signal says of a request, or a check of an answer.

    ``label`` names a class (a task, a language), ``score`` is a number whose unit the signal's
    docstring gives; None means that it abstains. ``notes`` are the bills and decisions of the
    calls that it made: the strategy that asked must pass them on.
    """

    label: str | None = None
    score: float | None = None
    because: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict[str, float])
    notes: tuple[Event, ...] = ()


class Signal(Protocol):
    """Reads a request before it is answered."""

    async def __call__(self, request: Request, /) -> Reading: ...


class Check(Protocol):
    """Reads an answer, before it is accepted. A higher score is a better answer."""

    async def __call__(self, request: Request, answer: Answer, /) -> Reading: ...


Weighing: TypeAlias = AsyncGenerator[Event | Reading, None]


@runtime_checkable
class Asks(Protocol):
    """A signal or a check that asks models can tell their notes while it works.

    ``asking`` takes what ``__call__`` takes and ends with the `Reading`, which then has no notes.
    With ``__call__`` alone, whoever is cut off in the middle cannot say which calls were begun.
    """

    def asking(self, *args: Any, **kwargs: Any) -> Weighing: ...


async def weigh(by: Signal | Check, *what: Any) -> Weighing:
    """The notes of a signal or a check, as early as it tells them, and its `Reading` last."""
    asking = getattr(by, "asking", None)  # `isinstance` of a protocol takes 10 µs
    if asking is not None:
        async with aclosing(asking(*what)) as events:
            async for event in events:
                yield event
        return
    reading = await by(*what)
    for note in reading.notes:
        yield note
    yield reading


async def weighed(weighing: Weighing) -> Reading:
    """The `Reading` alone, with the notes in it."""
    async with aclosing(weighing) as stream:
        events = [event async for event in stream]
    notes = tuple(event for event in events if not isinstance(event, Reading))
    return next(replace(event, notes=notes) for event in events if isinstance(event, Reading))


Extractor: TypeAlias = Callable[[Answer], str | None]
"""Finds the typed answer (a number, a choice ...) in canonical form; None is an abstention."""
