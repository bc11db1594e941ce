import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from homeward.learn.intervals import (
    clopper_pearson,
    clopper_pearson_interval,
    cluster_bootstrap,
    paired,
)

COUNTS = st.tuples(st.integers(0, 3000), st.integers(0, 3000)).map(lambda two: (two[0], sum(two)))
CONFIDENCES = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
NUMBERS = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=20)

# ---------------------------------------------------------------- Clopper-Pearson


@given(COUNTS, CONFIDENCES)
def test_the_bound_is_the_beta_quantile(counts: tuple[int, int], confidence: float) -> None:
    wrong, rows = counts
    expected = 1.0 if wrong == rows else beta.ppf(confidence, wrong + 1, rows - wrong)
    assert clopper_pearson(wrong, rows, confidence) == pytest.approx(expected, abs=1e-12)


@given(COUNTS, CONFIDENCES)
def test_both_sides_share_the_doubt(counts: tuple[int, int], confidence: float) -> None:
    wrong, rows = counts
    low, high = clopper_pearson_interval(wrong, rows, confidence)
    tail = (1 - confidence) / 2
    least = 0.0 if wrong == 0 else beta.ppf(tail, wrong, rows - wrong + 1)
    assert low == pytest.approx(least, abs=1e-12)
    assert high == clopper_pearson(wrong, rows, 1 - tail)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.3])
def test_the_bound_fails_no_more_often_than_said(share: float) -> None:
    rows = 200
    kept = sum(
        binom.pmf(wrong, rows, share)
        for wrong in range(rows + 1)
        if clopper_pearson(wrong, rows, 0.9) >= share
    )
    assert kept >= 0.9 - 1e-9


def test_a_large_table_is_as_exact() -> None:
    expected = beta.ppf(0.95, 500_001, 500_000)
    assert clopper_pearson(500_000, 1_000_000, 0.95) == pytest.approx(expected, abs=1e-10)


def test_no_row_promises_nothing() -> None:
    assert clopper_pearson(0, 0) == 1
    assert clopper_pearson_interval(0, 0) == (0, 1)


@pytest.mark.parametrize(("wrong", "rows"), [(3, 2), (-1, 2)])
def test_more_cannot_be_wrong_than_there_are(wrong: int, rows: int) -> None:
    with pytest.raises(ValueError, match="cannot be wrong"):
        clopper_pearson(wrong, rows)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 90.0])
def test_a_confidence_is_no_percentage(confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        clopper_pearson(1, 2, confidence)


# ---------------------------------------------------------------- the bootstrap


@given(NUMBERS)
def test_an_interval_lies_within_the_values(values: list[float]) -> None:
    low, high = cluster_bootstrap(values, range(len(values)), draws=50)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


@given(NUMBERS)
def test_one_cluster_cannot_vary(values: list[float]) -> None:
    low, high = cluster_bootstrap(values, ["only"] * len(values), draws=50)
    assert (low, high) == pytest.approx((np.mean(values), np.mean(values)))


def test_the_same_seed_draws_the_same() -> None:
    values = np.arange(30.0)
    again = [cluster_bootstrap(values, range(30), seed=seed) for seed in (4, 4, 5)]
    assert again[0] == again[1] != again[2]


def test_it_agrees_with_the_normal_interval() -> None:
    values = np.random.default_rng(2).normal(1, 2, 900)
    low, high = cluster_bootstrap(values, range(900), draws=4000)
    half = 1.96 * values.std() / 30
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.01)


def test_counting_kinds_draws_as_picking_rows_does() -> None:
    right = (np.arange(900) % 3 == 0).astype(float)
    kinds = cluster_bootstrap(right, range(900), draws=4000)
    barely_apart = right + np.arange(900) * 1e-12  # as many kinds as rows
    assert cluster_bootstrap(barely_apart, range(900), draws=4000) == pytest.approx(
        kinds, abs=0.004
    )


def test_rows_that_repeat_do_not_count_again() -> None:
    values = np.random.default_rng(3).normal(0, 1, 100)
    once = cluster_bootstrap(values, range(100))
    tenfold = cluster_bootstrap(np.repeat(values, 10), np.repeat(range(100), 10).tolist())
    assert tenfold == pytest.approx(once)


def test_each_difference_needs_its_cluster() -> None:
    with pytest.raises(ValueError, match="one length"):
        cluster_bootstrap([1.0, 2.0], ["a"])
    with pytest.raises(ValueError, match="no row"):
        cluster_bootstrap([], [])


def test_paired_is_second_minus_first() -> None:
    found = paired([0, 0, 1, 0], [1, 0, 1, 1], clusters=["a", "a", "b", "b"])
    assert found.difference == 0.5
    assert (found.rows, found.clusters) == (4, 2)
    assert found.low <= found.difference <= found.high


def test_a_row_is_a_cluster_of_its_own_unless_told() -> None:
    first, second = [0, 0, 1, 0] * 10, [1, 0, 1, 1] * 10
    assert paired(first, second) == paired(first, second, clusters=list(range(40)))


def test_pairs_are_of_the_same_rows() -> None:
    with pytest.raises(ValueError, match="same rows"):
        paired([1.0], [1.0, 0.0])
