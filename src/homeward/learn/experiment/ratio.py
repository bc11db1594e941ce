"""The sample-ratio check: have the arms as many conversations as they were meant to have?

Where they have not, something loses conversations of one arm (a crash, a client that gives up, a
filter), those that are left are no longer alike, and no difference between the arms means
anything. It is the most common way for an A/B test to be wrong (Fabijan et al., KDD 2019).
"""

import math

from msgspec import Struct

SUSPICIOUS = 0.001
EXACT = 1000  # conversations up to which the binomial is summed


class Ratio(Struct, frozen=True):
    """``p`` is the chance of a split at least as far from ``share`` as this one."""

    control: int
    treatment: int
    share: float
    p: float

    @property
    def is_fine(self) -> bool:
        return self.p >= SUSPICIOUS


def ratio(control: int, treatment: int, share: float) -> Ratio:
    """Check a split of conversations against the ``share`` that is the treatment's.

    Exact (a binomial's splits that are not more probable than this one) up to `EXACT`
    conversations, chi-square with one degree of freedom above.
    """
    if control < 0 or treatment < 0 or not 0 < share < 1:
        raise ValueError("a split has counts from 0 and a share above 0 and below 1")
    count = control + treatment
    if count > EXACT:
        off = treatment - count * share
        p = math.erfc(abs(off) / math.sqrt(2 * count * share * (1 - share)))
    else:
        seen = _log_chance(treatment, count, share)
        chances = (_log_chance(each, count, share) for each in range(count + 1))
        p = sum(math.exp(each) for each in chances if each <= seen + 1e-7)
    return Ratio(control, treatment, share, min(1.0, p))


def _log_chance(part: int, count: int, share: float) -> float:
    ways = math.lgamma(count + 1) - math.lgamma(part + 1) - math.lgamma(count - part + 1)
    return ways + part * math.log(share) + (count - part) * math.log1p(-share)
