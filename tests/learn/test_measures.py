import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from homeward.learn.measures import Bin, auroc, ece, reliability

TENTHS = st.integers(0, 10).map(lambda n: n / 10)
LABELLED = st.lists(st.tuples(TENTHS, st.booleans()), min_size=1, max_size=40)
GRADED = st.lists(st.tuples(TENTHS, TENTHS), min_size=1, max_size=40)

# ---------------------------------------------------------------- AUROC


@given(LABELLED)
def test_auroc_is_the_share_of_pairs_in_order(rows: list[tuple[float, bool]]) -> None:
    right = [score for score, is_right in rows if is_right]
    wrong = [score for score, is_right in rows if not is_right]
    pairs = [(good > bad) + (good == bad) / 2 for good in right for bad in wrong]
    found = auroc(*zip(*rows, strict=True))
    assert found == (pytest.approx(sum(pairs) / len(pairs)) if pairs else None)


@given(LABELLED)
def test_auroc_agrees_with_scikit_learn(rows: list[tuple[float, bool]]) -> None:
    score, right = zip(*rows, strict=True)
    if len(set(right)) == 2:
        assert auroc(score, right) == pytest.approx(roc_auc_score(right, score))


@given(GRADED)
def test_a_graded_row_counts_on_both_sides(rows: list[tuple[float, float]]) -> None:
    score, right = np.array(rows).T
    if 0 < right.sum() < len(right):
        weighted = roc_auc_score(
            np.repeat([1, 0], len(rows)),
            np.concatenate([score, score]),
            sample_weight=np.concatenate([right, 1 - right]),
        )
        assert auroc(score, right) == pytest.approx(weighted)


@given(LABELLED)
def test_a_monotone_transform_does_not_change_auroc(rows: list[tuple[float, bool]]) -> None:
    score, right = np.array(rows, dtype=float).T
    assert auroc(score, right) == auroc(np.exp(score) * 7 - 3, right)


@given(LABELLED)
def test_a_constant_score_says_nothing(rows: list[tuple[float, bool]]) -> None:
    right = [is_right for _, is_right in rows]
    assert auroc([0.3] * len(rows), right) in (None, 0.5)


def test_infinite_scores_are_scores() -> None:
    assert auroc([math.inf, -math.inf, math.inf], [1, 0, 0]) == 0.75


# ---------------------------------------------------------------- reliability and ECE


def test_bins_hold_what_was_said_and_what_came_true() -> None:
    found = reliability([0.0, 0.1, 0.6, 1.0], [0, 1, 1, 1], bins=2)
    assert found == [Bin(0.05, 0.5, 2), Bin(0.8, 1.0, 2)]


@given(GRADED, st.integers(1, 20))
def test_every_row_is_in_one_bin(rows: list[tuple[float, float]], bins: int) -> None:
    said, right = np.array(rows).T
    found = reliability(said, right, bins)
    assert sum(each.rows for each in found) == len(rows)
    assert sum(each.rows * each.right for each in found) == pytest.approx(right.sum())
    assert sum(each.rows * each.probability for each in found) == pytest.approx(said.sum())


@given(GRADED)
def test_one_bin_compares_the_means(rows: list[tuple[float, float]]) -> None:
    said, right = np.array(rows).T
    assert ece(said, right, bins=1) == pytest.approx(abs(said.mean() - right.mean()))


@given(GRADED, st.integers(1, 20))
def test_ece_is_a_share(rows: list[tuple[float, float]], bins: int) -> None:
    said, right = np.array(rows).T
    assert abs(said.mean() - right.mean()) - 1e-9 <= ece(said, right, bins) <= 1


def test_honest_probabilities_have_no_error() -> None:
    assert ece([0.25] * 4 + [0.75] * 4, [1, 0, 0, 0, 1, 1, 1, 0]) == 0


def test_boasting_is_measured() -> None:
    assert ece([0.95] * 4, [1, 0, 0, 1]) == pytest.approx(0.45)


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("score", "right", "sentence"),
    [
        ([], [], "no row"),
        ([0.5], [1, 0], "one length"),
        ([math.nan], [1], "NaN"),
        ([0.5], [2], "0 to 1"),
    ],
)
def test_measures_say_what_is_wrong(score: list[float], right: list[float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        auroc(score, right)


def test_a_score_is_no_probability() -> None:
    with pytest.raises(ValueError, match="calibrate"):
        ece([-2.0, 3.0], [0, 1])


def test_a_diagram_needs_bins() -> None:
    with pytest.raises(ValueError, match="at least 1 bin"):
        reliability([0.5], [1], bins=0)
