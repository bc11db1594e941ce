"""Evaluate: walk a route over a table of prompts, one result per row."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing

from msgspec import Struct, field

from homeward.errors import ModelError
from homeward.learn.abreast import abreast
from homeward.learn.grade import grade
from homeward.model import Answer, Clearance, Event, Model, Usage
from homeward.outcomes import Row


class RowResult(Struct, frozen=True):
    """One row, walked. ``began`` is on time.monotonic()'s clock; ``model`` whose voice was kept.

    ``recorded`` are the scores that the table has of this row, by model, and ``unsaid`` the models
    of which it has no words.
    """

    id: str
    score: float
    model: str = ""
    group: str | None = None
    usage: tuple[Usage, ...] = ()
    recorded: Mapping[str, float] = field(default_factory=dict[str, float])
    unsaid: frozenset[str] = frozenset()
    began: float = 0.0
    seconds: float = 0.0
    error: str | None = None


async def evaluate(
    model: Model,
    rows: Iterable[Row],
    *,
    clearance: Clearance = Clearance.MACHINE,
    at_once: int = 16,
) -> AsyncGenerator[RowResult, None]:
    """One result per row, as they get ready; at most ``at_once`` rows are under way.

    Each request's ``trace`` is its row's id. `ConfigError` for a row that cannot be graded.
    """
    walked = abreast(rows, lambda row: _walk(model, row, clearance), at_once)
    async with aclosing(walked) as results:
        async for result in results:
            yield result


async def _walk(model: Model, row: Row, clearance: Clearance) -> RowResult:
    request = row.request(clearance)
    heard: list[Event] = []
    error: str | None = None
    score = 0.0
    began = time.monotonic()
    try:
        async with aclosing(model.chat(request)) as events:
            async for event in events:
                heard.append(event)  # noqa: PERF401 - what came before a failure is kept
    except ModelError as failure:
        error = str(failure)
    seconds = time.monotonic() - began
    answer = Answer(tuple(heard))
    if error is None:
        score = await asyncio.to_thread(grade, row, answer)
    return RowResult(
        id=row.id,
        score=score,
        model=answer.finish.model if answer.finish else "",
        group=row.group,
        usage=answer.usage,
        recorded={
            name: recorded.score
            for name, recorded in row.answers.items()
            if recorded.score is not None
        },
        unsaid=frozenset(name for name, recorded in row.answers.items() if not recorded.said),
        began=began,
        seconds=seconds,
        error=error,
    )
