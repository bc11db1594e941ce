"""Combine: how good each check is, and the weights with which they are best together."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from homeward.errors import ConfigError
from homeward.learn.curves import Array
from homeward.learn.measures import auroc
from homeward.signals.combination import Combination, Feature, Grade

FEWEST = 40  # rows; with fewer the weights are noise
MOST_STEPS = 50
CLOSE = 1e-9  # a Newton step that is shorter ends the fit


class Logistic(NamedTuple):
    """p = 1 / (1 + exp(-(intercept + x @ weights)))."""

    intercept: float
    weights: Array

    def probability(self, x: Array) -> Array:
        return _sigmoid(self.intercept + x @ self.weights)


def logistic(x: ArrayLike, right: ArrayLike, l2: float = 1.0) -> Logistic:
    """Fit a logistic regression by Newton's method (IRLS), for tens of columns.

    ``x`` is rows by columns, standardised by the caller; ``right`` is 0 to 1, a part of a right
    row counting as that much. ``l2`` above 0 is half the penalty on the squared weights, not on
    the intercept: scikit-learn's 1 / C. So there is one optimum, also where a column separates.
    """
    columns, credit = np.asarray(x, dtype=float), np.asarray(right, dtype=float)
    whole = np.column_stack([np.ones(len(columns)), columns])
    penalty = np.full(whole.shape[1], l2)
    penalty[0] = 1e-9  # where all are right the intercept has an optimum, too
    beta = np.zeros(whole.shape[1])
    loss = _loss(whole, credit, penalty, beta)
    for _ in range(MOST_STEPS):
        p = _sigmoid(whole @ beta)
        gradient = whole.T @ (p - credit) + penalty * beta
        curvature = (whole * (p * (1 - p))[:, None]).T @ whole + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while size > CLOSE and _loss(whole, credit, penalty, beta - size * step) > loss:
            size /= 2  # Newton's method overshoots where the curvature is flat
        beta = beta - size * step
        loss = _loss(whole, credit, penalty, beta)
        if float(np.abs(size * step).max()) < CLOSE:
            break
    return Logistic(float(beta[0]), beta[1:])


def graded(
    scores: Mapping[str, Sequence[float | None]], right: Sequence[float]
) -> dict[str, Grade]:
    """Each check's AUROC over rows; a score of None is an abstention."""
    return {name: _grade(mine, right) for name, mine in scores.items()}


def combine(
    seen: Sequence[Mapping[str, float]],
    scores: Mapping[str, Sequence[float | None]],
    right: Sequence[float],
    *,
    made: str,
    model: str = "",
    folds: int = 5,
    l2: float = 1.0,
    seed: int = 0,
) -> Combination:
    """Learn p(right) from the `features` of each row's answer; ``made`` is today's date.

    ``scores`` are those of each check alone, to be graded beside the whole. `ConfigError` for too
    few rows, and where all answers are right or all wrong: nothing can be learned from those.
    """
    if len(right) < FEWEST:
        raise ConfigError(f"{len(right)} rows are too few to combine checks; give {FEWEST} or more")
    credit = np.asarray(right, dtype=float)
    if not 0 < credit.mean() < 1:
        all_ = "right" if credit.all() else "wrong"
        raise ConfigError(f"all {len(right)} answers are {all_}; checks need some of either kind")
    names = sorted({name for row in seen for name in row})
    x = np.array([[row.get(name, np.nan) for name in names] for row in seen])
    mean, scale, fitted = _fit(x, credit, l2)
    held_out = np.empty(len(x))
    for part in np.array_split(np.random.default_rng(seed).permutation(len(x)), folds):
        rest = np.ones(len(x), dtype=bool)
        rest[part] = False
        middle, width, model_of_rest = _fit(x[rest], credit[rest], l2)
        held_out[part] = model_of_rest.probability(_standard(x[part], middle, width))
    return Combination(
        made=made,
        rows=len(x),
        right=float(credit.mean()),
        folds=folds,
        intercept=fitted.intercept,
        features=tuple(
            Feature(name, float(mean[at]), float(scale[at]), float(fitted.weights[at]))
            for at, name in enumerate(names)
            if fitted.weights[at]
        ),
        checks=graded(scores, right),
        combined=_grade([float(p) for p in held_out], right),
        model=model,
    )


def _fit(x: Array, credit: Array, l2: float) -> tuple[Array, Array, Logistic]:
    """Mean and scale of each column, and the weights; a column of one value has weight 0."""
    known = ~np.isnan(x)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, x, 0).sum(axis=0) / count
    spread = np.sqrt(np.where(known, (x - mean) ** 2, 0).sum(axis=0) / count)
    scale = np.where(spread > CLOSE, spread, np.inf)
    fitted = logistic(_standard(x, mean, scale), credit, l2)
    return mean, scale, fitted


def _standard(x: Array, mean: Array, scale: Array) -> Array:
    """What is not known counts as the mean."""
    standard: Array = np.nan_to_num((x - mean) / scale, nan=0.0)
    return standard


def _grade(scores: Sequence[float | None], right: Sequence[float]) -> Grade:
    known = [(score, good) for score, good in zip(scores, right, strict=True) if score is not None]
    if not known:
        return Grade(None, 0.0, None)
    below = min(score for score, _ in known) - 1.0
    return Grade(
        auroc=auroc(*zip(*known, strict=True)),
        share=len(known) / len(scores),
        auroc_all=auroc([below if score is None else score for score in scores], right),
    )


def _loss(x: Array, credit: Array, penalty: Array, beta: Array) -> float:
    z = x @ beta
    return float(np.logaddexp(0, z).sum() - credit @ z + penalty @ beta**2 / 2)


def _sigmoid(z: Array) -> Array:
    p: Array = np.exp(-np.logaddexp(0, -z))
    return p
