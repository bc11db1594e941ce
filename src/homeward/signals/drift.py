"""Drift: whether what comes in is still like what a promise was calibrated on.

A sequential test that may be looked at after every request, for ever. For each side of the
calibrated band there are bets that the true share lies beyond it; while it lies within, no bet's
wealth is expected to grow, so that it ever reaches 1/0.05 has a chance of at most 5 % (Ville 1939;
Ramdas et al., "Game-theoretic statistics and safe anytime-valid inference", 2023). A part of the
stake is put in anew at every step, since a change may come late.
"""

from dataclasses import dataclass, field

from homeward.signals.promise import Promise

DOUBT = 0.05  # the chance of a false alarm, ever
BETS = 6  # on each side: shares between the band and the end
EDGE = 1e-3  # a share of exactly 0 or 1 would lose all at the first surprise


@dataclass(eq=False)
class Watch:
    """Whether a stream of yes and no has a share outside ``low`` to ``high``. Once and for all.

    ``seen`` were looked at and ``yes`` of them were. Detects what differs from the start as well
    as what begins to differ after n requests, later by about log n.
    """

    low: float
    high: float
    doubt: float = DOUBT
    seen: int = 0
    yes: int = 0
    alarm: bool = False
    _bets: list[tuple[float, float]] = field(init=False, repr=False)
    _wealth: list[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._bets = [*_ratios(self.high, 1.0), *_ratios(self.low, 0.0)]
        self._wealth = [0.0] * len(self._bets)

    def see(self, yes: bool) -> bool:  # noqa: FBT001 - it is what is seen
        """One more; whether there is an alarm now. After an alarm nothing is counted."""
        if self.alarm:
            return True
        self.seen += 1
        self.yes += yes
        fresh = 1 / (self.seen * (self.seen + 1))  # these sum to 1; what is left is 1 / (seen + 1)
        place = 0 if yes else 1
        for number, ratios in enumerate(self._bets):
            self._wealth[number] = (self._wealth[number] + fresh) * ratios[place]
        self.alarm = self.evidence >= 1 / self.doubt
        return self.alarm

    @property
    def evidence(self) -> float:
        """The mean wealth of the bets, 1 at the start: an e-value of "outside the band"."""
        if not self._bets:
            return 1.0
        return sum(self._wealth) / len(self._bets) + 1 / (self.seen + 1)

    @property
    def share(self) -> float | None:
        return self.yes / self.seen if self.seen else None


def _ratios(edge: float, end: float) -> list[tuple[float, float]]:
    """What each bet pays on yes and on no. None where the band reaches the end."""
    inner = min(max(edge, EDGE), 1 - EDGE)
    if abs(end - edge) <= EDGE:
        return []
    shares = [inner + (end - inner) * (step / BETS) ** 2 for step in range(1, BETS + 1)]
    bounded = [min(max(share, EDGE), 1 - EDGE) for share in shares]
    return [(share / inner, (1 - share) / (1 - inner)) for share in bounded if share != inner]


@dataclass(eq=False)
class Drift:
    """Of one promise, two streams: was an answer kept, and was a kept one right, where known."""

    kept: Watch
    right: Watch

    @classmethod
    def of(cls, promise: Promise) -> "Drift":
        low, high = promise.band
        return cls(Watch(low, high, DOUBT / 2), Watch(promise.target, 1.0, DOUBT / 2))

    @property
    def alarm(self) -> bool:
        return self.kept.alarm or self.right.alarm

    def because(self, promise: Promise) -> str:
        """The alarm in words; empty without one."""
        if self.right.alarm:
            share, seen = self.right.share or 0.0, self.right.seen
            return f"{share:.0%} of {seen} kept answers right, not {promise.target:.0%}"
        if self.kept.alarm:
            low, high = promise.band
            share, seen = self.kept.share or 0.0, self.kept.seen
            return f"{share:.0%} of {seen} answers kept, not {low:.0%} to {high:.0%}"
        return ""


@dataclass(eq=False)
class Drifts:
    """The drift of every promise of a tree, by the path of its file. Kept in memory.

    A resource: whoever builds the tree makes one, and the gateway's metrics read it.
    """

    _found: dict[str, Drift] = field(default_factory=dict[str, Drift], repr=False)

    def of(self, path: str, promise: Promise) -> Drift:
        """The same one for the same path."""
        if path not in self._found:
            self._found[path] = Drift.of(promise)
        return self._found[path]
