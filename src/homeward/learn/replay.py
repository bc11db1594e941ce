"""Replay: what another route would have answered and cost on requests that are past."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing

from msgspec import Struct

from homeward.errors import ConfigError, ModelError
from homeward.learn.abreast import abreast
from homeward.learn.grade import grade
from homeward.learn.history import Case, billed
from homeward.learn.playback import Miss, Tape
from homeward.model import Answer, Clearance, Event, Model
from homeward.outcomes import Row


class Outcome(Struct, frozen=True):
    """What came of one row by one route, or at the time.

    ``score``, ``cost_usd`` and ``local`` (nothing left the network) are None where they are not
    known. ``misses`` are calls that no record answers: such a row was not replayed.
    """

    id: str
    model: str = ""
    score: float | None = None
    cost_usd: float | None = None
    local: bool | None = None
    error: str | None = None
    misses: tuple[Miss, ...] = ()


def at_the_time(row: Row) -> Outcome:
    """What the row says that its user was given; ConfigError where it says nothing."""
    given = row.given
    if given is None:
        raise ConfigError(
            f"row {row.id!r} does not say what was answered at the time: name the route to "
            "compare with, --against ROUTE"
        )
    local = None if given.where is None else given.where != "world"
    score = given.score
    if score is None and given.model in row.answers:
        score = row.answers[given.model].score
    return Outcome(row.id, given.model, score, given.cost_usd, local)


async def replay(
    route: Model,
    cases: Iterable[Case],
    tape: Tape,
    *,
    clearance: Clearance = Clearance.MACHINE,
    at_once: int = 16,
) -> AsyncGenerator[Outcome, None]:
    """One outcome per case, as they get ready. The leaves of ``route`` play ``tape``.

    No request goes farther than ``clearance``, nor than it might have gone then.
    """
    walked = abreast(cases, lambda case: _walk(route, case, tape, clearance), at_once)
    async with aclosing(walked) as outcomes:
        async for outcome in outcomes:
            yield outcome


def tape_of(cases: Sequence[Case], *, asks: bool = False, usd: float = 0.0) -> Tape:
    """For one walk. With ``asks`` what was never recorded is asked, for at most so much money."""
    rows = {case.row.id: case.row for case in cases}
    if len(rows) < len(cases):
        raise ConfigError("two rows have one id: give each its own to replay them")
    return Tape(rows, {case.row.id: case.request for case in cases}, asks, usd)


async def _walk(route: Model, case: Case, tape: Tape, clearance: Clearance) -> Outcome:
    row = case.row
    request = case.request.with_(
        clearance=min(clearance, case.request.clearance),
        trace=row.id,
        deadline=None,  # both were of that time
        budget_usd=None,
    )
    heard: list[Event] = []
    error: str | None = None
    try:
        async with aclosing(route.chat(request)) as events:
            async for event in events:
                heard.append(event)  # noqa: PERF401 - what came before a failure is kept
    except ModelError as failure:
        error = str(failure)
    answer = Answer(tuple(heard))
    misses = tuple(tape.misses.get(row.id, ()))
    placed = row.id not in tape.unplaced
    return Outcome(
        row.id,
        answer.finish.model if answer.finish else "",
        None if misses else 0.0 if error is not None else await _score(row, answer),
        billed(answer.usage),
        all(usage.where < Clearance.WORLD for usage in answer.usage) if placed else None,
        error,
        misses,
    )


async def _score(row: Row, answer: Answer) -> float | None:
    """None where nobody graded this answer, and nothing says what is right."""
    try:
        return await asyncio.to_thread(grade, row, answer)
    except ConfigError:
        return None
