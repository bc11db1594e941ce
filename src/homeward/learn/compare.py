"""Compare: two routes over the same rows, and whether one may take the other's place."""

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

from homeward.learn.evaluate import RowResult
from homeward.learn.intervals import paired
from homeward.learn.report import SHOWN_ERRORS, RowError
from homeward.learn.verdict import MARGIN, Verdict, verdict
from homeward.outcomes import Row


class Side(Struct, frozen=True):
    """One route. ``cost_usd`` is of the rows of which both routes' is known, else None.

    A row that failed counts as wrong.
    """

    route: str
    accuracy: float
    cost_usd: float | None
    calls_per_row: float
    tokens_per_row: float
    errors: int


class Comparison(Struct, frozen=True):
    """What `homeward compare --json` prints: ``b`` in the place of ``a``, shares from 0 to 1.

    ``interval95`` is of the mean ``difference`` of scores, b minus a, with whole ``conversations``
    redrawn (rows of their own where the table has none). ``b_better`` and ``a_better`` count rows,
    ``priced_rows`` those whose cost is known on both sides.
    """

    rows: int
    a: Side
    b: Side
    difference: float
    interval95: tuple[float, float]
    conversations: int
    margin: float
    b_better: int
    a_better: int
    priced_rows: int
    verdict: Verdict
    first_errors: tuple[RowError, ...] = ()


def compare(
    rows: Sequence[Row],
    a: Iterable[RowResult],
    b: Iterable[RowResult],
    *,
    names: tuple[str, str],
    margin: float = MARGIN,
) -> Comparison:
    """Of results by both routes of the same rows, in any order. ValueError without a row."""
    if not rows:
        raise ValueError("there is no row to compare on; is the table empty?")
    first, second = ({result.id: result for result in side} for side in (a, b))
    pairs = [(first[row.id], second[row.id]) for row in rows]
    found = paired(
        [old.score for old, _ in pairs],
        [new.score for _, new in pairs],
        [row.conversation or row.id for row in rows],
    )
    priced = [pair for pair in pairs if None not in map(_cost, pair)]
    errors = [
        RowError(result.id, f"{name}: {result.error}")
        for pair in pairs
        for name, result in zip(names, pair, strict=True)
        if result.error is not None
    ]
    sides = [
        _side(name, [pair[place] for pair in pairs], [pair[place] for pair in priced])
        for place, name in enumerate(names)
    ]
    return Comparison(
        rows=len(rows),
        a=sides[0],
        b=sides[1],
        difference=found.difference,
        interval95=(found.low, found.high),
        conversations=found.clusters,
        margin=margin,
        b_better=sum(new.score > old.score for old, new in pairs),
        a_better=sum(new.score < old.score for old, new in pairs),
        priced_rows=len(priced),
        verdict=verdict(found.low, found.high, found.clusters, margin),
        first_errors=tuple(errors[:SHOWN_ERRORS]),
    )


def _side(name: str, results: Sequence[RowResult], priced: Sequence[RowResult]) -> Side:
    rows = len(results)
    bills = [usage for result in results for usage in result.usage]
    return Side(
        route=name,
        accuracy=math.fsum(result.score for result in results) / rows,
        cost_usd=math.fsum(_cost(result) or 0.0 for result in priced) if priced else None,
        calls_per_row=len(bills) / rows,
        tokens_per_row=sum(usage.input_tokens + usage.output_tokens for usage in bills) / rows,
        errors=sum(result.error is not None for result in results),
    )


def _cost(result: RowResult) -> float | None:
    costs = [usage.cost_usd for usage in result.usage]
    return None if None in costs else math.fsum(cost or 0.0 for cost in costs)
