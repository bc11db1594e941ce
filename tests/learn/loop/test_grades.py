"""What one grade says of the other answers."""

import pytest
from msgspec.structs import replace

from homeward.errors import ConfigError
from homeward.learn.history import Case
from homeward.learn.loop.grades import candidates, graded
from homeward.outcomes import RecordedAnswer
from tests.learn.loop.asked import MODELS, case


def of(small: RecordedAnswer, large: RecordedAnswer, number: int = 0) -> Case:
    found = case(number, {})
    return replace(found, row=replace(found.row, answers={"small": small, "large": large}))


def test_what_was_graded_for_each_is_kept() -> None:
    found = graded([case(0, {"small": 0.0, "large": 1.0})], MODELS)
    assert (len(found.cases), found.rated, found.inferred) == (1, 1, 0)


def test_what_nobody_graded_is_counted_and_left_out() -> None:
    found = graded([case(0, {"small": None, "large": None}), case(1, {"small": 1.0})], MODELS)
    assert (found.cases, found.rows, found.answered, found.rated) == ([], 2, 1, 0)


@pytest.mark.parametrize(
    ("rated", "other", "score"),
    [
        (RecordedAnswer(1.0, "so it is 7", "7"), RecordedAnswer(None, "7.", "7"), 1.0),
        (RecordedAnswer(0.0, "so it is 7", "7"), RecordedAnswer(None, "7.", "7"), 0.0),
        (RecordedAnswer(1.0, "so it is 7", "7"), RecordedAnswer(None, "8.", "8"), 0.0),
        (RecordedAnswer(0.0, "so it is 7", "7"), RecordedAnswer(None, "8.", "8"), None),
        (RecordedAnswer(0.75, "so it is 7", "7"), RecordedAnswer(None, "8.", "8"), None),
        (RecordedAnswer(0.75, "the same"), RecordedAnswer(None, " the same\n"), 0.75),
        (RecordedAnswer(1.0, "one thing"), RecordedAnswer(None, "another"), None),
        (RecordedAnswer(1.0, ""), RecordedAnswer(None, ""), None),
        (RecordedAnswer(1.0, "it is 7", "7"), RecordedAnswer(None, "no idea"), None),
    ],
)
def test_one_grade_may_settle_the_other(
    rated: RecordedAnswer, other: RecordedAnswer, score: float | None
) -> None:
    found = graded([of(rated, other)], MODELS)
    assert [each.row.answers["large"].score for each in found.cases] == (
        [] if score is None else [score]
    )


RIGHT = RecordedAnswer(1.0, "7", "7")
WRONG = RecordedAnswer(0.0, "7", "7")
OTHER = RecordedAnswer(None, "8", "8")


def test_what_few_grades_settle_does_not_count() -> None:
    cases = [of(RIGHT if number < 8 else WRONG, OTHER, number) for number in range(10)]
    found = graded(cases, MODELS)
    assert (len(found.cases), found.inferred, found.open) == (0, 8, 10)
    assert "settles only 8 of 10" in found.words


def test_what_nearly_all_settle_counts() -> None:
    cases = [of(RIGHT if number < 9 else WRONG, OTHER, number) for number in range(10)]
    assert len(graded(cases, MODELS).cases) == 9


def test_what_was_graded_for_each_counts_whatever_else_is_settled() -> None:
    cases = [case(0, {"small": 0.0, "large": 1.0}), of(WRONG, OTHER, 1)]
    assert [each.row.id for each in graded(cases, MODELS).cases] == ["e0"]


def test_candidates_go_from_cheap_to_dear() -> None:
    assert candidates([case(0, {"large": None, "small": None})]) == ("small", "large")


def test_a_model_that_seldom_answered_is_no_candidate() -> None:
    cases = [case(n, {"large": 1.0, "small": 1.0}) for n in range(3)]
    cases[0].row.answers["rare"] = RecordedAnswer(cost_usd=0.5)
    assert candidates(cases) == ("small", "large")


@pytest.mark.parametrize(
    ("scores", "hint"),
    [
        ({"small": 1.0}, "--shadow"),
        ({"here": 1.0, "there": 1.0}, "name them from cheap to dear"),
    ],
)
def test_without_candidates_it_is_said_what_to_do(scores: dict[str, float], hint: str) -> None:
    with pytest.raises(ConfigError, match=hint):
        candidates([case(0, scores)])
