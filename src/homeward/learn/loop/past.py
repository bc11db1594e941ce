"""The past, read for learning: what was asked, and what is known of the answers."""

from collections.abc import Sequence
from typing import NamedTuple

from homeward.learn.history import Case, Gathered, gather
from homeward.learn.loop.judges import applied, verdicts, watched
from homeward.store.experiments import experiments_in
from homeward.store.protocols import Ledger


class Past(NamedTuple):
    """``cases`` have the grades of trusted judges too; ``notes`` are sentences for people."""

    gathered: Gathered
    cases: Sequence[Case]
    notes: Sequence[str]


async def past(ledger: Ledger, since: float) -> Past:
    """What was asked since then (seconds since 1970), the oldest first."""
    shadows: dict[str, str] = {}
    found = await gather(watched(ledger.history(since=since), shadows))
    votes, notes = await verdicts(experiments_in(ledger))
    return Past(found, applied(found.cases, votes, shadows), notes)
