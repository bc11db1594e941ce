"""What a treatment changes, a number for each conversation, ready for a confidence sequence.

The unit is the conversation: its requests get one arm and are alike. A conversation that is
answered by both arms gives the difference of their means; one that has one arm is compared with
those before it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from homeward.learn.experiment.sequential import Array


class Split(NamedTuple):
    """A number for each conversation but the first, whose mean is the effect, within ``reach``."""

    values: Array
    reach: float


def augmented(outcomes: ArrayLike, treated: Sequence[bool], share: float) -> Split:
    """The effect in an A/B test, where each conversation has one arm: by its known chance.

    ``outcomes`` are 0 to 1 in the order in which conversations began. Each is weighed by the
    chance of its arm after taking off the mean of that arm's outcomes before it, which leaves the
    effect unbiased whatever it is, and about as exact as the difference of the two means
    (augmented inverse propensity weighting, arXiv:2103.06476, 3). Bounded, so that
    `homeward.learn.experiment.sequential.bounded` may be used. Other outcomes than 0 to 1 have
    no reach: ignore it. The first conversation has none before it, and only helps the others.
    """
    found = np.asarray(outcomes, dtype=float)
    arm = np.asarray(treated, dtype=bool)
    if found.shape != arm.shape or found.ndim != 1:
        raise ValueError("each outcome needs its arm: the lists must have one length")
    if not 0 < share < 1:
        raise ValueError(f"the share of the treatment is above 0 and below 1, not {share}")
    after, before = _means_before(found, arm), _means_before(found, ~arm)
    surprise = np.where(arm, (found - after) / share, -(found - before) / (1 - share))
    return Split((after - before + surprise)[1:], 1 + 1 / min(share, 1 - share))


def centred(outcomes: ArrayLike, treated: Sequence[bool]) -> Array:
    """The same for one look: a number for each, whose mean is the difference of the arms' means.

    ValueError where an arm has no outcome.
    """
    found = np.asarray(outcomes, dtype=float)
    arm = np.asarray(treated, dtype=bool)
    if not arm.any() or arm.all():
        raise ValueError("each arm needs an outcome")
    second, first = found[arm].mean(), found[~arm].mean()
    share = arm.mean()
    surprise = np.where(arm, (found - second) / share, -(found - first) / (1 - share))
    return np.asarray(second - first + surprise, dtype=float)


def _means_before(outcomes: Array, arm: NDArray[np.bool_]) -> Array:
    """Of each place, the mean of this arm's outcomes before it, drawn to that of both arms' by one.

    The first place has none before it, and gets a 0.
    """
    counts = arm.cumsum() - arm
    sums = np.where(arm, outcomes, 0.0).cumsum() - np.where(arm, outcomes, 0.0)
    every = outcomes.cumsum() - outcomes
    both = every / np.maximum(np.arange(len(outcomes)), 1)
    return np.asarray((sums + both) / (counts + 1), dtype=float)
