"""How fast models were on this machine, as it was measured: rows that nothing else reads.

A run is kept as text: `homeward.machine.speed.measured` knows what is in it, and may learn to know
more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from msgspec import Struct
from msgspec.structs import astuple

from homeward.store.protocols import Ledger


class Kept(Struct, frozen=True):
    """``device`` is what computed, ``at`` seconds since 1970, ``run`` the run as JSON."""

    id: str
    device: str
    at: float
    run: str


class Measured(Protocol):
    async def add(self, rows: Sequence[Kept]) -> None:
        """Keep runs; one whose id is there already is left as it is."""

    async def all(self) -> list[Kept]:
        """In the order in which they were made."""


ADD = "insert into measured (id, device, at, run) values (?, ?, ?, ?) on conflict (id) do nothing"
ALL = "select id, device, at, run from measured order by at, id"


class _Sql(Protocol):
    async def fetch(self, sql: str, *values: Any) -> Sequence[Sequence[Any]]: ...

    async def write(self, sql: str, rows: Sequence[Sequence[Any]]) -> None: ...


@dataclass(frozen=True)
class MeasuredTable:
    """`Measured` in whatever database has the ledger."""

    database: _Sql

    async def add(self, rows: Sequence[Kept]) -> None:
        await self.database.write(ADD, [astuple(row) for row in rows])

    async def all(self) -> list[Kept]:
        return [Kept(*row) for row in await self.database.fetch(ALL)]


def measured_in(ledger: Ledger) -> Measured:
    """Beside an open ledger: every one that there is keeps its rows in SQL."""
    return MeasuredTable(cast("_Sql", ledger))
