"""Familiar: whether a text is of the kind that a router was trained on."""

from dataclasses import dataclass

import numpy as np

from homeward.signals.learned.reader import Features, Numbers

NEAR = 5
"""How many of the nearest texts are looked at."""
STEPS = 200
"""Levels are kept in steps of a two-hundredth."""
ROUNDING = 1e-6
"""Of a level, which is kept in 32 bits: where all texts are alike in something, all are known."""


@dataclass(frozen=True)
class Familiar:
    """Out of distribution is what is less alike than all but few of the texts trained on.

    Four likenesses: to the nearest texts by vector; known words; surface (minus the squared
    Mahalanobis distance); and the terms that most texts have (the log likelihood that those are
    there and missing which are). ``vectors`` ``(n, 128)``; ``middle`` ``(11,)`` and ``inverse``
    ``(11, 11)`` are of the surface; ``terms`` ``(v,)`` is what the presence of a common term
    adds to the log likelihood of a text with none, ``without``; ``levels`` ``(4, 201)`` are the
    quantiles of each likeness in training.
    """

    vectors: Numbers
    middle: Numbers
    inverse: Numbers
    terms: Numbers
    without: float
    levels: Numbers
    least: float = 0.005

    def likeness(self, read: Features) -> float:
        """0 to 1: the share of training texts that are less alike, by the worst of the four."""
        rounded = (value + ROUNDING * (1 + abs(value)) for value in self.measure(read))
        found = zip(self.levels, rounded, strict=True)
        ranks = [int(np.searchsorted(level, value, side="right")) - 1 for level, value in found]
        return max(min(ranks), 0) / STEPS

    def measure(self, read: Features) -> tuple[float, float, float, float]:
        near = self.vectors @ read.vector
        top = min(NEAR, len(near))
        nearest = float(np.partition(near, -top)[-top:].mean())
        away = read.surface - self.middle
        usual = self.without + float(self.terms[read.columns].sum())
        return nearest, read.share, -float(away @ self.inverse @ away), usual
