from pathlib import Path
from random import Random

import pytest

from homeward.errors import ConfigError
from homeward.learn.signals_report import Checked, check_rows, combined, plain_checks
from homeward.model import Answer, Finish, Text
from homeward.outcomes import RecordedAnswer, Row
from homeward.signals.combined import Combined
from tests.contract import HELLO

DAY = "2026-01-31"


def rows(count: int = 120) -> list[Row]:
    """Sums: the cheap model is right on two of three, one checker nearly always."""
    draw = Random(0)
    return [_row(place, draw) for place in range(count)]


def _row(place: int, draw: Random) -> Row:
    def recorded(share: float) -> RecordedAnswer:
        right = draw.random() < share
        value = place + 2 if right else place + draw.randint(3, 9)
        said = f"{place} + 2 = {value}" if draw.random() < 0.5 else f"It is {value}."
        return RecordedAnswer(score=float(right), text=said)

    answers = {"cheap": recorded(0.6), "good": recorded(0.95), "poor": recorded(0.3)}
    answers["silent"] = RecordedAnswer(score=1.0)
    return Row(f"{place} + 2?", f"row {place}", reference=str(place + 2), answers=answers)


async def checked(model: str = "cheap", checkers: tuple[str, ...] = ("good",)) -> list[Checked]:
    table = rows()
    return [row async for row in check_rows(table, model, plain_checks(table, checkers))]


async def test_every_recorded_answer_is_read_by_every_check() -> None:
    found = await checked()
    assert [row.id for row in found] == [row.id for row in rows()]
    assert set(found[0].readings) == {"arithmetic", "format", "heuristic", "agreement"}


async def test_several_checkers_stand_alone_too() -> None:
    found = await checked(checkers=("good", "poor"))
    assert {"agreement", "agreement:good", "agreement:poor"} <= set(found[0].readings)


async def test_agreement_is_with_the_answer_of_the_same_row() -> None:
    for row, read in zip(rows(), await checked(), strict=True):
        both = row.answers["cheap"].score == row.answers["good"].score == 1.0
        if both:
            assert read.readings["agreement"].score == 1.0


async def test_a_checker_without_words_abstains() -> None:
    found = await checked(checkers=("silent",))
    assert {row.readings["agreement"].score for row in found} == {None}


async def test_a_model_without_words_is_not_read() -> None:
    assert await checked("silent") == []
    with pytest.raises(ConfigError, match="no graded answer of silent is recorded"):
        combined([], made=DAY, model="silent")


async def test_each_check_is_graded_and_the_whole_too() -> None:
    found = combined(await checked(), made=DAY, model="cheap")
    assert set(found.checks) == {"arithmetic", "format", "heuristic", "agreement", "length"}
    assert found.checks["format"].auroc is None
    assert found.checks["agreement"].auroc is not None
    assert found.checks["agreement"].auroc > 0.8
    assert found.combined.auroc is not None
    assert found.combined.auroc > 0.8


async def test_a_check_can_be_left_out() -> None:
    found = combined(await checked(), made=DAY, without=["format", "agreement"])
    assert set(found.checks) == {"arithmetic", "heuristic", "length"}
    assert not [each for each in found.features if each.name.startswith("agreement")]


async def test_what_is_saved_is_a_check_with_the_same_numbers(tmp_path: Path) -> None:
    table, found = rows(), await checked(checkers=())
    stored = combined(found, made=DAY)
    stored.save(tmp_path / "checks.json")
    check = Combined(plain_checks(table), tmp_path / "checks.json")
    wrong = await check(HELLO, Answer((Text("3 + 2 = 9"), Finish())))
    right = await check(HELLO, Answer((Text("3 + 2 = 5"), Finish())))
    assert wrong.score is not None
    assert right.score is not None
    assert wrong.score < right.score
    assert wrong.numbers["auroc"] == stored.combined.auroc
