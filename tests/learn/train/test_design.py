import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, hstack

from homeward.learn.train.design import Array, Design

WIDE, DENSE = 6, 2


@st.composite
def designs(draw: st.DrawFn) -> tuple[Design, Array]:
    """A design, and the same as a full matrix by scipy. Some rows have no terms."""
    numbers = st.floats(-5, 5)
    rows = []
    for _ in range(draw(st.integers(1, 8))):
        columns = draw(st.lists(st.integers(0, WIDE - 1), unique=True, max_size=WIDE))
        values = draw(st.lists(numbers, min_size=len(columns), max_size=len(columns)))
        rows.append((np.array(columns, np.int64), np.array(values)))
    beside = draw(st.lists(numbers, min_size=len(rows) * DENSE, max_size=len(rows) * DENSE))
    dense = np.array(beside).reshape(len(rows), DENSE)
    starts = np.cumsum([0, *(len(columns) for columns, _ in rows)])
    places = np.concatenate([columns for columns, _ in rows]).astype(int)
    numbered = np.concatenate([values for _, values in rows])
    sparse = csr_matrix((numbered, places, starts), shape=(len(rows), WIDE))
    return Design.of(rows, WIDE, dense), hstack([sparse, csr_matrix(dense)]).toarray()


@given(designs(), st.integers(0, 99))
def test_times_is_the_product_of_scipy(pair: tuple[Design, Array], seed: int) -> None:
    design, full = pair
    weights = np.random.default_rng(seed).normal(size=design.size)
    assert design.times(weights) == pytest.approx(full @ weights)


@given(designs(), st.integers(0, 99))
def test_times_takes_several_columns_at_once(pair: tuple[Design, Array], seed: int) -> None:
    design, full = pair
    weights = np.random.default_rng(seed).normal(size=(design.size, 3))
    assert design.times(weights) == pytest.approx(full @ weights)


@given(designs(), st.integers(0, 99))
def test_back_is_the_product_with_the_transpose(pair: tuple[Design, Array], seed: int) -> None:
    design, full = pair
    errors = np.random.default_rng(seed).normal(size=len(design))
    assert design.back(errors) == pytest.approx(full.T @ errors)


@given(designs(), st.lists(st.integers(0, 7), max_size=12))
def test_some_rows_are_those_rows(pair: tuple[Design, Array], chosen: list[int]) -> None:
    design, full = pair
    places = np.array([place % len(design) for place in chosen], np.int64)
    weights = np.arange(1.0, design.size + 1)
    assert design[places].times(weights) == pytest.approx(full[places] @ weights)
    assert len(design[places]) == len(places)


def test_rows_without_any_term_are_their_dense_columns() -> None:
    empty = (np.zeros(0, np.int64), np.zeros(0))
    design = Design.of([empty, empty], 0, np.array([[1.0], [2.0]]))
    assert design.times(np.array([3.0])).tolist() == [3.0, 6.0]
    assert design.back(np.array([1.0, 1.0])).tolist() == [3.0]


def test_a_design_of_no_rows_has_no_products() -> None:
    design = Design.of([], WIDE, np.zeros((0, DENSE)))
    assert len(design.times(np.zeros(design.size))) == 0
    assert design.back(np.zeros(0)).tolist() == [0.0] * design.size
