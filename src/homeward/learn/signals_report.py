"""Signals report: how well each check tells a model's right answers from its wrong ones.

From recorded answers, without asking anybody: other models are played back from the same row.
"""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from homeward.errors import ConfigError, ModelError, ModelMissing
from homeward.learn.combine import combine
from homeward.model import Answer, Clearance, Finish, Request, Stream, Text
from homeward.outcomes import Row
from homeward.reading import Check, Extractor, Reading
from homeward.signals.agreement import Agreement
from homeward.signals.answers import extractor
from homeward.signals.arithmetic import Arithmetic
from homeward.signals.combination import LENGTH, Combination, features
from homeward.signals.format import Format
from homeward.signals.heuristic import Heuristic
from homeward.signals.slots import visible


class Checked(Struct, frozen=True):
    """One recorded answer, read by every check. ``right`` is the row's own score, 0 to 1."""

    id: str
    right: float
    answer: Answer
    readings: Mapping[str, Reading]


@dataclass(frozen=True)
class Replay:
    """Plays back what ``model`` answered to the row whose id is the request's trace."""

    model: str
    rows: Mapping[str, Row] = field(repr=False, compare=False)

    async def chat(self, request: Request) -> Stream:
        yield Text(_words(self.rows[request.trace], self.model))
        yield Finish(model=self.model)


def plain_checks(
    rows: Sequence[Row], checkers: Sequence[str] = (), answers: str | Extractor = "number"
) -> dict[str, Check]:
    """The checks that need no call, and agreement with ``checkers``, models of the same table.

    Each checker stands alone too, as ``agreement:NAME``, where there are several. ``answers`` is
    the type of answer that is compared, or an extractor.
    """
    extract = extractor(answers) if isinstance(answers, str) else answers
    by_id = {row.id: row for row in rows}
    others = {name: Replay(name, by_id) for name in checkers}
    checks: dict[str, Check] = {
        "arithmetic": Arithmetic(),
        "format": Format(),
        "heuristic": Heuristic(),
    }
    if others:
        checks["agreement"] = Agreement(others, extract)
    if len(others) > 1:
        checks |= {f"agreement:{n}": Agreement({n: m}, extract) for n, m in others.items()}
    return checks


async def check_rows(
    rows: Iterable[Row], model: str, checks: Mapping[str, Check]
) -> AsyncGenerator[Checked, None]:
    """Every row on which words of ``model`` were recorded and graded, as it gets ready."""
    for row in rows:
        recorded = row.answers.get(model)
        if recorded is None or recorded.score is None or not recorded.said:
            continue
        answer = Answer((Text(recorded.said), Finish(model=model)))
        request = row.request(Clearance.MACHINE).with_(trace=row.id)
        readings = {name: await _read(check, request, answer) for name, check in checks.items()}
        yield Checked(row.id, recorded.score, answer, readings)


def combined(
    rows: Sequence[Checked],
    *,
    made: str,
    model: str = "",
    without: Sequence[str] = (),
    folds: int = 5,
    seed: int = 0,
) -> Combination:
    """Grade the checks of these rows, alone and combined; what the report shows and `save` keeps.

    Length is graded as a check of its own: a shorter answer scores higher. The checks in
    ``without`` take no part.
    """
    if not rows:
        who = model or "the model"
        raise ConfigError(f"no graded answer of {who} is recorded; check its name")
    readings = [
        {name: r for name, r in row.readings.items() if name not in without} for row in rows
    ]
    seen = [features(mine, row.answer) for mine, row in zip(readings, rows, strict=True)]
    scores: dict[str, list[float | None]] = {
        name: [mine[name].score for mine in readings] for name in readings[0]
    }
    scores[LENGTH] = [-float(len(visible(row.answer))) for row in rows]
    right = [row.right for row in rows]
    return combine(seen, scores, right, made=made, model=model, folds=folds, seed=seed)


async def _read(check: Check, request: Request, answer: Answer) -> Reading:
    try:
        return await check(request, answer)
    except ModelError as error:
        return Reading(because=f"failed: {error}")


def _words(row: Row, model: str) -> str:
    recorded = row.answers.get(model)
    if recorded is None or not recorded.said:
        raise ModelMissing(f"no words of {model} are recorded for {row.id}")
    return recorded.said
