"""What one gateway holds of one limit in one window."""

import asyncio
import time
from dataclasses import dataclass
from math import inf

from homeward.gateway.accounting.limits import Bound
from homeward.gateway.accounting.windows import USD, WHATS
from homeward.model import Seconds
from homeward.store.protocols import Amounts

PART = 10  # a slice is one part of so many of what is left
KEPT = 100  # one part of so many stays here when the rest is given back
DRY: Seconds = 1.0  # until the store is asked again for what it has no more of
IDLE: Seconds = 10.0  # until a slice that nobody draws from is given back

LABELS = {"minute": "%Y-%m-%dT%H:%M", "day": "%Y-%m-%d", "month": "%Y-%m"}


@dataclass(eq=False)
class Lease:
    """``granted`` is all that was lent, spent or not; ``sure``: the store has said so.

    ``ceding``: some of it is being given back, or was and nobody knows whether that was heard; it
    may be another's at any moment. ``waiting`` is what waiting requests need. Until ``dry``
    (`time.monotonic`) the store is not asked again. ``alone``: it does not answer, and the whole
    limit is allowed. ``keep``: give back what is not used but for so much.
    """

    bound: Bound
    granted: int = 0
    sure: bool = False
    ceding: bool = False
    waiting: int = 0
    dry: float = 0.0
    alone: bool = False
    keep: int | None = None
    task: "asyncio.Task[None] | None" = None
    _seen: int = -1
    _seen_at: float = 0.0

    @property
    def name(self) -> str:
        """In the store. Amounts of money are in billionths of a dollar there too."""
        bound, span = self.bound, self.bound.span
        day = time.strftime(LABELS[span.per], time.gmtime(span.begins))
        return f"{bound.key}:{WHATS[bound.what]}:{span.per}:{day}"

    @property
    def ends(self) -> float:
        return self.bound.span.ends

    @property
    def unused(self) -> int:
        return max(0, self.granted - self.bound.taken)

    @property
    def slice(self) -> int:
        return max(1, (self.bound.whole - self.granted) // PART)

    def allow(self) -> None:
        """Say to the account what it may take, and when it shall ask for more: at half a slice."""
        bound = self.bound
        bound.most = bound.whole if self.alone else self.granted
        if self.keep is not None:
            bound.most = min(bound.most, bound.taken)
        asked = self.task is not None or self.dry > time.monotonic()
        bound.low = inf if asked else self.granted - self.slice / 2

    def despair(self) -> None:
        """The store does not answer in time: money waits for it, the rest does not."""
        self.dry = time.monotonic() + DRY
        self.alone = self.bound.what != USD
        self.allow()

    def note_idleness(self, now: float) -> None:
        """Give most of a slice back when nobody has drawn from it for a while."""
        taken = self.bound.taken
        if taken != self._seen:
            self._seen, self._seen_at = taken, now
        keep = self.bound.whole // KEPT
        if now - self._seen_at > IDLE and self.unused > keep:
            self.keep = keep

    @property
    def is_settled(self) -> bool:
        """Whether the store knows all that it should of what is held here."""
        known = self.sure and not self.alone
        return known and self.keep is None and self.bound.taken <= self.granted

    async def reconcile(self, amounts: Amounts, node: str) -> None:
        """Learn what was granted, tell what was spent beyond it, give back what is to be."""
        bound, until = self.bound, self.bound.span.ends
        if not self.sure:
            granted = round(await amounts.granted(node, self.name))
            self.granted = min(granted, self.granted) if self.ceding else granted
            self.sure = True
        over = bound.taken - self.granted
        if over > 0:
            await amounts.grant(node, self.name, wanted=over, most=inf, until=until)
            self.granted += over
        back = 0 if self.keep is None else self.unused - self.keep
        if back > 0:
            self.granted -= back
            self.ceding = True
            self.allow()
            await amounts.grant(node, self.name, wanted=-back, most=bound.whole, until=until)
            self.ceding = False
        self.keep = None

    async def extend(self, amounts: Amounts, node: str) -> None:
        """Ask for a slice, or for what waiting requests need if that is more."""
        bound = self.bound
        wanted = max(self.waiting, self.slice) - self.unused
        self.dry = 0.0
        if wanted > 0:
            given = await amounts.grant(
                node, self.name, wanted=wanted, most=bound.whole, until=bound.span.ends
            )
            self.granted += round(given)
            if given < wanted:
                self.dry = time.monotonic() + DRY
