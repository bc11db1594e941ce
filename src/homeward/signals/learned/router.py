"""A learned router: plain arrays that say which model will be right on a prompt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from msgspec import Struct, field

from homeward.model import Answer
from homeward.signals.answers import extractor
from homeward.signals.learned.checked import Checked, gathered
from homeward.signals.learned.familiar import Familiar
from homeward.signals.learned.parts import SURFACE, Part
from homeward.signals.learned.reader import Features, Numbers, Reader
from homeward.signals.promise import Promise


class Point(Struct, frozen=True):
    """What a ``trade`` (quality a unit of spending must bring) gave on rows left out.

    ``spent`` is the mean cost, from 0 (always the cheapest model) to 1 (always the dearest).
    """

    trade: float
    spent: float
    quality: float


class Card(Struct, frozen=True):
    """What a router was trained on and how good it was. Quality and shares are 0 to 1.

    ``models`` go from cheap to dear; ``costs`` are their mean costs in training, in USD or in the
    unit of the price list. ``default`` is the model for prompts out of distribution. ``validated``
    is what each way of blending reached on rows left out: the share of the gap recovered (two
    models) or quality averaged over cost; ``baselines`` the same, or how often right those are that
    only pick. ``promise`` is what its chance for the cheapest of two models, cross-fitted on the
    rows it was trained on, is good for.
    """

    models: tuple[str, ...]
    default: str
    costs: tuple[float, ...]
    labels: int
    seed: int
    date: str
    table: str = ""
    groups: tuple[str, ...] = ()
    blend: Mapping[str, float] = field(default_factory=dict[str, float])
    validated: Mapping[str, float] = field(default_factory=dict[str, float])
    baselines: Mapping[str, float] = field(default_factory=dict[str, float])
    accuracy: Mapping[str, float] = field(default_factory=dict[str, float])
    points: tuple[Point, ...] = ()
    prices: Mapping[str, float] = field(default_factory=dict[str, float])
    with_answer: bool = False
    checkers: tuple[str, ...] = ()
    type: str | None = None  # of the answers that are compared
    used: str = "usual"  # of the ways in `validated`
    promise: Promise | None = None
    version: int = 1


class Prediction(NamedTuple):
    """``quality`` is the chance of each model to be right, ``costs`` what each is expected to take.

    ``likeness`` is the share of training prompts less alike than this one; ``is_known`` is false
    out of distribution.
    """

    quality: Mapping[str, float]
    costs: Mapping[str, float]
    likeness: float
    is_known: bool


@dataclass(frozen=True)
class Costs:
    """Expected cost of each model: exp of a linear function of surface and vector, ``(140, k)``."""

    weights: Numbers

    def predict(self, read: Features) -> Numbers:
        dense = np.concatenate([read.vector, SURFACE * read.surface, [1.0]])
        return np.asarray(np.exp(dense @ self.weights), np.float32)


@dataclass(frozen=True)
class LearnedRouter:
    """``blend`` has the weight of each part. ``checked`` is there where answers may be read."""

    card: Card
    reader: Reader
    parts: Mapping[str, Part]
    familiar: Familiar
    costs: Costs | None = None
    checked: Checked | None = None

    @property
    def models(self) -> tuple[str, ...]:
        return self.card.models

    def predict(self, prompt: str) -> Prediction:
        """All of it, in well under a millisecond."""
        read = self.reader.read(prompt)
        quality, costs = self.quality(read), self.cost(read)
        likeness = self.familiar.likeness(read)
        names = self.card.models
        return Prediction(
            dict(zip(names, map(float, quality), strict=True)),
            dict(zip(names, map(float, costs), strict=True)),
            likeness,
            likeness >= self.familiar.least,
        )

    def quality(self, read: Features) -> Numbers:
        """The blend, shape ``(k,)``."""
        total = sum(
            weight * self.parts[name].predict(read) for name, weight in self.card.blend.items()
        )
        return np.asarray(total, np.float32)

    def cost(self, read: Features) -> Numbers:
        """Expected, shape ``(k,)``."""
        if self.costs is None:
            return np.array(self.card.costs, np.float32)
        return self.costs.predict(read)

    def right(self, prompt: str, text: str, own: str | None, others: Sequence[str | None]) -> float:
        """How likely the cheapest model's answer is right, having been seen. Needs ``checked``."""
        if self.checked is None:
            raise ValueError("this router was trained without answers; train it --with-answer")
        read = self.reader.read(prompt)
        shown = text if self.card.with_answer else None
        evidence = gathered(prompt, shown, own, others, len(text))
        return self.checked.probability(read, text, evidence)

    def typed(self, answer: Answer) -> str | None:
        """What agreement compares of an answer."""
        return extractor(self.card.type)(answer) if self.card.type else None
