"""A trial: is a candidate worse than what is in use, at no more cost?"""

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from homeward.learn.history import Case
from homeward.learn.intervals import Paired, cluster_bootstrap, paired
from homeward.learn.loop.record import Dearer, Judged, Slice
from homeward.learn.loop.slices import asked_at, conversation
from homeward.learn.table import Array, Table, table
from homeward.learn.verdict import MARGIN, Verdict, verdict

DEARER = 0.05
"""Of what is in use may be spent so much more: two routers of one kind differ by that by chance."""


def judge(
    cases: Sequence[Case],
    models: Sequence[str],
    chosen: Sequence[str],
    *,
    slice_: Slice,
    against: int | None = None,
    against_chosen: Sequence[str] | None = None,
    margin: float = MARGIN,
    confidence: float = 0.95,
) -> Judged:
    """Of what a candidate chose beside what the version in use did, on the same requests.

    ``models`` go from cheap to dear and contain all that were chosen; each case has a grade of
    each. With ``against`` None the other side is the best mixture of single models at random that
    costs as much as the candidate.
    """
    data = table([case.row for case in cases], models)
    costs = _costs(data)
    clusters = [conversation(case) for case in cases]
    rows = np.arange(len(cases))
    own = [data.models.index(name) for name in chosen]
    quality, cost = data.scores[rows, own], costs[rows, own]
    mixed = same_spend(data.scores, costs, float(cost.mean()))
    if against_chosen is None:
        old_quality, old_cost = mixed, np.full(len(cases), cost.mean())
        other = len(cases)
    else:
        old = [data.models.index(name) for name in against_chosen]
        old_quality, old_cost = data.scores[rows, old], costs[rows, old]
        other = sum(a != b for a, b in zip(chosen, against_chosen, strict=True))
    found = guarded(old_quality, quality, clusters, confidence)
    said = verdict(found.low, found.high, found.clusters, margin)
    if against_chosen is not None and paired(mixed, quality, clusters, confidence).high < 0:
        beaten = "single models mixed at random are better for the same money"
        said = Verdict("worse", beaten)
    best = int(data.scores.mean(axis=0).argmax())
    return Judged(
        slice=slice_,
        rows=len(cases),
        conversations=found.clusters,
        since=min(map(asked_at, cases)),
        until=max(map(asked_at, cases)),
        quality=float(quality.mean()),
        cost=float(cost.mean()),
        against=against,
        against_quality=float(old_quality.mean()),
        against_cost=float(old_cost.mean()),
        difference=found.difference,
        low=found.low,
        high=found.high,
        confidence=confidence,
        other=other,
        best_single=data.models[best],
        best_single_quality=float(data.scores[:, best].mean()),
        best_single_cost=float(costs[:, best].mean()),
        same_spend_quality=float(mixed.mean()),
        in_usd=data.costs is not None,
        dearer=_dearer(paired(old_cost, cost, clusters, confidence), float(old_cost.mean())),
        verdict=said,
    )


def same_spend(scores: Array, costs: Array, spending: float) -> Array:
    """Expected scores ``(n,)`` of the best that single models reach for this mean cost.

    One of them, or two mixed at random; the cheapest where even that is dearer. It is chosen on
    the rows themselves, which favours it.
    """
    mean_cost, mean_score = costs.mean(axis=0), scores.mean(axis=0)
    shares = [np.eye(len(mean_cost))[int(mean_cost.argmin())]]
    for a, b in combinations(range(len(mean_cost)), 2):
        cheap, dear = (a, b) if mean_cost[a] <= mean_cost[b] else (b, a)
        if mean_cost[cheap] > spending:
            continue
        most = 1.0
        if spending < mean_cost[dear]:
            most = float((spending - mean_cost[cheap]) / (mean_cost[dear] - mean_cost[cheap]))
        for part in (0.0, most):
            share = np.zeros(len(mean_cost))
            share[cheap], share[dear] = 1 - part, part
            shares.append(share)
    best: NDArray[np.float64] = max(shares, key=lambda share: float(mean_score @ share))
    return np.asarray(scores @ best, np.float64)


def guarded(old: Array, new: Array, clusters: Sequence[str], confidence: float) -> Paired:
    """As `paired`, with an interval that rare differences do not deceive.

    Where two routers chose alike on all of 50 requests, redrawing those finds no difference, and
    still one answer in 20 may be worse. So two conversations are added to what is redrawn, one all
    better and one all worse: for pairs of right and wrong that is the adjustment of Bonett and
    Price (2012).
    """
    found = paired(old, new, clusters)
    size = math.ceil(len(old) / found.clusters)
    low, high = cluster_bootstrap(
        np.concatenate([new - old, np.ones(size), -np.ones(size)]),
        [*((name,) for name in clusters), *["better"] * size, *["worse"] * size],
        confidence,
    )
    return found._replace(low=low, high=high)


def _costs(data: Table) -> Array:
    """In US dollars, or where a price is not known the model's place from cheap to dear."""
    if data.costs is not None:
        return data.costs
    return np.tile(np.linspace(0, 1, len(data.models)), (len(data.rows), 1))


def _dearer(more: Paired, now: float) -> Dearer:
    allowed = DEARER * now + 1e-12
    if more.difference <= allowed:
        return "no"
    return "surely" if more.low > allowed else "perhaps"
