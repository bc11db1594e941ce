"""Requests that are past, for the commands that look at them: from the ledger or from a table."""

import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from homeward.cli.served import Served
from homeward.errors import ConfigError
from homeward.model import Clearance, Seconds

if TYPE_CHECKING:
    from homeward.learn.history import Case, Gathered


def from_table(table: Path, limit: int | None) -> "tuple[Case, ...]":
    """Rows as cases; ConfigError where there is none."""
    from homeward.learn.history import Case
    from homeward.outcomes import read

    cases = tuple(Case(row, row.request(Clearance.WORLD)) for row in islice(read(table), limit))
    if not cases:
        raise ConfigError(f"{table} has no rows; a table has one JSON object per line")
    return cases


async def from_ledger(
    served: Served, span: Seconds, route: str | None = None, limit: int | None = None
) -> "Gathered":
    """The history of so long a time, the oldest first; of that no more than ``limit`` requests."""
    from homeward.learn.history import gather

    async with served.store() as stores:
        history = stores.ledger.history(since=time.time() - span, route=route, limit=limit)
        return await gather(history)


def lacking(found: "Gathered") -> Sequence[str]:
    """A sentence for each kind of request that is no row; ConfigError where there is no row."""
    said = [
        f"{count:,} of {found.requests:,} requests {why}"
        for count, why in (
            (found.wordless, "have no contents kept (serve.keep_contents, x-homeward-keep)"),
            (found.unfinished, "were not answered to their end"),
            (found.unreadable, "were kept by another version of Homeward"),
        )
        if count
    ]
    if not found.cases:
        why = "; ".join(said) or (
            "the ledger has no requests of that time; `homeward serve` writes it, and a longer "
            "--since looks further back"
        )
        raise ConfigError(f"there is no request to look at: {why}")
    return said
