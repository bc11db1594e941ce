"""Verdict: what an interval of a difference says, in words."""

from typing import Literal

from msgspec import Struct

MARGIN = 0.02
"""A route may be this much worse (2 points of 100) and still count as not worse."""

FEWEST = 30
"""Conversations: below that an interval drawn from them is too narrow to be believed."""

Word = Literal["better", "not worse", "worse", "cannot tell"]


class Verdict(Struct, frozen=True):
    word: Word
    because: str

    def __str__(self) -> str:
        return f"{self.word}: {self.because}"


def verdict(low: float, high: float, conversations: int, margin: float = MARGIN) -> Verdict:
    """Of the 95 % interval of new minus old, both 0 to 1, drawn from so many conversations.

    "Not worse" is non-inferiority: even the low end is within the margin.
    """
    span = f"the difference lies between {points(low)} and {points(high)} points"
    if conversations < FEWEST:
        few = f"{conversations} scored conversations are too few, {FEWEST} are the least"
        return Verdict("cannot tell", few)
    if low > 0:
        return Verdict("better", span)
    if low >= -margin:
        return Verdict("not worse", f"{span}, within the margin of {100 * margin:g}")
    if high < 0:
        return Verdict("worse", span)
    return Verdict("cannot tell", f"{span}, the margin is {100 * margin:g}; more rows would tell")


def points(difference: float) -> str:
    """A difference of shares in points of 100, with its sign."""
    return f"{100 * difference:+.1f}"
