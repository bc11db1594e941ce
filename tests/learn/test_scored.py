from pathlib import Path
from typing import Any

import pytest

from homeward.errors import ConfigError
from homeward.learn.scored import by_agreement, by_router, extractor_for, type_of
from homeward.learn.thresholds import Scored
from homeward.learn.train.fit import train
from homeward.model import Answer, Clearance, Finish, Text
from homeward.outcomes import RecordedAnswer, Row
from homeward.signals.answers import Choice, Label
from homeward.signals.learned.check import LearnedCheck
from homeward.signals.learned.file import save
from homeward.signals.learned.router import LearnedRouter
from homeward.signals.numbers import Number
from tests.learn.train import drawn


def row(*said: str | None, score: float | None = 1.0, **fields: Any) -> Row:
    """Models a, b and c said this; None: it was not asked."""
    answers = {
        name: RecordedAnswer(score, text)
        for name, text in zip("abc", said, strict=False)
        if text is not None
    }
    return Row("How many?", answers=answers, **fields)


async def test_the_score_is_that_of_the_check_agreement() -> None:
    rows = [
        row("It is 42.", "42", "So 42.0"),
        row("It is 42.", "42", "7"),
        row("It is 42.", "42", "I don't know"),
        row("It is 42.", "7", None, score=0.0),
        row("I don't know", "42", "42"),
        row("It is 42.", "no idea", "none"),
    ]
    scored = await by_agreement(rows, "a", ["b", "c"], Number())
    assert [each.score for each in scored] == [1.0, 0.5, 1.0, 0.0, None, None]
    assert [each.right for each in scored] == [True, True, True, False, True, True]


async def test_the_answer_that_the_source_found_goes_before_the_text() -> None:
    rows = [Row("?", answers={"a": RecordedAnswer(1, "5 or 6", "5"), "b": RecordedAnswer(1, "5")})]
    assert await by_agreement(rows, "a", ["b"], Number()) == [Scored(1.0, True)]


async def test_with_a_strong_model_right_is_what_agrees_with_it() -> None:
    rows = [row("1", "1", "2", score=None), row("1", "1", "1"), row("1", "1", "none")]
    scored = await by_agreement(rows, "a", ["b"], Number(), strong="c")
    assert [each.right for each in scored] == [False, True]


async def test_rows_that_nobody_graded_say_nothing() -> None:
    assert await by_agreement([row("1", "1", score=None)], "a", ["b"], Number()) == []


async def test_half_right_is_right() -> None:
    scored = await by_agreement([row("1", "1", score=0.5)], "a", ["b"], Number())
    assert scored == [Scored(1.0, True)]


@pytest.mark.parametrize(("by", "group"), [("none", ""), ("group", "sums"), ("task", "question")])
async def test_groups_are_the_tables_or_kinds_of_tasks(by: Any, group: str) -> None:
    rows = [row("1", "1", group="sums")]
    [scored] = await by_agreement(rows, "a", ["b"], Number(), by=by)
    assert scored.group == group


@pytest.mark.parametrize(("cheap", "checker"), [("z", "b"), ("a", "z")])
async def test_a_model_that_no_row_has_is_told(cheap: str, checker: str) -> None:
    with pytest.raises(ConfigError, match=r"no row has an answer of 'z'; there are a, b"):
        await by_agreement([row("1", "1")], cheap, [checker], Number())


async def test_agreement_with_nobody_is_told() -> None:
    with pytest.raises(ConfigError, match="--checkers"):
        await by_agreement([row("1", "1")], "a", [], Number())


def learned(*, with_answer: bool = False) -> LearnedRouter:
    return train(drawn.rows(120, words=True), drawn.PAIR, with_answer=with_answer)


KNOWN = drawn.rows(4, seed=1, words=True)


async def test_a_router_that_reads_no_answer_goes_by_the_question_alone() -> None:
    router = learned()
    scored = await by_router(KNOWN, "small", router)
    chances = [router.predict(row.prompt).quality["small"] for row in KNOWN]
    assert [each.score for each in scored] == chances


async def test_the_score_is_that_of_the_check_learned(tmp_path: Path) -> None:
    router = learned(with_answer=True)
    save(router, tmp_path / "r")
    check = LearnedCheck(tmp_path / "r")
    scored = await by_router(KNOWN, "small", router)
    for row, each in zip(KNOWN, scored, strict=True):
        answer = Answer((Text(row.answers["small"].said), Finish()))
        assert (await check(row.request(Clearance.MACHINE), answer)).score == each.score


async def test_only_the_cheapest_models_answers_are_read() -> None:
    router = learned(with_answer=True)
    scored = await by_router(KNOWN, "large", router)
    chances = [router.predict(row.prompt).quality["large"] for row in KNOWN]
    assert [each.score for each in scored] == chances


async def test_what_is_out_of_its_distribution_has_no_score() -> None:
    rows = [Row("Who?", answers={"small": RecordedAnswer(0.0)})]
    assert await by_router(rows, "small", learned()) == [Scored(None, False)]


async def test_a_model_that_the_router_does_not_know_is_told() -> None:
    with pytest.raises(ConfigError, match="not trained on 'middle'; it knows small, large"):
        await by_router(KNOWN, "middle", learned())


@pytest.mark.parametrize(
    ("references", "kind"),
    [(["# 18", "3.5"], Number), (["A", "J"], Choice), (["Paris", "3"], Label)],
)
def test_the_type_of_answers_is_that_of_the_references(references: list[str], kind: type) -> None:
    rows = [row("1", reference=reference) for reference in references]
    assert isinstance(extractor_for(rows), kind)


def test_without_references_the_type_is_asked_for() -> None:
    with pytest.raises(ConfigError, match="--type"):
        extractor_for([row("1")])
    assert isinstance(extractor_for([row("1")], "number"), Number)


@pytest.mark.parametrize(
    ("references", "kind"), [(["# 18"], "number"), (["B"], "choice"), (["Paris"], "label")]
)
def test_a_type_has_a_name_too(references: list[str], kind: str) -> None:
    assert type_of([row("1", reference=reference) for reference in references]) == kind
