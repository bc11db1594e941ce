"""Intervals: how far a number measured on some rows may be from the truth.

`report.wilson` has the quick interval of a share; the bounds here are exact (Clopper-Pearson) or
count rows that belong together as one (cluster bootstrap).
"""

import math
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from homeward.learn.curves import Array

TINY = 1e-300  # Lentz's method divides by what may vanish
HALVINGS = 60  # of 1: beyond a double's precision near any bound that matters
PER_DRAW = 8  # counting a kind of cluster takes about as long as picking so many clusters


class Paired(NamedTuple):
    """The mean of second minus first, and its interval. ``clusters`` were drawn, not rows."""

    difference: float
    low: float
    high: float
    rows: int
    clusters: int


def clopper_pearson(wrong: int, rows: int, confidence: float = 0.9) -> float:
    """The share that is wrong is at most this, at that confidence: an upper bound, one-sided.

    Exact (Clopper and Pearson 1934): over repeated samples it fails at most 1 - confidence of the
    times, for every true share. 1 where there is no row.
    """
    _check(wrong, rows, confidence)
    if wrong == rows:
        return 1.0
    return _beta_quantile(confidence, wrong + 1, rows - wrong)


def clopper_pearson_interval(
    wrong: int, rows: int, confidence: float = 0.95
) -> tuple[float, float]:
    """The same on both sides, half of the doubt on each."""
    tail = (1 + confidence) / 2
    high = clopper_pearson(wrong, rows, tail)
    return 1 - clopper_pearson(rows - wrong, rows, tail), high


def cluster_bootstrap(
    differences: ArrayLike,
    clusters: Sequence[Hashable],
    confidence: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """An interval of the mean of ``differences``, by drawing whole clusters with replacement.

    Rows of one conversation, prompt or template are alike, and one by one they would promise too
    much. Percentiles of the redrawn means (Cameron et al. 2008); approximate, and too narrow below
    some 30 clusters. ValueError for unequal lengths and no row.
    """
    values = np.asarray(differences, dtype=float)
    if values.ndim != 1 or len(values) != len(clusters):
        raise ValueError("each difference needs its cluster: the lists must have one length")
    if not len(values):
        raise ValueError("there is no row to compare; is the table empty?")
    _check(0, 1, confidence)
    numbers = _numbered(clusters)
    sums = np.bincount(numbers, values).astype(float)
    rows = np.bincount(numbers).astype(float)
    means = _redrawn(sums, rows, draws, np.random.default_rng(seed))
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def paired(
    first: ArrayLike,
    second: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> Paired:
    """How much better the second is on the same rows; each row a cluster of its own by default."""
    before, after = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if before.shape != after.shape:
        raise ValueError("two routes are compared on the same rows: the lists must have one length")
    groups: Sequence[Hashable] = range(len(before)) if clusters is None else clusters
    low, high = cluster_bootstrap(after - before, groups, confidence, draws, seed)
    return Paired(float((after - before).mean()), low, high, len(before), len(set(groups)))


# ---------------------------------------------------------------- inside


def _check(wrong: int, rows: int, confidence: float) -> None:
    if not 0 <= wrong <= rows:
        raise ValueError(f"{wrong} of {rows} rows cannot be wrong")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence is between 0 and 1, not {confidence}")


def _numbered(clusters: Sequence[Hashable]) -> NDArray[np.intp]:
    """Each row's cluster as a number from 0: unlike `numpy.unique`, without comparing names."""
    if isinstance(clusters, range):
        return np.arange(len(clusters))
    places: dict[Hashable, int] = {}
    return np.array([places.setdefault(name, len(places)) for name in clusters])


def _redrawn(sums: Array, rows: Array, draws: int, random: np.random.Generator) -> Array:
    """Means of so many redrawn samples, from each cluster's sum and its rows.

    Clusters with one sum and size are one kind. Where there are few kinds (differences of right
    and wrong), drawing how often each kind comes is the same draw, and some hundred times faster.
    """
    count = len(sums)
    kinds, members = np.unique(sums + 1j * rows, return_counts=True)  # a pair that sorts fast
    if len(kinds) * PER_DRAW < count:
        times = random.multinomial(count, members / count, size=draws)
        return np.asarray(times @ kinds.real / (times @ kinds.imag), dtype=float)
    means = np.empty(draws)
    for draw in range(draws):
        times = np.bincount(random.integers(count, size=count), minlength=count)
        means[draw] = (times @ sums) / (times @ rows)
    return means


def _beta_quantile(share: float, a: float, b: float) -> float:
    """Where the beta distribution has ``share`` of its mass to the left, by halving."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _beta_below(middle, a, b) < share else (low, middle)
    return (low + high) / 2


def _beta_below(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by its continued fraction."""
    if x > (a + 1) / (a + b + 2):  # where the fraction converges slowly
        return 1 - _beta_below(1 - x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front += a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    """Modified Lentz's method (Press et al., Numerical Recipes, 6.4)."""
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1) or TINY)
    found = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d, c = 1 / (1 + step * d or TINY), 1 + step / c or TINY
            found *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return found
