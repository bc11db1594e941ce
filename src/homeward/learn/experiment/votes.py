"""Votes: which of two answers people preferred, without knowing whose they are."""

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from homeward.learn.experiment.sequential import Interval, bounded
from homeward.store.experiments import Choice, Vote

NET = {"treatment": 1.0, "control": -1.0, "tie": 0.0, "bad": 0.0}
"""What a vote is worth to the treatment. Two bad answers are no reason to prefer one."""


class Tally(Struct, frozen=True):
    """``win_share`` is the treatment's part of the votes, 0 to 1, ties and bad pairs half.

    It lies between ``low`` and ``high`` at any time somebody looks. ``first`` is how often the
    answer that was shown first was preferred, of the votes that preferred one: far from 0.5, the
    voter goes by the place.
    """

    votes: int
    treatment: int
    control: int
    ties: int
    bad: int
    win_share: float | None
    low: float
    high: float
    first: float | None


def tally(votes: Iterable[Vote], confidence: float = 0.95) -> Tally:
    """Count votes; the interval is a confidence sequence (see `bounded`)."""
    given = list(votes)
    counts = Counter(vote.choice for vote in given)
    net = net_wins([vote.choice for vote in given], confidence)
    decided = [vote for vote in given if vote.choice in ("control", "treatment")]
    first = sum(vote.choice == vote.first for vote in decided)
    return Tally(
        len(given),
        counts["treatment"],
        counts["control"],
        counts["tie"],
        counts["bad"],
        (net.mean + 1) / 2 if given else None,
        (net.low + 1) / 2,
        (net.high + 1) / 2,
        first / len(decided) if decided else None,
    )


def net_wins(choices: Iterable[Choice], confidence: float = 0.95) -> Interval:
    """The treatment's share of wins less the control's, -1 to 1."""
    return bounded([NET[choice] for choice in choices], confidence=confidence)
