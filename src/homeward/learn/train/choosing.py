"""Choosing the blend of a router's parts, by what each would reach on rows left out."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homeward.learn.curves import aiq, apgr, deferral, hull
from homeward.learn.table import Table
from homeward.learn.train.blend import weights
from homeward.learn.train.design import Array
from homeward.signals.learned.router import Point

PAIRED: Mapping[str, float] = {"linear": 1.0, "groups": 0.3}
SEVERAL: Mapping[str, float] = {"linear": 1.0, "groups": 1.0, "clusters": 0.5}
UNGROUPED: Mapping[str, float] = {"linear": 1.0, "neighbours": 0.5, "clusters": 0.5}
"""The usual blends, for two models, for several, and for several without groups. Another is taken
only where it is better by `CLEARLY` standard errors on rows left out: on a thousand rows the ways
to blend differ by less than chance does."""
CLEARLY = 3.0
DRAWS = 60


def chosen(
    left_out: Mapping[str, Array], data: Table
) -> tuple[str, dict[str, float], dict[str, float]]:
    """The way, its blend, its weights summing to 1, and what every way that was tried reached."""
    several = SEVERAL if "groups" in left_out else UNGROUPED
    stacked = dict(
        zip(left_out, map(float, weights(list(left_out.values()), data.scores)), strict=True)
    )
    ways: dict[str, Mapping[str, float]] = {
        "usual": PAIRED if len(data.models) == 2 else several,
        "stacked": stacked,
        "even": dict.fromkeys(left_out, 1.0),
        **{part: {part: 1.0} for part in left_out},
    }
    blends = {way: _normal(blend, left_out) for way, blend in ways.items()}
    tried = {
        way: _Trial(np.asarray(sum(v * left_out[p] for p, v in blend.items())), data)
        for way, blend in blends.items()
        if blend
    }
    every = np.arange(len(data.rows))
    reached = {way: trial.reached(every) for way, trial in tried.items()}
    best = max(reached, key=reached.__getitem__)
    rng = np.random.default_rng(0)
    draws = [rng.integers(0, len(every), len(every)) for _ in range(DRAWS)]
    leads = [tried[best].reached(draw) - tried["usual"].reached(draw) for draw in draws]
    lead = reached[best] - reached["usual"]
    way = best if lead > CLEARLY * float(np.std(leads)) + 1e-9 else "usual"
    return way, blends[way], reached


def _normal(blend: Mapping[str, float], there: Mapping[str, Array]) -> dict[str, float]:
    mine = {part: weight for part, weight in blend.items() if part in there}
    total = sum(mine.values())
    return {part: weight / total for part, weight in mine.items() if weight > 0.01 * total}


class _Trial:
    """What predictions of rows left out are good for: the share of the gap recovered between two
    models (APGR), the quality averaged over cost (AIQ) of several.
    """

    def __init__(self, predicted: Array, data: Table) -> None:
        self.scores = data.scores
        self.lead = predicted[:, 1] - predicted[:, 0] if len(data.models) == 2 else None
        costs = data.costs if data.costs is not None else ranks(data)
        self.spent, self.quality = _outcomes(predicted, data.scores, costs)

    def reached(self, rows: NDArray[np.int64]) -> float:
        if self.lead is not None:
            cheap, dear = self.scores[rows, 0], self.scores[rows, 1]
            return apgr(deferral(self.lead[rows], cheap, dear)) or 0.0
        spent, quality = self.spent[rows].mean(axis=0), self.quality[rows].mean(axis=0)
        return aiq(hull(list(zip(spent.tolist(), quality.tolist(), strict=True))), 0.0, 1.0)


_TRADES = (0.0, *np.geomspace(0.003, 30, 60).tolist())


def _outcomes(
    predicted: Array, scores: Array, costs: Array, expected: NDArray[Any] | None = None
) -> tuple[Array, Array]:
    """Spending and quality of each row under each trade, ``(n, t)``. A trade is in quality for the
    difference of the dearest's mean cost and the cheapest's. Decided by the costs that are
    ``expected``, which are the models' means where nobody knows better.
    """
    mean = costs.mean(axis=0)
    low, high = float(mean.min()), float(mean.max())
    span = high - low if high > low else 1.0
    dearer = ((mean if expected is None else expected) - low) / span
    chosen = np.stack([(predicted - trade * dearer).argmax(axis=1) for trade in _TRADES], axis=1)
    spent = (np.take_along_axis(costs, chosen, axis=1) - low) / span
    return spent, np.take_along_axis(scores, chosen, axis=1)


def points(
    predicted: Array, scores: Array, costs: Array, expected: NDArray[Any] | None
) -> tuple[Point, ...]:
    """Decided as the signal decides, so that ``spend`` is what is spent."""
    spent, quality = (each.mean(axis=0) for each in _outcomes(predicted, scores, costs, expected))
    found = zip(_TRADES, spent.tolist(), quality.tolist(), strict=True)
    return tuple(Point(trade, cost, right) for trade, cost, right in found)


def ranks(data: Table) -> Array:
    """Where nothing has a price, the cheapest costs nothing and the dearest one."""
    return np.tile(np.linspace(0, 1, len(data.models)), (len(data.rows), 1))
