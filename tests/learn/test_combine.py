from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from homeward.errors import ConfigError
from homeward.learn.combine import combine, graded, logistic
from homeward.learn.curves import Array
from homeward.signals.combination import Combination, Grade

DAY = "2026-01-31"


def made_up(rows: int = 300, columns: int = 4, seed: int = 0) -> tuple[Array, Array]:
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, columns))
    p = 1 / (1 + np.exp(-(0.5 + x @ np.linspace(-1, 2, columns))))
    return x, (draw.random(rows) < p).astype(float)


@pytest.mark.parametrize("l2", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_fit_is_that_of_scikit_learn(l2: float, seed: int) -> None:
    x, right = made_up(seed=seed)
    theirs = LogisticRegression(C=1 / l2, tol=1e-10, max_iter=10_000).fit(x, right)
    mine = logistic(x, right, l2)
    assert mine.weights == pytest.approx(theirs.coef_[0], abs=1e-5)
    assert mine.intercept == pytest.approx(float(theirs.intercept_[0]), abs=1e-5)
    assert mine.probability(x) == pytest.approx(theirs.predict_proba(x)[:, 1], abs=1e-5)


def test_a_column_that_separates_gets_a_finite_weight() -> None:
    x = np.linspace(-1, 1, 50)[:, None]
    fitted = logistic(x, x[:, 0] > 0)
    assert 0 < fitted.weights[0] < 100


def test_a_column_of_zeros_gets_no_weight() -> None:
    x, right = made_up()
    assert logistic(np.column_stack([x, np.zeros(len(x))]), right).weights[-1] == 0


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(0, 1)), min_size=2, max_size=30))
def test_it_always_ends_with_probabilities(rows: list[tuple[float, float]]) -> None:
    x = np.array([[value] for value, _ in rows])
    p = logistic(x, [right for _, right in rows]).probability(x)
    assert np.all((p >= 0) & (p <= 1))


def test_the_mean_probability_is_the_share_of_right_answers() -> None:
    x, right = made_up()
    assert logistic(x, right).probability(x).mean() == pytest.approx(right.mean())


def test_a_check_is_graded_where_it_has_a_score_and_over_all_rows() -> None:
    found = graded({"agreement": [1.0, 0.0, None, None]}, [1, 0, 0, 1])["agreement"]
    assert found == Grade(auroc=1.0, share=0.5, auroc_all=0.625)


def test_a_check_that_always_abstains_has_no_grade() -> None:
    assert graded({"format": [None, None]}, [1, 0]) == {"format": Grade(None, 0.0, None)}


def rows_of(seed: int = 0) -> tuple[list[dict[str, float]], list[float | None], list[float]]:
    """A check that says something on two rows of three, and noise beside it."""
    draw = np.random.default_rng(seed)
    right = (draw.random(300) < 0.7).astype(float).tolist()
    scores = [
        None if place % 3 == 0 else float(draw.normal(good)) for place, good in enumerate(right)
    ]
    seen = [
        {"noise": float(draw.normal()), "check?": float(score is None), "same": 1.0}
        | ({} if score is None else {"check": score})
        for score in scores
    ]
    return seen, scores, right


def learned(seed: int = 0, **fields: int) -> Combination:
    seen, scores, right = rows_of(seed)
    return combine(seen, {"check": scores}, right, made=DAY, model="m", **fields)


def test_a_combination_says_what_it_was_calibrated_on() -> None:
    found = learned()
    assert (found.made, found.model, found.rows, found.folds) == (DAY, "m", 300, 5)
    assert found.right == pytest.approx(0.7, abs=0.1)
    assert found.checks["check"].share == pytest.approx(2 / 3)


def test_it_weighs_what_says_something_more_than_noise() -> None:
    weights = {each.name: abs(each.weight) for each in learned().features}
    assert weights["check"] > 3 * weights["noise"]


def test_what_is_always_the_same_is_left_out() -> None:
    assert "same" not in {each.name for each in learned().features}


def test_what_was_not_seen_counts_as_the_mean() -> None:
    found = learned()
    mean = {each.name: each.mean for each in found.features}
    assert found.probability({}) == pytest.approx(found.probability(mean))


def test_the_grade_of_the_whole_is_of_rows_that_were_held_out() -> None:
    draw = np.random.default_rng(1)
    right = (draw.random(60) < 0.5).astype(float).tolist()
    seen: list[Mapping[str, float]] = [
        {str(column): float(draw.normal()) for column in range(40)} for _ in right
    ]
    found = combine(seen, {}, right, made=DAY)  # fits noise perfectly on the rows that it sees
    assert found.combined.auroc is not None
    assert found.combined.auroc < 0.75


def test_one_seed_gives_one_combination() -> None:
    assert learned(seed=3) == learned(seed=3)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(ConfigError, match="too few"):
        combine([{}] * 10, {}, [1.0, 0.0] * 5, made=DAY)


@pytest.mark.parametrize(("right", "word"), [(1.0, "right"), (0.0, "wrong")])
def test_answers_of_one_kind_are_refused(right: float, word: str) -> None:
    with pytest.raises(ConfigError, match=f"all 50 answers are {word}"):
        combine([{}] * 50, {}, [right] * 50, made=DAY)
