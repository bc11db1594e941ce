"""Baselines: what anyone would try first, measured as a router is."""

from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec import Struct

from homeward.learn import curves
from homeward.learn.curves import Curve
from homeward.learn.table import Array, Table
from homeward.signals.text.words import words


class Measured(Struct, frozen=True, omit_defaults=True):
    """Of a way to route. Shares and qualities are 0 to 1.

    For two models: ``apgr``, and ``cpt50`` and ``cpt80``, the shares of strong calls that recover
    half and four fifths of the gap (RouteLLM, Ong et al. 2024, at full resolution). For several,
    or where costs are known: ``aiq``, the quality averaged over cost (RouterBench, Hu et al.
    2024), ``cost_saved_at_best_single`` and ``accuracy_at_best_single_cost``.
    """

    apgr: float | None = None
    cpt50: float | None = None
    cpt80: float | None = None
    aiq: float | None = None
    cost_saved_at_best_single: float | None = None
    accuracy_at_best_single_cost: float | None = None
    model: str | None = None
    accuracy: float | None = None
    cost: float | None = None


def is_priced(data: Table) -> bool:
    """Whether models differ in cost."""
    return data.costs is not None and float(np.ptp(data.costs.mean(axis=0))) > 0


# ---------------------------------------------------------------- two models


def paired(score: Array, scores: Array) -> Measured:
    curve = curves.deferral(score, scores[:, 0], scores[:, 1])
    half, most = curves.cpt(curve, 0.5), curves.cpt(curve, 0.8)
    return Measured(apgr=curves.apgr(curve), cpt50=half, cpt80=most)


# ---------------------------------------------------------------- several


def points(quality: Array, costs: Array, data: Table) -> list[tuple[float, float]]:
    """Cost and quality under each trade between them, and of the cheapest model alone."""
    assert data.costs is not None  # noqa: S101 - asked by `is_priced`
    rows = np.arange(len(data.rows))
    unit = float(costs.mean()) or 1.0  # as expected, which may be in another unit than recorded
    found = [singles(data)[data.models[int(data.costs.mean(axis=0).argmin())]]]
    for trade in (0.0, *np.geomspace(1e-3, 100, 200)):
        chosen = (quality - trade * costs / unit).argmax(axis=1)
        cost = float(data.costs[rows, chosen].mean())
        found.append((cost, float(data.scores[rows, chosen].mean())))
    return found


def singles(data: Table) -> dict[str, tuple[float, float]]:
    """Mean cost and quality of each model alone."""
    assert data.costs is not None  # noqa: S101 - asked by `is_priced`
    costs, scores = data.costs.mean(axis=0), data.scores.mean(axis=0)
    return {m: (float(costs[k]), float(scores[k])) for k, m in enumerate(data.models)}


def several(found: Sequence[tuple[float, float]], data: Table) -> Measured:
    alone = singles(data)
    low, high = min(c for c, _ in alone.values()), max(c for c, _ in alone.values())
    cost, quality = alone[best(data)]
    curve = curves.hull(found)
    return Measured(
        aiq=curves.aiq(curve, low, high),
        cost_saved_at_best_single=saved(curve, cost, quality),
        accuracy_at_best_single_cost=curves.at_cost(curve, cost),
    )


def saved(curve: Curve, cost: float, quality: float) -> float:
    """None is saved where the quality is not reached."""
    return max(curves.saved(curve, cost, quality) or 0.0, 0.0)


def best(data: Table) -> str:
    return data.models[int(data.scores.mean(axis=0).argmax())]


# ---------------------------------------------------------------- baselines


def baselines(data: Table) -> dict[str, Measured]:
    """Random at every spend, the longer prompt to the dearer model, the best single model, the
    hull of single models, and the oracle that knows who will be right.
    """
    scores = data.scores
    name = best(data)
    single = Measured(
        model=name,
        accuracy=float(scores[:, data.models.index(name)].mean()),
        cost=None if data.costs is None else singles(data)[name][0],
    )
    oracle = Measured(accuracy=float(scores.max(axis=1).mean()))
    found = {"random": Measured(accuracy=float(scores.mean()))}
    length = np.array([float(len(words(row.prompt))) for row in data.rows])
    if len(data.models) == 2:
        gain = scores[:, 1] - scores[:, 0]
        found |= {"random": paired(np.zeros(len(gain)), scores), "length": paired(length, scores)}
        oracle = msgspec.structs.replace(paired(gain, scores), accuracy=oracle.accuracy)
    found |= {"best_single": single, "oracle": oracle}
    if is_priced(data):
        found["hull"] = several(list(singles(data).values()), data)
        found.setdefault("length", several(by_length(length, data), data))
    return found


def by_length(length: Array, data: Table) -> list[tuple[float, float]]:
    """The longest prompts to the best single model, the others to the cheapest."""
    assert data.costs is not None  # noqa: S101 - asked by `is_priced`
    cheap = int(data.costs.mean(axis=0).argmin())
    dear = data.models.index(best(data))
    quality = curves.deferral(length, data.scores[:, cheap], data.scores[:, dear]).quality
    cost = curves.deferral(length, data.costs[:, cheap], data.costs[:, dear]).quality
    found = [(float(c), float(q)) for c, q in zip(cost, quality, strict=True)]
    return [*found[: -1 : max(1, len(length) // 500)], found[-1]]
