import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from homeward.learn.train.design import Array, Design
from homeward.learn.train.logistic import logistic, minimise, sigmoid


def designed(full: Array, dense: int = 2) -> Design:
    wide = full.shape[1] - dense
    rows = [(np.flatnonzero(row[:wide]), row[:wide][row[:wide] != 0]) for row in full]
    return Design.of(rows, wide, full[:, wide:])


def drawn(seed: int, rows: int = 200, columns: int = 8) -> tuple[Array, Array]:
    draw = np.random.default_rng(seed)
    full = draw.normal(size=(rows, columns)) * (draw.random((rows, columns)) < 0.5)
    chance = sigmoid(full @ np.linspace(-2, 2, columns) + 0.7)
    return full, (draw.random(rows) < chance).astype(float)


@pytest.mark.parametrize("strength", [0.1, 0.5, 1.0, 10.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_fit_is_that_of_scikit_learn(strength: float, seed: int) -> None:
    full, right = drawn(seed)
    theirs = LogisticRegression(C=strength, tol=1e-10, max_iter=10_000).fit(full, right)
    mine = logistic(designed(full), right, strength)
    assert mine.weights == pytest.approx(theirs.coef_[0], abs=0.01)
    assert mine.bias == pytest.approx(float(theirs.intercept_[0]), abs=0.01)
    assert mine.probability(designed(full)) == pytest.approx(
        theirs.predict_proba(full)[:, 1], abs=0.003
    )


def test_graded_outcomes_are_so_much_right_and_the_rest_wrong() -> None:
    full, _ = drawn(0)
    graded = np.linspace(0, 1, len(full))
    twice = np.concatenate([full, full])
    both = np.concatenate([np.ones(len(full)), np.zeros(len(full))])
    theirs = LogisticRegression(tol=1e-10, max_iter=10_000)
    theirs.fit(twice, both, sample_weight=np.concatenate([graded, 1 - graded]))
    assert logistic(designed(full), graded, 1.0).weights == pytest.approx(theirs.coef_[0], abs=0.01)


@pytest.mark.parametrize("outcome", [0.0, 0.4, 1.0])
def test_outcomes_that_are_all_the_same_are_what_is_said(outcome: float) -> None:
    full, _ = drawn(1)
    fit = logistic(designed(full), np.full(len(full), outcome), 1.0)
    assert fit.probability(designed(full)).mean() == pytest.approx(outcome, abs=0.02)


def test_a_column_that_separates_gets_a_finite_weight() -> None:
    full = np.linspace(-1, 1, 50)[:, None]
    fit = logistic(designed(full, 1), (full[:, 0] > 0).astype(float), 1.0)
    assert 0 < fit.weights[0] < 100


def test_without_rows_nothing_is_known() -> None:
    fit = logistic(Design.of([], 2, np.zeros((0, 1))), np.zeros(0), 1.0)
    assert (fit.weights.tolist(), fit.bias) == ([0.0] * 3, 0.0)


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(0, 1)), min_size=1, max_size=30))
def test_it_always_ends_with_probabilities(rows: list[tuple[float, float]]) -> None:
    design = Design.of(
        [(np.zeros(0, np.int64), np.zeros(0))] * len(rows), 0, np.array([[x] for x, _ in rows])
    )
    likely = logistic(design, np.array([right for _, right in rows]), 1.0).probability(design)
    assert ((likely >= 0) & (likely <= 1)).all()


def test_the_minimum_is_that_of_scipy() -> None:
    draw = np.random.default_rng(0)
    root = draw.normal(size=(6, 6))
    square, towards = root @ root.T + np.eye(6), draw.normal(size=6)

    def loss(at: Array) -> tuple[float, Array]:
        return float(at @ square @ at - at @ towards), np.asarray(2 * square @ at - towards)

    theirs = minimize(loss, np.zeros(6), jac=True, method="L-BFGS-B", tol=1e-12).x
    assert minimise(loss, np.zeros(6), 1e-8) == pytest.approx(theirs, abs=1e-5)


def test_where_it_begins_at_the_minimum_it_stays() -> None:
    found = minimise(lambda at: (float(at @ at), 2 * at), np.zeros(3), 1e-6)
    assert found.tolist() == [0.0] * 3
