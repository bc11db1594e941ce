import math
import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.learn.curves import (
    Array,
    Curve,
    aiq,
    apgr,
    at_cost,
    cost_at,
    cpt,
    deferral,
    hull,
    saved,
)

SHARES = st.integers(0, 4).map(lambda quarters: quarters / 4)
TABLES = st.lists(st.tuples(st.integers(-3, 3), SHARES, SHARES), min_size=1, max_size=30)
"""Rows of score, cheap and strong, with many ties."""
POINTS = st.lists(
    st.tuples(st.integers(0, 20).map(float), st.integers(0, 20).map(lambda n: n / 20)),
    min_size=1,
    max_size=12,
)
COSTS = st.integers(0, 80).map(lambda n: n / 4)


def drawn(rows: list[tuple[int, float, float]]) -> tuple[Array, Array, Array]:
    score, cheap, strong = np.array(rows, dtype=float).T
    return score, cheap, strong


def line(*points: tuple[float, float]) -> Curve:
    spent, quality = np.array(points, dtype=float).T
    return Curve(spent, quality)


# ---------------------------------------------------------------- deferral


def test_the_best_score_goes_to_the_strong_model_first() -> None:
    curve = deferral([1, 3, 2], [0, 0, 1], [0, 1, 1])
    assert curve.spent == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert curve.quality == pytest.approx([1 / 3, 2 / 3, 2 / 3, 2 / 3])


def test_equal_scores_are_one_straight_step() -> None:
    curve = deferral([1, 1, 0], [0, 0, 0], [1, 0, 1])
    assert curve.quality == pytest.approx([0, 1 / 6, 1 / 3, 2 / 3])


def test_infinite_scores_tie_too() -> None:
    curve = deferral([math.inf, math.inf], [0, 0], [1, 0])
    assert curve.quality == pytest.approx([0, 0.25, 0.5])


def test_ties_are_the_mean_over_their_random_orders() -> None:
    score, cheap, strong = drawn([(0, 0, 1), (0, 1, 0), (0, 0, 1), (1, 0, 0), (1, 0.5, 1)])
    shuffled = random.Random(1)
    orders = np.array([[shuffled.random() for _ in score] for _ in range(4000)])
    broken = [deferral(score + 0.5 * order, cheap, strong).quality for order in orders]
    assert np.mean(broken, axis=0) == pytest.approx(
        deferral(score, cheap, strong).quality, abs=0.02
    )


@given(TABLES)
def test_without_ties_it_is_the_mean_of_what_was_kept(rows: list[tuple[int, float, float]]) -> None:
    _, cheap, strong = drawn(rows)
    order = random.Random(len(rows)).sample(range(len(rows)), len(rows))
    naive = [
        sum(strong[i] if order[i] < calls else cheap[i] for i in range(len(rows))) / len(rows)
        for calls in range(len(rows) + 1)
    ]
    assert deferral([-place for place in order], cheap, strong).quality == pytest.approx(naive)


@given(TABLES)
def test_it_starts_all_cheap_and_ends_all_strong(rows: list[tuple[int, float, float]]) -> None:
    score, cheap, strong = drawn(rows)
    curve = deferral(score, cheap, strong)
    assert (curve.spent[0], curve.spent[-1]) == (0, 1)
    assert curve.quality[0] == pytest.approx(cheap.mean())
    assert curve.quality[-1] == pytest.approx(strong.mean())


@given(TABLES)
def test_a_constant_score_is_the_random_line(rows: list[tuple[int, float, float]]) -> None:
    _, cheap, strong = drawn(rows)
    curve = deferral(np.zeros(len(rows)), cheap, strong)
    line_between = cheap.mean() + curve.spent * (strong.mean() - cheap.mean())
    assert curve.quality == pytest.approx(line_between)


@given(TABLES)
def test_no_score_beats_the_gain_itself(rows: list[tuple[int, float, float]]) -> None:
    score, cheap, strong = drawn(rows)
    oracle, any_other = deferral(strong - cheap, cheap, strong), deferral(score, cheap, strong)
    assert (oracle.quality >= any_other.quality - 1e-9).all()


@given(TABLES)
def test_the_order_of_the_rows_does_not_matter(rows: list[tuple[int, float, float]]) -> None:
    there, back = deferral(*drawn(rows)), deferral(*drawn(rows[::-1]))
    assert there.quality == pytest.approx(back.quality)


@pytest.mark.parametrize(
    ("score", "cheap", "sentence"),
    [
        ([], [], "no row"),
        ([1.0], [0.0, 1.0], "one length"),
        ([math.nan], [0.0], "NaN"),
    ],
)
def test_deferral_says_what_is_wrong(score: list[float], cheap: list[float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        deferral(score, cheap, cheap)


# ---------------------------------------------------------------- APGR and CPT


@given(TABLES)
def test_a_monotone_transform_changes_nothing(rows: list[tuple[int, float, float]]) -> None:
    score, cheap, strong = drawn(rows)
    before = deferral(score, cheap, strong)
    after = deferral(np.exp(score) * 7 - 3, cheap, strong)
    assert apgr(before) == apgr(after)
    assert cpt(before, 0.8) == cpt(after, 0.8)


@given(TABLES)
def test_random_recovers_what_it_calls(rows: list[tuple[int, float, float]]) -> None:
    _, cheap, strong = drawn(rows)
    curve = deferral(np.zeros(len(rows)), cheap, strong)
    if strong.mean() > cheap.mean():
        assert apgr(curve) == pytest.approx(0.5)
        assert cpt(curve, 0.3) == pytest.approx(0.3)


@given(TABLES)
def test_turning_a_score_round_mirrors_its_apgr(rows: list[tuple[int, float, float]]) -> None:
    score, cheap, strong = drawn(rows)
    there, back = apgr(deferral(score, cheap, strong)), apgr(deferral(-score, cheap, strong))
    if there is None or back is None:
        assert strong.mean() <= cheap.mean()
    else:
        assert there + back == pytest.approx(1)


@given(TABLES, SHARES)
def test_cpt_is_the_first_place_where_the_gap_is_recovered(
    rows: list[tuple[int, float, float]], share: float
) -> None:
    curve = deferral(*drawn(rows))
    found = cpt(curve, share)
    if found is None:
        assert curve.quality[-1] <= curve.quality[0] + 1e-9
        return
    wanted = curve.quality[0] + share * (curve.quality[-1] - curve.quality[0])
    finer = np.linspace(0, found, 200)
    assert np.interp(found, *curve) == pytest.approx(wanted)
    assert (np.interp(finer[:-1], *curve) <= wanted + 1e-9).all()


def test_a_curve_that_falls_again_counts_from_its_first_crossing() -> None:
    assert cpt(line((0, 0), (0.5, 1), (0.75, 0.2), (1, 1)), 0.5) == pytest.approx(0.25)


def test_apgr_is_an_area_above_all_cheap() -> None:
    assert apgr(line((0, 0.5), (0.5, 0.9), (1, 0.7))) == pytest.approx(1.25)


def test_a_strong_model_that_is_no_better_has_no_gap() -> None:
    curve = deferral([1, 2], [1, 0], [0, 1])
    assert apgr(curve) is None
    assert cpt(curve, 0.5) is None


def test_a_share_of_the_gap_is_no_percentage() -> None:
    with pytest.raises(ValueError, match="0 to 1, not 80"):
        cpt(line((0, 0), (1, 1)), 80)


# ---------------------------------------------------------------- the hull


def test_what_a_mixture_beats_is_not_on_the_hull() -> None:
    points = [(1, 0.2), (2, 0.3), (3, 0.8), (4, 0.7), (3, 0.1)]
    assert [*map(list, hull(points))] == [[1, 3], [0.2, 0.8]]


@given(POINTS)
def test_the_hull_is_the_best_mixture_of_two_points(points: list[tuple[float, float]]) -> None:
    curve = hull(points)
    for cost in {cost for cost, _ in points}:
        cheaper = [(c, q) for c, q in points if c <= cost]
        dearer = [(c, q) for c, q in points if c > cost]
        best = max(q for _, q in cheaper)
        for c, q in cheaper:
            for other, better in dearer:
                best = max(best, q + (better - q) * (cost - c) / (other - c))
        assert at_cost(curve, cost) == pytest.approx(best)


@given(POINTS)
def test_the_hull_rises_ever_less_steeply(points: list[tuple[float, float]]) -> None:
    spent, quality = hull(points)
    slopes = np.diff(quality) / np.diff(spent)
    assert (slopes > 0).all()
    assert all(earlier > later for earlier, later in pairwise(slopes))


@given(POINTS)
def test_the_hull_of_a_hull_is_itself(points: list[tuple[float, float]]) -> None:
    once = hull(points)
    twice = hull(zip(*once, strict=True))
    assert [*map(list, once)] == [*map(list, twice)]


@pytest.mark.parametrize("points", [[], [(1.0, math.nan)], [(math.inf, 1.0)]])
def test_a_hull_needs_numbers(points: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="at least one point"):
        hull(points)


# ---------------------------------------------------------------- AIQ and what is saved


def test_aiq_is_the_mean_quality_between_two_costs() -> None:
    assert aiq(line((1, 0.2), (3, 0.6)), 1, 3) == pytest.approx(0.4)
    assert aiq(line((1, 0.2), (3, 0.6)), 2, 3) == pytest.approx(0.5)


def test_aiq_is_constant_beyond_the_last_point() -> None:
    assert aiq(line((1, 0.2), (2, 0.6)), 1, 3) == pytest.approx((0.4 + 0.6) / 2)


def test_aiq_counts_nothing_that_cannot_be_paid() -> None:
    assert aiq(line((2, 0.6), (3, 0.6)), 1, 3) == pytest.approx(0.3)
    assert aiq(line((2, 0.6), (3, 0.6)), 0, 1) == 0


def test_aiq_of_one_price_is_the_quality_there() -> None:
    assert aiq(line((2, 0.6)), 2, 2) == pytest.approx(0.6)


def test_aiq_refuses_a_falling_range() -> None:
    with pytest.raises(ValueError, match="must rise"):
        aiq(line((2, 0.6)), 3, 2)


@given(POINTS, COSTS, COSTS)
def test_aiq_agrees_with_many_small_steps(
    points: list[tuple[float, float]], one: float, other: float
) -> None:
    curve, (low, high) = hull(points), sorted([one, other])
    if low < high:
        middles = low + (np.arange(400) + 0.5) * (high - low) / 400
        steps = [at_cost(curve, float(cost)) or 0.0 for cost in middles]
        assert aiq(curve, low, high) == pytest.approx(np.mean(steps), abs=3e-3)


@given(POINTS, POINTS)
def test_more_points_never_lower_aiq(
    points: list[tuple[float, float]], more: list[tuple[float, float]]
) -> None:
    assert aiq(hull(points + more), 0, 20) >= aiq(hull(points), 0, 20) - 1e-9


@given(POINTS)
def test_a_cost_buys_the_quality_that_asked_for_it(points: list[tuple[float, float]]) -> None:
    curve = hull(points)
    for quality in curve.quality:
        cost = cost_at(curve, float(quality))
        assert cost is not None
        assert at_cost(curve, cost) == pytest.approx(quality)


def test_below_the_first_point_there_is_no_quality() -> None:
    assert at_cost(line((2, 0.6), (3, 0.7)), 1.9) is None


def test_a_quality_that_is_never_reached_has_no_cost() -> None:
    assert cost_at(line((1, 0.2), (3, 0.6)), 0.7) is None


def test_saved_is_a_share_of_the_best_models_cost() -> None:
    curve = line((1, 0.2), (3, 0.6))
    assert saved(curve, cost_of_best=4, quality_of_best=0.4) == pytest.approx(0.5)
    assert saved(curve, cost_of_best=1, quality_of_best=0.4) == pytest.approx(-1)
    assert saved(curve, cost_of_best=4, quality_of_best=0.9) is None
    assert saved(curve, cost_of_best=0, quality_of_best=0.4) is None
