"""What every leaf that embeds has in common: its vectors go the way of a bill."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TypeAlias

from homeward.backends.meter import Meter
from homeward.embedding import Embeddings, Texts
from homeward.errors import Rejected
from homeward.model import Answer, Event, Finish, Stream, Usage
from homeward.wire.vectors import Vectors

Told: TypeAlias = tuple[Vectors, Usage | None]
"""Vectors, and what a runtime said that they took."""


async def billed(
    meter: Meter,
    request: Texts,
    work: Callable[[], Awaitable[Told]],
    heard: list[Event] | None = None,
) -> Embeddings:
    """The vectors, and what they took as the meter counts it. OverBudget before any work.

    Rejected where they are not as long as was asked for: several servers do not read that. What
    the meter says is put into ``heard`` as well, as it comes.
    """
    vectors: Vectors = ()

    async def told() -> Stream:
        nonlocal vectors
        vectors, usage = await work()
        if usage is not None:
            yield usage
        yield Finish()

    said: list[Event] = [] if heard is None else heard
    async with aclosing(meter.read(told(), request.as_request())) as events:
        async for event in events:
            said.append(event)  # noqa: PERF401  what was heard counts where the rest never comes
    if request.dimensions is not None and vectors and len(vectors[0]) != request.dimensions:
        raise Rejected(
            f"{meter.model} gives vectors of {len(vectors[0])} numbers, not {request.dimensions}: "
            "leave `dimensions` out"
        )
    return Embeddings(vectors, Answer(tuple(said)).usage[0])
