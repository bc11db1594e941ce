"""The parts of a learned router: each says how likely each model is to be right on a text.

All are plain arrays. ``predict`` takes the `Features` of a text and returns shape ``(k,)``, one
number from 0 to 1 for each of ``k`` models; homeward.learn.train fits them.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from homeward.signals.learned.reader import Features, Numbers

SURFACE = 0.1
"""Weight of a surface feature beside a text's terms, whose squares sum to 1."""


class Part(Protocol):
    def predict(self, read: Features, /) -> Numbers: ...


@dataclass(frozen=True)
class Linear:
    """Logistic regression on terms and surface: ``terms`` ``(v, k)``, ``surface`` ``(11, k)``."""

    terms: Numbers
    surface: Numbers
    bias: Numbers

    def predict(self, read: Features) -> Numbers:
        z = read.values @ self.terms[read.columns] + SURFACE * read.surface @ self.surface
        return squashed(np.asarray(z + self.bias, np.float32))


@dataclass(frozen=True)
class Groups:
    """How good each model is in each group, weighed by which group the text is likely of.

    A group is told by its mean: ``terms`` ``(v, g)`` and ``vector`` ``(128, g)``. ``means`` has
    shape ``(g, k)``, drawn towards the mean of all where a group is small.
    """

    terms: Numbers
    vector: Numbers
    prior: Numbers
    means: Numbers

    def predict(self, read: Features) -> Numbers:
        z = read.values @ self.terms[read.columns] + read.vector @ self.vector + self.prior
        likely = np.exp(z - z.max())
        return np.asarray(likely @ self.means / likely.sum(), np.float32)


@dataclass(frozen=True)
class Neighbours:
    """What happened to similar texts: all of them, weighed by exp(``sharpness`` x cosine).

    ``vectors`` ``(n, 128)``, ``outcomes`` ``(n, k)``. A kernel instead of a fixed number of
    neighbours, with ``prior`` worth of the mean of all, for texts that have none.
    """

    vectors: Numbers
    outcomes: Numbers
    mean: Numbers
    sharpness: float = 12.0
    prior: float = 3.0

    def predict(self, read: Features) -> Numbers:
        near = self.vectors @ read.vector
        weights = np.exp(self.sharpness * (near - near.max()))
        total = weights @ self.outcomes + self.prior * self.mean
        return np.asarray(total / (weights.sum() + self.prior), np.float32)


@dataclass(frozen=True)
class Clusters:
    """How good each model is in the text's cluster of k-means.

    ``centres`` ``(c, 128)``, ``means`` ``(c, k)``. Coarse, and what is left standing when the
    texts change (Avengers, Zhang et al. 2025).
    """

    centres: Numbers
    means: Numbers

    def predict(self, read: Features) -> Numbers:
        distance = ((self.centres - read.vector) ** 2).sum(axis=1)
        return np.asarray(self.means[int(distance.argmin())], np.float32)


@dataclass(frozen=True)
class Factors:
    """Matrix factorisation: a text and a model meet in few dimensions.

    ``texts`` ``(139, r)`` takes the vector and the surface there, ``models`` is ``(r, k)``. As in
    RouteLLM (Ong et al. 2024), but fitted in closed form: reduced-rank ridge regression.
    """

    texts: Numbers
    models: Numbers
    mean: Numbers

    def predict(self, read: Features) -> Numbers:
        dense = np.concatenate([read.vector, SURFACE * read.surface])
        return np.asarray(np.clip(self.mean + dense @ self.texts @ self.models, 0, 1), np.float32)


def squashed(z: Numbers) -> Numbers:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * z)), np.float32)
