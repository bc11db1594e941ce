"""Routed: how good a learned router is on rows that it has not seen, beside the baselines."""

import time
from collections.abc import Mapping, Sequence
from statistics import quantiles

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from homeward.learn.baselines import Measured, baselines, is_priced, paired, points, several
from homeward.learn.measures import auroc, ece
from homeward.learn.table import RIGHT, Array, Table, table
from homeward.learn.train.answers import evidence_of
from homeward.outcomes import Row
from homeward.signals.learned.router import LearnedRouter
from homeward.signals.promise import Promise


class PromiseKept(Struct, frozen=True, omit_defaults=True):
    """``kept`` is the share of rows that stay with the cheap model, ``right`` how many of those
    are right; None where none stays. Rows out of distribution do not stay.
    """

    target: float
    confidence: float
    kept: float
    threshold: float | None = None
    right: float | None = None

    @property
    def words(self) -> str:
        promised = f"promised {self.target:.0%} at {self.confidence:.0%} confidence"
        if self.right is None:
            return f"{promised}: nothing stays with the cheap model"
        return f"{promised}: {self.kept:.1%} stay, {self.right:.1%} of them are right"


class RouterReport(Struct, frozen=True, omit_defaults=True):
    """What ``homeward evaluate TABLE --router DIR --json`` prints.

    ``labels`` is how many rows it was trained on. ``auroc`` and ``ece`` are of the chance that a
    model's answer is right: the cheap model's for two, all models' for several. ``default`` is
    the model for the share of rows that is ``out_of_distribution``. ``accuracy``, of several, is
    how often the model that is likeliest to be right is so, whatever it costs.
    """

    rows: int
    labels: int
    models: tuple[str, ...]
    decision_ms_p50: float
    decision_ms_p95: float
    out_of_distribution: float
    default: str
    baselines: Mapping[str, Measured]
    apgr: float | None = None
    cpt50: float | None = None
    cpt80: float | None = None
    auroc: float | None = None
    ece: float | None = None
    aiq: float | None = None
    cost_saved_at_best_single: float | None = None
    accuracy_at_best_single_cost: float | None = None
    accuracy: float | None = None
    trained_on: str = ""
    promise: PromiseKept | None = None


class Walked(Struct, frozen=True):
    """A router over a table: chances of being right and expected costs, each ``(n, k)``.

    ``ms`` of each row are its decision, with what is read of the answers.
    """

    data: Table
    quality: Array
    costs: Array
    known: NDArray[np.bool_]
    ms: Sequence[float]


def walk(router: LearnedRouter, rows: Sequence[Row]) -> Walked:
    """Every decision as the signal would make it; `ConfigError` where a model has no answers."""
    card = router.card
    names = [*card.models]
    data = table(rows, names, card.prices)
    predictions, chance, ms = [], [], []
    for row in data.rows:
        began = time.perf_counter()
        predictions.append(router.predict(row.prompt))
        if router.checked is not None:
            chance.append(chance_of(router, row))
        ms.append((time.perf_counter() - began) * 1e3)
    quality = np.array([[p.quality[m] for m in card.models] for p in predictions])
    if chance:
        quality[:, 0] = chance
    costs = np.array([[p.costs[m] for m in card.models] for p in predictions])
    return Walked(data, quality, costs, np.array([p.is_known for p in predictions]), ms)


def chance_of(router: LearnedRouter, row: Row) -> float:
    """That the cheapest model's recorded answer is right, as the check `learned` says it.

    Needs ``router.checked``.
    """
    card = router.card
    assert router.checked is not None  # noqa: S101 - its callers have asked
    evidence = evidence_of(
        row, card.models[0], card.checkers, card.type, with_answer=card.with_answer
    )
    said = row.answers[card.models[0]].said
    return router.checked.probability(router.reader.read(row.prompt), said, evidence)


def measure(router: LearnedRouter, rows: Sequence[Row]) -> RouterReport:
    """The report. ``rows`` must be others than it was trained on; that is not checked."""
    return reported(router, walk(router, rows))


def reported(router: LearnedRouter, walked: Walked) -> RouterReport:
    data = walked.data
    is_pair = len(data.models) == 2
    own = paired(lead(walked), data.scores) if is_pair else Measured()
    if is_priced(data):
        priced = several(points(walked.quality, walked.costs, data), data)
        own = msgspec.structs.replace(priced, apgr=own.apgr, cpt50=own.cpt50, cpt80=own.cpt80)
    chance, right = chances(walked)
    return RouterReport(
        rows=len(data.rows),
        labels=router.card.labels,
        models=data.models,
        apgr=own.apgr,
        cpt50=own.cpt50,
        cpt80=own.cpt80,
        auroc=auroc(chance, right),
        ece=ece(np.clip(chance, 0, 1), right),
        aiq=own.aiq,
        cost_saved_at_best_single=own.cost_saved_at_best_single,
        accuracy_at_best_single_cost=own.accuracy_at_best_single_cost,
        accuracy=None if is_pair else _picked(walked),
        decision_ms_p50=_percentile(walked.ms, 50),
        decision_ms_p95=_percentile(walked.ms, 95),
        out_of_distribution=float(1 - walked.known.mean()),
        default=router.card.default,
        baselines=baselines(data),
        trained_on=router.card.table,
        promise=_kept(router.card.promise, walked, chance, right) if is_pair else None,
    )


def _picked(walked: Walked) -> float:
    picks = walked.quality.argmax(axis=1)
    return float(walked.data.scores[np.arange(len(picks)), picks].mean())


def lead(walked: Walked) -> Array:
    """By how much the dearest model is likelier to be right than the cheapest, ``(n,)``."""
    return np.asarray(walked.quality[:, -1] - walked.quality[:, 0], np.float64)


def chances(walked: Walked) -> tuple[Array, Array]:
    """What was said of being right, and whether it came true: of the cheap model of two, of all
    models of several.
    """
    of = slice(0, 1) if len(walked.data.models) == 2 else slice(None)
    right = walked.data.scores[:, of].ravel() >= RIGHT
    return walked.quality[:, of].ravel(), right.astype(np.float64)


def _kept(
    promise: Promise | None, walked: Walked, chance: Array, right: Array
) -> PromiseKept | None:
    if promise is None:
        return None
    threshold = promise.rest.threshold
    stays = walked.known & (chance >= (np.inf if threshold is None else threshold))
    share = float(right[stays].mean()) if stays.any() else None
    return PromiseKept(promise.target, promise.confidence, float(stays.mean()), threshold, share)


def _percentile(numbers: Sequence[float], percent: int) -> float:
    if len(numbers) == 1:
        return numbers[0]
    return quantiles(numbers, n=100, method="inclusive")[percent - 1]  # of these rows, and no guess
