"""What is written down of a version: on what it was tried, against what, and what became of it."""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from homeward.learn.verdict import Verdict

State = Literal["shadow", "promoted", "dropped", "rolled back"]
Slice = Literal["later", "newer"]
Dearer = Literal["no", "perhaps", "surely"]


class Judged(Struct, frozen=True):
    """One comparison with what is in use, on requests that the candidate was not trained on.

    ``slice`` is ``later`` for the latest part of the history it was trained from, ``newer`` for
    what came after that. ``against`` is the version in use; None, where there is none, for single
    models mixed at random at the candidate's spending (``same_spend_quality``). Qualities are
    means from 0 to 1, costs means of a request: US dollars, or where prices are not known
    (``in_usd`` is false) from 0 for the cheapest model to 1 for the dearest. ``low`` to ``high``
    is the interval of the mean ``difference`` of quality at that ``confidence``, with whole
    ``conversations`` redrawn, and ``verdict`` is about quality alone. ``other`` counts the requests
    on which the two choose differently. Times are in seconds since 1970.
    """

    slice: Slice
    rows: int
    conversations: int
    since: float
    until: float
    quality: float
    cost: float
    against: int | None
    against_quality: float
    against_cost: float
    difference: float
    low: float
    high: float
    confidence: float
    other: int
    best_single: str
    best_single_quality: float
    best_single_cost: float
    same_spend_quality: float
    in_usd: bool
    dearer: Dearer
    verdict: Verdict

    @property
    def is_not_worse(self) -> bool:
        """As good, whatever it costs."""
        return self.verdict.word in ("better", "not worse")

    @property
    def is_passed(self) -> bool:
        """As good, for no more money."""
        return self.is_not_worse and self.dearer == "no"

    @property
    def words(self) -> str:
        if self.dearer == "no":
            return str(self.verdict)
        unit = "${:,.5f} a request" if self.in_usd else "{:.2f} of always asking the dearest"
        now, before = unit.format(self.cost), unit.format(self.against_cost)
        return f"{self.verdict}; but it takes {now} instead of {before}"


class Trial(Struct, frozen=True):
    """``trial.json`` of a version. ``judged`` are its comparisons in their order.

    It was trained on ``labels`` graded requests until ``trained_until``; requests until
    ``seen_until`` decided whether it is tried any further. ``at`` is when that was written.
    """

    version: int
    state: State
    because: str
    models: tuple[str, ...]
    labels: int
    trained_until: float
    seen_until: float
    at: float
    margin: float
    judged: tuple[Judged, ...]
    promise: str = ""

    def now(self, state: State, because: str, at: float) -> "Trial":
        """What has become of it."""
        return replace(self, state=state, because=because, at=at)

    @property
    def looks(self) -> tuple[Judged, ...]:
        """The comparisons on what came after its training."""
        return tuple(each for each in self.judged if each.slice == "newer")
