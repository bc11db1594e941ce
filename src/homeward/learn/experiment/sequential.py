"""Confidence sequences: intervals that hold at every look, however often and long one looks.

An ordinary interval is right at one look that was fixed beforehand. Who looks again and again and
stops at the first difference finds one where there is none in a third of all cases. Here the whole
sequence of intervals holds at once, so that anybody may look, go on, or stop, at any time.

Values with bounds are tested by betting (Waudby-Smith and Ramdas 2023, arXiv:2010.09686): a
gambler who bets on a wrong mean grows rich, and one who bets on the true mean does so with a
chance of at most alpha, ever (Ville). That holds for any number of values, rare errors included.
Of values without bounds nobody can promise that: there it is asymptotic (Waudby-Smith et al. 2021,
arXiv:2103.06476), and nothing is said before `BURN_IN` values. ``bench/peeking.py`` measures both.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

BURN_IN = 50
TIGHTEST = 150  # values at which the asymptotic sequence is as narrow as it can be
HALVINGS = 40

_LARGE = np.arange(1, 16, 2) / 15 * 0.8
_SMALL = _LARGE[0] / 2.0 ** np.arange(1, 5)  # so that the interval goes on narrowing
_BETS = np.concatenate([_LARGE, _SMALL])
_WEIGHTS = np.log(np.concatenate([np.full(8, 15 / 16 / 16), np.full(4, 1 / 16 / 8)]))
"""Fractions of the fortune, and the logarithms of the parts of it that go on either side."""


class Interval(NamedTuple):
    """A mean and the ends between which it lies; infinite where nothing can be said yet."""

    mean: float
    low: float
    high: float
    size: int


def log_wealth(values: ArrayLike, mean: float = 0.0) -> Array:
    """The logarithm of the fortune after each value, in bets that their mean is not ``mean``.

    ``values`` lie in -1..1, in their order along the last axis; the axes before it are runs side
    by side. The fortune is 1 at first, and an average over constant bets on both sides: what
    comes late or in another order ends with the same.
    """
    found = np.asarray(values, dtype=float)
    rich = np.full(found.shape, -np.inf)
    for side in (1.0, -1.0):
        room = 1 + side * mean  # a bet above 1 / room could lose more than there is
        for bet, weight in zip(_BETS, _WEIGHTS, strict=True):
            grown = np.log1p(side * bet / room * (found - mean)).cumsum(axis=-1)
            rich = np.logaddexp(rich, weight + grown)
    return rich


def bounded(values: ArrayLike, reach: float = 1.0, confidence: float = 0.95) -> Interval:
    """The mean of values from -reach to reach: all means that nobody grew rich by betting against.

    Values must come one after the other, each drawn without regard to those after it. Valid at
    every count of them at once. ValueError for a value out of reach.
    """
    found = _checked(values, confidence) / reach
    if not len(found):
        return Interval(math.nan, -reach, reach, 0)
    if np.abs(found).max() > 1 + 1e-9:
        raise ValueError(f"a value is not between -{reach:g} and {reach:g}: say how far they reach")
    found = np.clip(found, -1, 1)
    kinds, times = np.unique(found, return_counts=True)
    limit = -math.log(1 - confidence)
    mean = float(found.mean())
    low = _end(kinds, times, mean, limit)
    high = -_end(-kinds, times, -mean, limit)
    return Interval(mean * reach, low * reach, high * reach, len(found))


def unbounded(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """The mean of values that may be anything, such as seconds and money: asymptotic.

    A normal mixture (arXiv:2103.06476, theorem 2.2), tightest at `TIGHTEST` values. Infinite
    before `BURN_IN` of them.
    """
    found = _checked(values, confidence)
    count = len(found)
    mean = float(found.mean()) if count else math.nan
    if count < BURN_IN:
        return Interval(mean, -math.inf, math.inf, count)
    half = float(found.std()) * radius(np.array([count]), confidence)[0]
    return Interval(mean, mean - half, mean + half, count)


def radius(counts: NDArray[np.int_], confidence: float = 0.95) -> Array:
    """Half of the asymptotic interval after so many values, in standard deviations."""
    alpha = 1 - confidence
    doubt = -2 * math.log(alpha)
    rho2 = (doubt + math.log(doubt + 1)) / TIGHTEST
    spread = counts * rho2 + 1
    half = np.sqrt(2 * spread / (counts**2 * rho2) * np.log(np.sqrt(spread) / alpha))
    return np.asarray(half, dtype=float)


def _end(kinds: Array, times: NDArray[np.intp], mean: float, limit: float) -> float:
    """The lower end: the largest mean below which betting on more is worth ``limit``.

    The worth falls as the mean that is bet against rises, so it is found by halving.
    """
    low, high = -1.0, mean
    if mean <= low:
        return low
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        grown = np.log1p(_BETS[:, None] / (1 + middle) * (kinds - middle)) @ times
        if np.logaddexp.reduce(_WEIGHTS + grown) >= limit:
            low = middle
        else:
            high = middle
    return low


def _checked(values: ArrayLike, confidence: float) -> Array:
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence is between 0 and 1, not {confidence}")
    found = np.asarray(values, dtype=float)
    if found.ndim != 1 or not np.isfinite(found).all():
        raise ValueError("values are a list of finite numbers")
    return found
