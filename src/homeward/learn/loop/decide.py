"""What becomes of a version, by what was found of it. No file is touched here."""

import math
from typing import NamedTuple

from homeward.learn.loop.record import Judged, State

DOUBT = 0.05
"""Chance, over all looks together, to take a worse version for one that is not."""
LOOKS = 4
"""So many undecided looks, and a version is given up."""


class Decision(NamedTuple):
    state: State
    because: str


def confidence(look: int) -> float:
    """Of the interval at a look, from 1.

    Who looks again and again, with one interval, finds at some time what is not there. Here the
    doubt of each look is half that of the one before, and all of it together `DOUBT`.
    """
    return 1 - math.ldexp(DOUBT, -look)


def due(look: int, rows: int, at_least: int) -> int:
    """How many newer requests are missing before that look: each takes twice as many."""
    return max(0, (at_least << (look - 1)) - rows)


def after_training(judged: Judged, *, at_once: bool) -> Decision:
    """A new version, judged on the latest part of the history that it was trained from.

    ``at_once``: somebody wants it used now, if it is as good, and pays for it.
    """
    if judged.is_passed and judged.against is None:
        return Decision("promoted", f"{judged.words}; nothing else is in use yet")
    if at_once and judged.is_not_worse:
        return Decision("promoted", f"{judged.words}; {WANTED}")
    if _is_lost(judged):
        return Decision("dropped", judged.words)
    return Decision("shadow", f"{judged.words}; it is tried on what is asked from now on")


def after_look(judged: Judged, look: int, *, at_once: bool) -> Decision:
    """A version in the shadow, judged on what was asked since."""
    if judged.is_passed:
        return Decision("promoted", judged.words)
    if at_once and judged.is_not_worse:
        return Decision("promoted", f"{judged.words}; {WANTED}")
    if _is_lost(judged):
        return Decision("dropped", judged.words)
    if look >= LOOKS:
        return Decision("dropped", f"undecided after {look} looks: {judged.words}")
    return Decision("shadow", judged.words)


WANTED = "--promote was given"


def _is_lost(judged: Judged) -> bool:
    return judged.verdict.word == "worse" or judged.dearer == "surely"
