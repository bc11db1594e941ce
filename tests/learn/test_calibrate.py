import random
from collections.abc import Callable, Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.errors import ConfigError
from homeward.learn.calibrate import calibrate
from homeward.learn.intervals import clopper_pearson
from homeward.learn.thresholds import TooOften
from homeward.signals.promise import Promise

Draw = tuple[list[float | None], list[bool]]
TARGET, CONFIDENCE = 0.95, 0.9


def fewest_rows(target: float, confidence: float, horizon: float = 1.0) -> int:
    return TooOften(1 - target, 1 - confidence, horizon).fewest


def separated(rows: int = 400) -> Draw:
    """Above 0.5 all are right, below every other one."""
    scores = [place / rows for place in range(rows)]
    return list(scores), [score > 0.5 or place % 2 == 0 for place, score in enumerate(scores)]


def test_the_threshold_is_as_low_as_the_bound_allows() -> None:
    made = calibrate(*separated())
    part = made.rest
    assert part.threshold is not None
    assert 0.4 < part.threshold < 0.52
    assert part.bound == clopper_pearson(part.wrong, part.kept, CONFIDENCE) <= 1 - TARGET


def test_it_tells_what_it_was_made_of() -> None:
    made = calibrate(*separated(), about="a check", right_by="agreement with m", date="2026-11-21")
    assert (made.about, made.right_by, made.date) == ("a check", "agreement with m", "2026-11-21")
    assert (made.rows, made.kept, made.wrong) == (400, made.rest.kept, made.rest.wrong)
    assert made.auroc is not None
    assert made.auroc > 0.7
    assert made.band[0] < made.share == made.kept / 400 < made.band[1]
    assert made.quantiles[0] == 0.0
    assert made.quantiles[-1] == 399 / 400


def test_the_date_is_todays_without_one() -> None:
    assert calibrate(*separated()).date.startswith("20")


def test_a_check_that_says_nothing_gets_no_promise() -> None:
    made = calibrate([0.5] * 400, [place % 4 > 0 for place in range(400)])
    assert made.rest.threshold is None
    assert made.rest.needs is None
    assert made.share == 0.0


def test_too_few_rows_get_no_promise_and_hear_how_many_would_do() -> None:
    made = calibrate([1.0] * 40, [True] * 40)
    assert made.rest.threshold is None
    assert made.rest.needs == fewest_rows(TARGET, CONFIDENCE)


def test_rows_that_are_almost_enough_hear_how_many_would_do() -> None:
    made = calibrate([1.0] * 100, [place >= 4 for place in range(100)])
    assert made.rest.threshold is None
    assert made.rest.needs is not None
    assert made.rest.needs > 100


@pytest.mark.parametrize(("target", "fewest"), [(0.9, 22), (0.95, 45), (0.99, 230)])
def test_the_fewest_rows_of_a_rate_are_those_of_no_error_at_all(target: float, fewest: int) -> None:
    assert fewest_rows(target, 0.9, horizon=0) == fewest
    assert clopper_pearson(0, fewest, 0.9) <= 1 - target < clopper_pearson(0, fewest - 1, 0.9)


def test_the_fewest_rows_are_enough_if_all_are_right() -> None:
    rows = fewest_rows(TARGET, CONFIDENCE)
    assert calibrate([1.0] * rows, [True] * rows).rest.threshold == 1.0


def test_a_promise_about_the_next_answers_takes_more_than_one_about_the_rate() -> None:
    scores, right = [1.0] * 250, [place >= 7 for place in range(250)]
    assert calibrate(scores, right, horizon=0).rest.threshold == 1.0
    assert calibrate(scores, right, horizon=1).rest.threshold is None


def test_a_wrong_row_at_the_very_top_does_not_end_the_search() -> None:
    scores, right = separated()
    assert calibrate(scores, [*right[:-1], False]).rest.threshold is not None


def test_an_abstention_is_never_kept_and_counts_in_no_share() -> None:
    scores, right = separated()
    made = calibrate([*scores, *[None] * 100], [*right, *[True] * 100])
    plain = calibrate(scores, right)
    assert made.rest.kept == plain.rest.kept
    assert (made.share, made.band) == (plain.share, plain.band)
    assert made.rows == 500


def made_of(rows: Sequence[tuple[int, bool]], target: float = TARGET) -> Promise:
    return calibrate([float(score) for score, _ in rows], [r for _, r in rows], target=target)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=300), st.randoms())
@settings(max_examples=50)
def test_the_order_of_the_rows_does_not_matter(
    rows: list[tuple[int, bool]], shuffled: random.Random
) -> None:
    others = list(rows)
    shuffled.shuffle(others)
    assert made_of(rows) == made_of(others)


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=400))
@settings(max_examples=100)
def test_rows_of_one_score_are_kept_together_and_counted_right(
    rows: list[tuple[int, bool]],
) -> None:
    part = made_of(rows, 0.6).rest
    if part.threshold is not None:
        kept = [right for score, right in rows if score >= part.threshold]
        assert (part.kept, part.wrong) == (len(kept), kept.count(False))
        assert part.bound <= 0.4 + 1e-12


def test_an_impossible_target_is_told() -> None:
    for target in (0, 1, 95):
        with pytest.raises(ConfigError, match="between 0 and 1"):
            calibrate([1.0], [True], target=target)


def test_an_impossible_horizon_is_told() -> None:
    with pytest.raises(ConfigError, match="horizon"):
        calibrate([1.0], [True], horizon=-1)


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_refused(score: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        calibrate([score], [True])


def test_lists_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        calibrate([1.0], [True, False])


# ---------------------------------------------------------------- groups


def grouped() -> tuple[list[float | None], list[bool], list[str | None]]:
    scores, right = separated(800)
    groups: list[str | None] = [("big", "large")[place // 2 % 2] for place in range(800)]
    return [*scores, *[0.9] * 10], [*right, *[True] * 10], [*groups, *["tiny"] * 10]


def test_a_group_with_rows_enough_has_its_own_threshold() -> None:
    scores, right, groups = grouped()
    made = calibrate(scores, right, groups=groups)
    assert set(made.groups) == {"big", "large"}
    assert made.shared == ("tiny",)
    assert made.by == "group"


def test_the_doubt_is_split_among_the_thresholds() -> None:
    scores, right, groups = grouped()
    made = calibrate(scores, right, groups=groups)
    assert [part.confidence for part in made.groups.values()] == pytest.approx([0.95, 0.95])


def test_a_group_that_is_wrong_too_often_keeps_nothing_beside_one_that_keeps() -> None:
    scores: list[float | None] = [1.0] * 600
    right = [place >= 300 or place % 2 == 0 for place in range(600)]
    groups = ["bad"] * 300 + ["good"] * 300
    made = calibrate(scores, right, groups=groups)
    assert made.groups["bad"].threshold is None
    assert made.groups["good"].threshold == 1.0
    assert made.share == 1.0


def test_small_groups_share_a_threshold() -> None:
    scores, right = separated()
    made = calibrate(scores, right, groups=[f"g{place % 40}" for place in range(400)])
    assert made.groups == {}
    assert made.rest.threshold is not None
    assert made.part("g7") is made.rest
    assert made.part("another") is None


# ---------------------------------------------------------------- the guarantee


def steps(score: float) -> float:
    return 0.97 if score > 0.4 else 0.7


def slope(score: float) -> float:
    return 1 - 0.12 * (1 - score)


def barely(score: float) -> float:
    return 0.949


@cache
def broken(chance: Callable[[float], float], *, levels: int, runs: int = 200) -> float:
    """How often the true rate above the threshold is below the target."""

    def seen(score: float) -> float:
        return int(score * levels) / levels if levels else score

    draw = random.Random(11)
    fine = [(place + 0.5) / 4000 for place in range(4000)]
    failures = 0
    for _ in range(runs):
        scores = [draw.random() for _ in range(300)]
        right = [draw.random() < chance(score) for score in scores]
        threshold = calibrate(list(map(seen, scores)), right, horizon=0).rest.threshold
        if threshold is not None:
            above = [chance(score) for score in fine if seen(score) >= threshold]
            failures += sum(above) / len(above) < TARGET
    return failures / runs


@pytest.mark.parametrize("levels", [0, 4])
@pytest.mark.parametrize("chance", [steps, slope, barely])
def test_the_rate_is_below_the_target_in_a_tenth_of_calibrations_at_most(
    chance: Callable[[float], float], levels: int
) -> None:
    assert broken(chance, levels=levels) <= 0.1 + 0.04  # twice the error of 200 runs


def held(chance: Callable[[float], float], horizon: float, runs: int = 200) -> float:
    """How often the next answers, as many again, are right as promised, counted as they are."""
    draw = random.Random(13)

    def rows() -> tuple[Sequence[float], list[bool]]:
        scores = [draw.random() for _ in range(300)]
        return scores, [draw.random() < chance(score) for score in scores]

    good = 0
    for _ in range(runs):
        threshold = calibrate(*rows(), horizon=horizon).rest.threshold
        least = 2.0 if threshold is None else threshold
        kept = [right for score, right in zip(*rows(), strict=True) if score >= least]
        good += sum(kept) >= TARGET * len(kept)
    return good / runs


@pytest.mark.parametrize("chance", [steps, slope, barely])
def test_the_next_answers_are_right_as_promised_in_nine_of_ten_calibrations(
    chance: Callable[[float], float],
) -> None:
    assert held(chance, 1.0) >= 0.9
