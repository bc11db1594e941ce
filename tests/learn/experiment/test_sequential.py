import math

import numpy as np
import pytest
from bench.peeking import LOOKS, SCENES, found, pairs, summary
from hypothesis import given
from hypothesis import strategies as st

from homeward.learn.experiment.sequential import BURN_IN, bounded, log_wealth, unbounded

SCENE = dict(SCENES)
small = st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]), min_size=1, max_size=30)


@pytest.mark.parametrize(
    "scene",
    ["A/A pairs: no difference", "A/A, 1 % wins and losses", "A/A test, 2 % errors in both"],
)
def test_peeking_at_nothing_seldom_finds_a_winner(scene: str) -> None:
    assert len(LOOKS) == 49
    assert summary(SCENE[scene], "bets")[0] < 0.05


def test_the_naive_test_finds_one_in_a_third_of_the_runs() -> None:
    assert summary(SCENE["A/A pairs: no difference"], "z-test")[0] > 0.3


def test_the_asymptotic_sequence_seldom_finds_one_either() -> None:
    assert summary(SCENE["A/A pairs: no difference"], "mixture")[0] < 0.05


def test_fifteen_points_are_found_and_soon() -> None:
    share, median = summary(SCENE["15 points more wins"], "bets")
    assert share > 0.98
    assert median <= 160


def test_a_difference_between_arms_is_found() -> None:
    assert summary(SCENE["A/B test, 70 % and 85 %"], "bets")[0] > 0.8


@pytest.mark.parametrize("mean", [-0.8, 0.0, 0.05, 0.7])
def test_the_true_mean_stays_within_whatever_it_is(mean: float) -> None:
    chance = np.random.default_rng(1)
    values = np.where(chance.random((1000, 300)) < (mean + 1) / 2, 1.0, -1.0)
    ever = (log_wealth(values, mean) >= math.log(20)).any(axis=1)
    assert ever.mean() < 0.05


@given(small)
def test_the_interval_holds_its_mean(values: list[float]) -> None:
    mean, low, high, size = bounded(values)
    assert -1 <= low <= mean + 1e-9
    assert mean - 1e-9 <= high <= 1
    assert size == len(values)


@given(small, st.floats(-0.95, 0.95))
def test_it_leaves_out_only_what_betting_against_paid(values: list[float], mean: float) -> None:
    _, low, high, _ = bounded(values)
    if log_wealth(values, mean)[-1] < math.log(20):
        assert low - 1e-6 <= mean <= high + 1e-6


@given(small, st.randoms())
def test_the_order_does_not_matter(values: list[float], order: "np.random.Generator") -> None:
    shuffled = values.copy()
    order.shuffle(shuffled)
    assert bounded(shuffled)[1:3] == pytest.approx(bounded(values)[1:3])


@given(small, st.sampled_from([0.5, 3.0]))
def test_the_reach_is_a_scale(values: list[float], reach: float) -> None:
    wide = bounded([value * reach for value in values], reach)
    assert wide[:3] == pytest.approx([each * reach for each in bounded(values)[:3]])


@given(small)
def test_what_is_good_for_one_is_bad_for_the_other(values: list[float]) -> None:
    there, back = bounded(values), bounded([-value for value in values])
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


def test_more_values_make_it_narrower_without_end() -> None:
    widths = [bounded([1.0, -1.0, 0.0] * n) for n in (10, 100, 1000, 10_000)]
    assert [round(each.high, 3) for each in widths] == sorted(
        (round(each.high, 3) for each in widths), reverse=True
    )
    assert widths[-1].high < 0.03


def test_twenty_ties_prove_nothing() -> None:
    """Where an interval by the standard deviation would be a point."""
    assert bounded([0.0] * 20).high > 0.15


def test_without_values_everything_is_possible() -> None:
    assert bounded([])[1:] == (-1, 1, 0)


def test_nothing_is_said_of_few_values_without_bounds() -> None:
    assert unbounded([1.0] * (BURN_IN - 1)).low == -math.inf


def test_values_without_bounds_have_an_interval_after_that() -> None:
    values = np.random.default_rng(0).exponential(2.0, 400)
    found_ = unbounded(values)
    assert found_.low < 2.0 < found_.high
    assert found_.high - found_.low < 1.5


def test_heavy_tails_do_not_alarm_often() -> None:
    chance = np.random.default_rng(2)
    values = chance.lognormal(0, 1.5, (1000, 500)) - chance.lognormal(0, 1.5, (1000, 500))
    assert found(values, "mixture").any(axis=1).mean() < 0.05


@pytest.mark.parametrize(
    ("values", "confidence"), [([2.0], 0.95), ([0.5], 1.0), ([math.nan], 0.95), ([[0.5]], 0.95)]
)
def test_what_cannot_be_is_refused(values: list[float], confidence: float) -> None:
    with pytest.raises(ValueError, match=r"between|finite"):
        bounded(values, confidence=confidence)


def test_draws_are_the_same_each_time() -> None:
    assert np.array_equal(pairs(0.3, 0.1, runs=5), pairs(0.3, 0.1, runs=5))
