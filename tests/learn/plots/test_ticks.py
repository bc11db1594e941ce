import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.learn.plots.picture import Range
from homeward.learn.plots.ticks import number, scale, ticks


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-0.05, 1.05, [0, 0.5, 1]),
        (0.11, 0.93, [0.2, 0.4, 0.6, 0.8]),
        (0, 50, [0, 10, 20, 30, 40, 50]),
        (1e-6, 4e-6, [1e-6, 2e-6, 3e-6, 4e-6]),
    ],
)
def test_ticks_are_round(low: float, high: float, found: list[float]) -> None:
    assert ticks(Range(low, high)) == pytest.approx(found)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_there_are_a_few_ticks_and_all_within(low: float, spread: float) -> None:
    span = Range(low, low + spread)
    found = ticks(span)
    assert 1 <= len(found) <= 6
    assert all(-1e-6 <= span.share(value) <= 1 + 1e-6 for value in found)


@pytest.mark.parametrize(
    ("value", "word"), [(0.0, "0"), (0.2 + 0.1, "0.3"), (1200.0, "1200"), (1e-6, "1e-06")]
)
def test_a_number_has_four_digits(value: float, word: str) -> None:
    assert number(value) == word


def test_numbers_stand_under_their_ticks() -> None:
    axis, words = scale(Range(0, 1), 31, mark="+", line="-")
    assert axis == "+-----+-----+-----+-----+-----+"
    assert words == "0    0.2   0.4   0.6   0.8    1"


def test_numbers_that_would_touch_are_left_out() -> None:
    _, words = scale(Range(0, 1), 11, mark="+", line="-")
    assert words.split() == ["0", "0.4", "1"]
