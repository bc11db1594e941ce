"""Curves: how good a route gets for what it spends, and what is read off such a curve.

Two models: spent is the share of calls that go to the strong one, and APGR and CPT are RouteLLM's
(Ong et al. 2024, arXiv:2406.18665), at full resolution. Several models: spent is a cost, and AIQ
is RouterBench's (Hu et al. 2024, arXiv:2403.12031).
"""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float64]

ROUNDING = 1e-12  # sums of the same shares in another order differ by less


class Curve(NamedTuple):
    """Points joined by straight lines, as many in ``spent`` (rising) as in ``quality``."""

    spent: Array
    quality: Array


# ---------------------------------------------------------------- two models


def deferral(score: ArrayLike, cheap: ArrayLike, strong: ArrayLike) -> Curve:
    """Rows go to the strong model in the order of falling ``score``: n rows, n + 1 points.

    ``spent`` is the share of strong calls, ``quality`` the mean of what was kept, both 0 to 1.
    Rows with equal scores are one straight step, the expectation over their random order, so that
    a constant score is the random router exactly. ValueError for unequal lengths, no row and NaN.
    """
    ranked, low, high = _columns(score=score, cheap=cheap, strong=strong)
    rows = len(ranked)
    order = np.argsort(-ranked, kind="stable")
    gained = np.concatenate([[0.0], np.cumsum((high - low)[order])])
    ends = np.concatenate([steps(ranked[order]), [rows]])
    places = np.arange(rows + 1)
    quality = low.mean() + np.interp(places, ends, gained[ends]) / rows
    return Curve(places / rows, quality)


def apgr(curve: Curve) -> float | None:
    """Average performance gap recovered: 0.5 for a random router, above 1 for an oracle.

    The area between the curve and its first quality (all cheap), over that of its last (all
    strong). None where the strong model is not better.
    """
    cheap, strong = curve.quality[0], curve.quality[-1]
    if strong - cheap <= ROUNDING:
        return None
    area = np.trapezoid(curve.quality, curve.spent) / (curve.spent[-1] - curve.spent[0])
    return float((area - cheap) / (strong - cheap))


def cpt(curve: Curve, share: float) -> float | None:
    """Call-performance threshold: the smallest share of strong calls that recovers ``share``.

    ``share`` of the quality between all cheap and all strong, 0 to 1; interpolated, and the first
    crossing where the curve is not monotone. None where the strong model is not better.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share of the gap is 0 to 1, not {share}")
    cheap, strong = curve.quality[0], curve.quality[-1]
    if strong - cheap <= ROUNDING:
        return None
    return cost_at(curve, float(cheap + share * (strong - cheap)))


# ---------------------------------------------------------------- several models


def hull(points: Iterable[tuple[float, float]]) -> Curve:
    """The non-decreasing upper convex hull of ``(cost, quality)`` points.

    What mixing them at random reaches ("zero router" where they are single models): it starts at
    the cheapest point and ends at the best. ValueError for no point and NaN.
    """
    table = np.array(list(points), dtype=float).reshape(-1, 2)
    if not len(table) or not np.isfinite(table).all():
        raise ValueError("a hull needs at least one point, and every cost and quality a number")
    kept: list[tuple[float, float]] = []
    for cost, quality in table[np.lexsort((-table[:, 1], table[:, 0]))].tolist():
        if kept and quality <= kept[-1][1]:
            continue  # dearer or as dear, and no better
        while len(kept) > 1 and _is_under(kept[-2], kept[-1], (cost, quality)):
            kept.pop()
        kept.append((cost, quality))
    spent, quality_of = np.array(kept).T
    return Curve(spent, quality_of)


def aiq(curve: Curve, low: float, high: float) -> float:
    """Average quality under a hull over the costs from ``low`` to ``high`` (RouterBench's AIQ).

    Linear in cost, over the range from the cheapest single model to the dearest, as in the paper's
    equation; of the candidates (logarithmic, from cost 0) it alone reproduces the published zero
    routers of LLMRouter's nine models. Constant to the right of the last point. To the left of
    the first nothing is affordable and the quality is 0, as in RouterBench's code: give a router
    the cheapest model among its points. Where ``low`` is ``high``, the quality at that cost.
    """
    if not low <= high:
        raise ValueError(f"the range of costs must rise, not run from {low} to {high}")
    if low == high:
        return at_cost(curve, low) or 0.0
    start = max(low, float(curve.spent[0]))
    if start >= high:
        return 0.0
    inner = curve.spent[(curve.spent > start) & (curve.spent < high)]
    costs = np.concatenate([[start], inner, [high]])
    area = np.trapezoid(np.interp(costs, curve.spent, curve.quality), costs)
    return float(area / (high - low))


def at_cost(curve: Curve, cost: float) -> float | None:
    """The quality for that cost; None where it does not pay for the curve's first point."""
    if cost < curve.spent[0] - ROUNDING * abs(curve.spent[0]):
        return None
    return float(np.interp(cost, curve.spent, curve.quality))


def cost_at(curve: Curve, quality: float) -> float | None:
    """The smallest cost at which the curve reaches that quality; None where it never does."""
    reached = np.flatnonzero(curve.quality >= quality - ROUNDING)
    if not len(reached):
        return None
    at = int(reached[0])
    if at == 0:
        return float(curve.spent[0])
    ends = slice(at - 1, at + 1)
    return float(np.interp(quality, curve.quality[ends], curve.spent[ends]))


def saved(curve: Curve, cost_of_best: float, quality_of_best: float) -> float | None:
    """Share of the best single model's cost that is saved at its quality.

    Below 0 where the curve is dearer; None where it never gets that good, or the best is free.
    """
    cost = cost_at(curve, quality_of_best)
    return None if cost is None or cost_of_best <= 0 else 1 - cost / cost_of_best


# ---------------------------------------------------------------- inside


def steps(ordered: Array) -> NDArray[np.intp]:
    """Where each run of equal numbers begins, from 0."""
    return np.concatenate([[0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1])


def _is_under(
    left: tuple[float, float], middle: tuple[float, float], right: tuple[float, float]
) -> bool:
    """Whether the middle point is on or under the line between its neighbours."""
    rise = (middle[1] - left[1]) * (right[0] - left[0])
    return rise <= (right[1] - left[1]) * (middle[0] - left[0])


def _columns(**named: ArrayLike) -> list[Array]:
    columns = [np.asarray(column, dtype=float) for column in named.values()]
    if len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
        raise ValueError(f"{', '.join(named)} must be lists of one length")
    if not len(columns[0]):
        raise ValueError("there is no row to measure; is the table empty?")
    if any(np.isnan(column).any() for column in columns):
        raise ValueError(f"{', '.join(named)} must be numbers; one of them is NaN")
    return columns
