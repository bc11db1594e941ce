"""Measures: how well a probability tells right answers from wrong ones, and how honest it is.

``right`` is 0 to 1 everywhere: a graded row counts as that much right and the rest of it wrong.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from homeward.learn.curves import Array, steps


class Bin(NamedTuple):
    """The rows whose probability fell between two edges."""

    probability: float  # their mean
    right: float  # the share of them that was right
    rows: int


def auroc(score: ArrayLike, right: ArrayLike) -> float | None:
    """The chance that a right row scores above a wrong one, ties counted half.

    0.5 says nothing, 1 separates them. None where all are right or all wrong.
    """
    values, credit = _pair(score, right)
    order = np.argsort(values, kind="stable")
    starts = steps(values[order])
    good = np.add.reduceat(credit[order], starts)
    bad = np.add.reduceat(1 - credit[order], starts)
    if good.sum() <= 0 or bad.sum() <= 0:
        return None
    below = np.cumsum(bad) - bad / 2
    return float(good @ below / (good.sum() * bad.sum()))


def reliability(probability: ArrayLike, right: ArrayLike, bins: int = 10) -> list[Bin]:
    """What was said against what came true, in ``bins`` of equal width; empty ones are left out."""
    said, credit = _pair(probability, right)
    if said.min() < 0 or said.max() > 1:
        raise ValueError("a probability is 0 to 1; calibrate the scores first")
    if bins < 1:
        raise ValueError(f"a reliability diagram needs at least 1 bin, not {bins}")
    place = np.minimum((said * bins).astype(int), bins - 1)
    rows = np.bincount(place, minlength=bins)
    total = np.bincount(place, said, bins)
    good = np.bincount(place, credit, bins)
    return [
        Bin(float(total[at] / rows[at]), float(good[at] / rows[at]), int(rows[at]))
        for at in np.flatnonzero(rows)
    ]


def ece(probability: ArrayLike, right: ArrayLike, bins: int = 10) -> float:
    """Expected calibration error (Guo et al. 2017): how far off a probability is on average.

    The mean distance between what was said and what came true, over the bins of `reliability`.
    """
    found = reliability(probability, right, bins)
    rows = sum(each.rows for each in found)
    return sum(each.rows * abs(each.probability - each.right) for each in found) / rows


def _pair(score: ArrayLike, right: ArrayLike) -> tuple[Array, Array]:
    values, credit = np.asarray(score, dtype=float), np.asarray(right, dtype=float)
    if values.shape != credit.shape or values.ndim != 1:
        raise ValueError("scores and what was right must be lists of one length")
    if not len(values):
        raise ValueError("there is no row to measure; is the table empty?")
    if np.isnan(values).any() or np.isnan(credit).any():
        raise ValueError("scores and what was right must be numbers; one of them is NaN")
    if credit.min() < 0 or credit.max() > 1:
        raise ValueError("how right a row is must be 0 to 1")
    return values, credit
