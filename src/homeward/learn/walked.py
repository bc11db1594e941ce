"""Walked: the score of a cascade's check, and whether its draft was right, row by row."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any

from homeward.errors import ConfigError, ModelError
from homeward.learn.grade import grade
from homeward.learn.scored import group_of
from homeward.learn.table import RIGHT
from homeward.learn.thresholds import Scored
from homeward.model import Clearance, Model, collect, named
from homeward.outcomes import Row
from homeward.reading import Check, Reading, weigh
from homeward.signals.promise import By
from homeward.signals.promised import Promised


def checked(route: Any, name: str) -> tuple[Model, Check]:
    """The draft of a cascade and the check of it, without the promise that it may stand under."""
    drafts, check = getattr(route, "drafts", None), getattr(route, "accept", None)
    if check is None or not drafts:
        raise ConfigError(f"{name!r} is no cascade; name a route that has an `accept`")
    models = named(drafts)
    if len(models) != 1:
        raise ConfigError(f"{name!r} has {len(models)} drafts; calibrate a cascade for each alone")
    return next(iter(models.values())), check.check if isinstance(check, Promised) else check


async def by_walking(
    draft: Model,
    check: Check,
    rows: Iterable[Row],
    *,
    by: By = "none",
    clearance: Clearance = Clearance.MACHINE,
    at_once: int = 16,
) -> AsyncGenerator[Scored, None]:
    """Asks the draft and the check, as a cascade does; one result per row, as they get ready.

    Rows whose draft fails are left out: a cascade escalates those anyway. A check that fails
    abstains. `ConfigError` for a row that cannot be graded.
    """
    waiting = iter(rows)
    running: set[asyncio.Task[Scored | None]] = set()
    try:
        while True:
            while len(running) < at_once and (row := next(waiting, None)) is not None:
                running.add(asyncio.create_task(_walk(draft, check, row, by, clearance)))
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if (scored := task.result()) is not None:
                    yield scored
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _walk(
    draft: Model, check: Check, row: Row, by: By, clearance: Clearance
) -> Scored | None:
    request = row.request(clearance)
    wanted = getattr(check, "logprobs", None)
    asked = request if wanted is None else request.sampled(logprobs=wanted)
    try:
        answer = await collect(draft.chat(asked))
    except ModelError:
        return None
    reading = Reading()
    try:
        async with aclosing(weigh(check, request, answer)) as notes:
            async for note in notes:
                reading = note if isinstance(note, Reading) else reading
    except ModelError:
        reading = Reading()
    graded = await asyncio.to_thread(grade, row, answer)
    return Scored(reading.score, graded >= RIGHT, await group_of(row, by))
