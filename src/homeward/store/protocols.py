"""What a store does, as three small protocols: keys, a ledger, and amounts shared by several.

SQLite has all three (`homeward.store.sqlite`), PostgreSQL too; Redis has the amounts. All methods
may take as long as they like or raise `StoreDown`: no answer waits for them (see
`homeward.gateway.accounting.limits` and `homeward.gateway.accounting.journal`).
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from math import inf
from typing import Any, Protocol

from homeward.errors import HomewardError
from homeward.model import Seconds
from homeward.store.records import Contents, Entry, Feedback, Key, Past

LINGER: Seconds = 3600.0
"""How long an amount is kept after its window has ended: for clocks that differ."""

BUDGETED: Seconds = 32 * 86400.0
"""How long entries are needed to count what was spent: a month, and a day for clocks."""


class StoreDown(HomewardError):
    """The store does not answer. What it was told will be told again."""


class Keys(Protocol):
    async def keys(self) -> list[Key]:
        """All of them, the revoked ones too."""

    async def put_key(self, key: Key) -> None:
        """Add, or replace the one of the same id."""


class Ledger(Protocol):
    async def add(self, entries: Sequence[Entry]) -> None:
        """Keep entries; one whose id is there already is left as it is."""

    async def entries(
        self, *, since: float = 0.0, tenant: str | None = None, limit: int = 1000
    ) -> list[Entry]:
        """The latest first."""

    async def entry(self, request: str) -> Entry | None:
        """Of a request's id."""

    def history(
        self,
        *,
        since: float = 0.0,
        until: float = inf,
        route: str | None = None,
        tenant: str | None = None,
        limit: int | None = None,
        after: Entry | None = None,
    ) -> AsyncGenerator[Past, None]:
        """Requests that began in that time, the oldest first; ``after`` this one, where given.

        Read a page at a time, so that neither memory nor a lock is held for the whole.
        """
        ...

    async def forget(self, before: float) -> int:
        """Delete what was said and rated before then, and how many requests that was.

        Their entries go too, but for those of the last `BUDGETED` seconds: limits are counted
        from them.
        """

    async def totals(self, *, since: float) -> Mapping[str, Mapping[str, float]]:
        """By key id: ``requests``, ``tokens`` and ``usd`` since then.

        What is not priced counts as nothing.
        """

    async def spending(self, *, since: float, by: str) -> list[Mapping[str, Any]]:
        """Rows for a report by key, tenant, route, model, where or day (UTC); ValueError.

        Each has what it is of under the name in ``by``, then ``requests``, ``tokens``, ``usd``,
        ``unpriced`` (requests whose cost is not known), ``local_share`` (of the finished requests,
        those that never left the network; from 0 to 1, or None) and ``first_seconds`` (the mean,
        or None). The dearest first, days in their order.
        """

    async def add_contents(self, contents: Sequence[Contents]) -> None: ...

    async def add_feedback(self, feedback: Feedback) -> bool:
        """Whether there is such an entry."""


class Amounts(Protocol):
    """Amounts that several gateways draw from together.

    ``name`` is of a limit in one window of time (``KEY:usd:day:2026-11-21``). What a node was
    granted is its own to spend; the sum over all nodes never exceeds ``most``.
    """

    async def grant(
        self, node: str, name: str, *, wanted: float, most: float, until: float
    ) -> float:
        """As much of ``wanted`` as is left of ``most``, for this node. Atomic.

        A negative ``wanted`` gives back, and the answer is then negative too: never more than the
        node has. What was overspent is granted with ``most`` infinite. After a `StoreDown` the
        grant may have been made all the same: `granted` tells. The name is forgotten some time
        after ``until`` (seconds since 1970).
        """

    async def granted(self, node: str, name: str) -> float:
        """What this node has been granted in all."""
