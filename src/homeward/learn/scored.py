"""Scored: what a check makes of recorded answers, and whether those were right.

From an outcome table alone; `walked` asks the check of a route. An answer is right that is graded
a half or better.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from homeward.errors import ConfigError
from homeward.learn.grade import NUMERIC
from homeward.learn.table import RIGHT
from homeward.learn.thresholds import Scored
from homeward.model import Answer, Clearance, Text
from homeward.outcomes import RecordedAnswer, Row, insist
from homeward.reading import Extractor
from homeward.signals.answers import extractor
from homeward.signals.promise import By
from homeward.signals.task import Task

if TYPE_CHECKING:
    from homeward.signals.learned.router import LearnedRouter


async def by_agreement(
    rows: Sequence[Row],
    cheap: str,
    checkers: Sequence[str],
    extract: Extractor,
    *,
    strong: str | None = None,
    by: By = "none",
) -> list[Scored]:
    """The score that the check `agreement` gives: the share of checkers that agree, of those that
    have an answer. With ``strong``, right is what agrees with that model, and no label is read.
    """
    if not checkers:
        raise ConfigError("agreement needs models to agree with: name some with --checkers")
    found: list[Scored] = []
    if cheap in checkers:
        raise ConfigError(f"{cheap!r} agrees with itself always; name others in --checkers")
    for row in _having(rows, cheap, *checkers, *([strong] if strong else [])):
        own = _typed(row.answers[cheap], extract)
        said = [_typed(row.answers[name], extract) for name in checkers if name in row.answers]
        given = [value for value in said if value is not None]
        score = None if own is None or not given else given.count(own) / len(given)
        right = _right(row, cheap, strong, extract)
        if right is not None:
            found.append(Scored(score, right, await group_of(row, by)))
    return found


async def by_router(
    rows: Sequence[Row],
    cheap: str,
    router: "LearnedRouter",
    extract: Extractor | None = None,
    *,
    strong: str | None = None,
    by: By = "none",
) -> list[Scored]:
    """The score that the check `learned` gives: how likely the cheap model's answer is right.

    By the prompt alone where the router does not read its answers (`reads`). None where the
    question is out of its distribution.
    """
    from homeward.learn.routed import chance_of  # with numpy: agreement does without

    if cheap not in router.models:
        names = ", ".join(router.models)
        raise ConfigError(f"this router was not trained on {cheap!r}; it knows {names}")
    found: list[Scored] = []
    for row in _having(rows, cheap, *([strong] if strong else [])):
        prediction = router.predict(row.prompt)
        score = None
        if prediction.is_known:
            score = chance_of(router, row) if reads(router, cheap) else prediction.quality[cheap]
        right = _right(row, cheap, strong, extract)
        if right is not None:
            found.append(Scored(score, right, await group_of(row, by)))
    return found


def reads(router: "LearnedRouter", cheap: str) -> bool:
    """Whether it was trained on this model's answers, so that the check `learned` can use it."""
    return router.checked is not None and cheap == router.models[0]


async def group_of(row: Row, by: By) -> str:
    """The row's own group, or its kind of task, as a promise will see it."""
    if by == "task":
        return (await Task()(row.request(Clearance.MACHINE))).label or ""
    return (row.group or "") if by == "group" else ""


def extractor_for(rows: Sequence[Row], name: str | None = None) -> Extractor:
    """By its name, or by what the references are."""
    return extractor(type_of(rows) if name is None else name)


def type_of(rows: Sequence[Row]) -> str:
    """What the references are: numbers, letters of a choice, else labels; ConfigError for none."""
    references = [row.reference.removeprefix("# ").strip() for row in rows if row.reference]
    if not references:
        raise ConfigError("the rows have no `reference`: say with --type what the answers are")
    for kind, fits in (
        ("number", lambda text: NUMERIC.fullmatch(text) is not None),
        ("choice", lambda text: len(text) == 1 and text.isalpha()),
    ):
        if 2 * sum(map(fits, references)) > len(references):
            return kind
    return "label"


# ---------------------------------------------------------------- inside


def _having(rows: Sequence[Row], cheap: str, *others: str) -> list[Row]:
    """The rows on which the cheap model was recorded; every model must be on some."""
    insist(rows, (cheap, *others))
    return [row for row in rows if cheap in row.answers]


def _typed(recorded: RecordedAnswer, extract: Extractor) -> str | None:
    """In the form in which a check compares answers; where it was recorded, that of its source."""
    text = recorded.text if recorded.answer is None else recorded.answer
    return extract(Answer((Text(text),))) if text else None


def _right(row: Row, cheap: str, strong: str | None, extract: Extractor | None) -> bool | None:
    """None where there is neither a grade nor a strong answer to agree with."""
    if strong is None or extract is None:
        score = row.answers[cheap].score
        return None if score is None else score >= RIGHT
    truth = _typed(row.answers[strong], extract) if strong in row.answers else None
    return None if truth is None else _typed(row.answers[cheap], extract) == truth
