"""Two routes over the same rows."""

from typing import Any

import pytest

from homeward.learn.compare import Comparison, compare
from homeward.learn.evaluate import RowResult
from homeward.model import Usage
from homeward.outcomes import Row

ROWS = [Row("p", id=f"r{n}") for n in range(40)]


def results(score: float, cost: float | None = 0.5, **fields: Any) -> list[RowResult]:
    usage = (Usage("c", "m", 10, 20, cost_usd=cost),)
    return [RowResult(row.id, score, usage=usage, **fields) for row in ROWS]


def compared(a: list[RowResult], b: list[RowResult], rows: Any = ROWS) -> Comparison:
    return compare(rows, a, b, names=("old", "new"))


def test_both_sides_are_told_with_what_they_took() -> None:
    found = compared(results(0.5), results(1.0, 2.0))
    assert (found.a.route, found.a.accuracy, found.a.cost_usd) == ("old", 0.5, 20.0)
    assert (found.b.route, found.b.accuracy, found.b.cost_usd) == ("new", 1.0, 80.0)
    assert (found.a.calls_per_row, found.a.tokens_per_row) == (1.0, 30.0)


def test_the_difference_is_that_of_the_second_in_the_place_of_the_first() -> None:
    found = compared(results(0.5), results(1.0))
    assert (found.difference, found.interval95) == (0.5, (0.5, 0.5))
    assert (found.b_better, found.a_better) == (40, 0)
    assert found.verdict.word == "better"


def test_the_order_of_the_results_is_of_no_matter() -> None:
    assert compared(results(0.5)[::-1], results(1.0)) == compared(results(0.5), results(1.0)[::-1])


def test_rows_without_a_price_are_in_neither_cost() -> None:
    found = compared(results(1.0), [*results(1.0, None)[:30], *results(1.0)[30:]])
    assert (found.priced_rows, found.a.cost_usd, found.b.cost_usd) == (10, 5.0, 5.0)


def test_without_any_price_there_is_no_cost() -> None:
    found = compared(results(1.0, None), results(1.0))
    assert (found.a.cost_usd, found.b.cost_usd) == (None, None)


def test_rows_of_one_conversation_count_as_one() -> None:
    rows = [Row("p", id=row.id, conversation="c") for row in ROWS]
    found = compared(results(0.5), results(1.0), rows)
    assert (found.conversations, found.verdict.word) == (1, "cannot tell")


def test_what_failed_is_told_with_the_route_that_failed() -> None:
    found = compared(results(1.0), results(0.0, error="it broke"))
    assert (found.a.errors, found.b.errors) == (0, 40)
    assert found.first_errors[0].error == "new: it broke"
    assert found.verdict.word == "worse"


def test_without_a_row_nothing_is_compared() -> None:
    with pytest.raises(ValueError, match="no row"):
        compare([], [], [], names=("a", "b"))
