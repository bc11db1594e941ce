"""Judges: is one to be trusted? Only when it was checked against people, on the same pairs."""

import math
from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from homeward.store.experiments import Vote

NEEDED = 50
"""Pairs that people and the judge have both voted on, before anything is said."""

LEAST = 0.2
"""What kappa must surely exceed: below it agreement is called slight (Landis and Koch 1977)."""

Z = 1.96


class Trust(Struct, frozen=True):
    """How far a judge agrees with people. ``votes`` are the pairs that both have judged.

    ``agreement`` is the share of them with one verdict (0 to 1), ``kappa`` what of it is beyond
    chance (Cohen 1960; 1 is perfect, 0 is chance), between ``low`` and ``high`` at 95 %. None
    where there is no pair.
    """

    votes: int
    agreement: float | None
    kappa: float | None
    low: float | None
    high: float | None

    @property
    def is_trusted(self) -> bool:
        return self.votes >= NEEDED and self.low is not None and self.low > LEAST

    @property
    def words(self) -> str:
        if self.votes < NEEDED:
            return f"judge not trusted yet: {self.votes} of {NEEDED} votes"
        how = (
            f"it agrees with people in {self.agreement:.0%} of {self.votes} pairs "
            f"(kappa {self.kappa:.2f}, {self.low:.2f} to {self.high:.2f})"
        )
        if self.is_trusted:
            return f"judge trusted: {how}"
        return f"judge not trusted: {how}; use another judge, or go by people's votes"


def trust(votes: Iterable[Vote]) -> Trust:
    """Compare a judge's votes with people's on the same pairs; the first of each counts.

    Two bad answers are a tie. The interval is the large-sample one (Fleiss, Cohen and Everitt
    1969).
    """
    people: dict[str, str] = {}
    judge: dict[str, str] = {}
    for vote in votes:
        whose = people if vote.by == "people" else judge
        whose.setdefault(vote.pair, "tie" if vote.choice == "bad" else vote.choice)
    return agreed([(people[pair], judge[pair]) for pair in people if pair in judge])


def agreed(verdicts: list[tuple[str, str]]) -> Trust:
    """Agreement of two raters over pairs of their verdicts."""
    count = len(verdicts)
    if not count:
        return Trust(0, None, None, None, None)
    shares = {both: n / count for both, n in Counter(verdicts).items()}
    ours = _part(verdicts, 0)
    theirs = _part(verdicts, 1)
    same = sum(share for (one, other), share in shares.items() if one == other)
    chance = sum(ours[each] * theirs[each] for each in ours)
    if chance > 1 - 1e-12:  # both said one thing always: of agreement beyond chance nothing is seen
        return Trust(count, same, 0.0, -1.0, 1.0)
    kappa = (same - chance) / (1 - chance)
    spread = 0.0
    for (one, other), share in shares.items():
        if one == other:
            spread += share * (1 - (ours[one] + theirs[one]) * (1 - kappa)) ** 2
        else:
            spread += share * ((1 - kappa) * (theirs[one] + ours[other])) ** 2
    spread -= (kappa - chance * (1 - kappa)) ** 2
    half = Z * math.sqrt(max(0.0, spread) / count) / (1 - chance)
    return Trust(count, same, kappa, max(-1.0, kappa - half), min(1.0, kappa + half))


def _part(verdicts: list[tuple[str, str]], whose: int) -> dict[str, float]:
    """How often one rater said each thing that anybody said."""
    counts = Counter(both[whose] for both in verdicts)
    return {each: counts[each] / len(verdicts) for both in verdicts for each in both}
