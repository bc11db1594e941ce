"""Thresholds: the lowest threshold of a check at which what is kept is right as often as promised.

A threshold that is right on average over the calibration rows breaks its promise in about half of
all single calibrations (conformal risk control holds in expectation only). Here each threshold is
a hypothesis, "what it keeps is wrong too often", that must be rejected, and the thresholds are
tried in an order fixed beforehand, the strictest first, until one is not rejected (fixed-sequence
testing; Learn then Test, Angelopoulos et al. 2021, arXiv 2110.01052). Searching costs nothing.

The thresholds are ranks of the scores. That looks at the scores and never at `right`, and given
the score at a rank, the rows above are as good as drawn anew from all answers above it; so where a
higher score is not a worse answer, the binomial test at each rank holds as for a fixed threshold.
"""

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist

from msgspec import Struct

from homeward.learn.intervals import clopper_pearson
from homeward.signals.promise import Part

STEP = 1.1  # each threshold keeps a tenth more than the one before
ROOM = 2  # times the fewest rows that can pass: at the fewest, one wrong row would end the search
FIRST = 0.1  # of many rows the surest tenth: a few odd ones at the very top would end it, too


class Scored(Struct, frozen=True):
    """One answer: the check's score (None: it abstained), and whether the answer was right.

    ``group`` is empty where there is none, and such rows share the threshold of small groups.
    """

    score: float | None
    right: bool
    group: str = ""


class TooOften(Struct, frozen=True):
    """A test of "more than a share ``wrong`` of what is kept is wrong", at error ``doubt``.

    Of the rate, and of the next answers: ``horizon`` times as many as were kept.
    """

    wrong: float
    doubt: float
    horizon: float

    def passes(self, wrong: int, kept: int) -> bool:
        """Whether so few wrong of those kept reject it."""
        return (
            _binomial(wrong, kept, self.wrong) <= self.doubt
            and self._next(wrong, kept) <= self.doubt
        )

    def _next(self, wrong: int, kept: int) -> float:
        """How likely so few are wrong here, were the next answers wrong just too often.

        Exact whatever the true rate is, since which of the answers came first is chance
        (hypergeometric; prediction limits of Thatcher 1964).
        """
        following = round(self.horizon * kept)
        if not following:
            return 0.0
        too_many = math.floor(self.wrong * following + 1e-9) + 1
        return _hypergeometric(wrong, kept + following, wrong + too_many, kept)

    @property
    def fewest(self) -> int:
        """Rows that pass if none of them is wrong, and with fewer than which none can."""
        rows = math.ceil(math.log(self.doubt) / math.log1p(-self.wrong) - 1e-9)
        while not self.passes(0, rows):
            rows += 1
        return rows


def lowest(rows: Sequence[Scored], test: TooOften) -> Part:
    """The last threshold before the first that does not pass."""
    found: tuple[float, int, int] | None = None
    tried: list[tuple[int, int]] = []
    for threshold, kept, wrong in _steps(rows, test.fewest):
        tried.append((wrong, kept))
        if not test.passes(wrong, kept):
            break
        found = threshold, kept, wrong
    sure = 1 - test.doubt
    if found is None:
        return Part(None, len(rows), confidence=sure, needs=_needs(tried, len(rows), test))
    threshold, kept, wrong = found
    return Part(threshold, len(rows), kept, wrong, clopper_pearson(wrong, kept, sure), sure)


def _steps(rows: Sequence[Scored], fewest: int) -> Iterator[tuple[float, int, int]]:
    """Thresholds, and how many rows each keeps and how many of those are wrong."""
    scored = sorted(((row.score, row.right) for row in rows if row.score is not None), reverse=True)
    rank = max(fewest, min(ROOM * fewest, len(scored) // 2), round(FIRST * len(scored)))
    kept = wrong = 0
    while rank <= len(scored):
        threshold = scored[rank - 1][0]
        while kept < len(scored) and scored[kept][0] >= threshold:
            wrong += not scored[kept][1]
            kept += 1
        yield threshold, kept, wrong
        if kept == len(scored):
            return
        rank = min(len(scored), max(kept + 1, math.ceil(kept * STEP)))


def _needs(tried: Sequence[tuple[int, int]], rows: int, test: TooOften) -> int | None:
    """About how many rows would do, by a normal approximation, if those to come are like these.

    None: none would.
    """
    if not tried:
        return max(test.fewest, rows + 1)
    wrong, kept = tried[-1]
    margin = test.wrong - wrong / kept
    if margin <= 0:
        return None
    luck = 1 + (1 / test.horizon if test.horizon else 0.0)  # of these rows, and of the next ones
    spread = NormalDist().inv_cdf(1 - test.doubt) ** 2 * test.wrong * (1 - test.wrong) * luck
    return math.ceil(max(spread / margin**2, kept + 1) * rows / kept)


# ---------------------------------------------------------------- inside


def _binomial(wrong: int, rows: int, share: float) -> float:
    """The chance of so few wrong, or fewer, at this share."""
    yes, no = math.log(share), math.log1p(-share)
    return min(
        1.0,
        math.fsum(math.exp(_choose(rows, i) + i * yes + (rows - i) * no) for i in range(wrong + 1)),
    )


def _hypergeometric(wrong: int, total: int, marked: int, drawn: int) -> float:
    """The chance of so few marked, or fewer, among those drawn from the total."""
    if marked >= total:
        return 1.0
    least = max(0, drawn - (total - marked))
    whole = _choose(total, drawn)
    return min(
        1.0,
        math.fsum(
            math.exp(_choose(marked, i) + _choose(total - marked, drawn - i) - whole)
            for i in range(least, wrong + 1)
        ),
    )


def _choose(n: int, k: int) -> float:
    """The logarithm of n over k."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
