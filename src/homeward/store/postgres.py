"""PostgreSQL: keys, the ledger and amounts of several gateways in one place."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from itertools import count
from re import sub
from typing import Any, ClassVar, Self, TypeVar

import asyncpg

from homeward.errors import ConfigError
from homeward.model import Seconds
from homeward.store.address import place, unreadable
from homeward.store.protocols import LINGER, StoreDown
from homeward.store.schema import EXPERIMENT_TABLES, HISTORY, MEASURED_TABLES, TABLES
from homeward.store.tables import Tables

T = TypeVar("T")

SCHEMA = "homeward"
CONNECTIONS = 4
TIMEOUT: Seconds = 5.0

GRANT = f"""
create function grant_amount(
    of_name text, to_node text, wanted double precision, most double precision,
    ends double precision)
returns double precision language plpgsql as $$
declare
    taken double precision;
    own double precision;
    given double precision;
begin
    -- one at a time for each name; what follows sees what the one before has done
    perform pg_advisory_xact_lock(hashtextextended('homeward:' || of_name, 0));
    select coalesce(sum(granted), 0), coalesce(sum(granted) filter (where node = to_node), 0)
        into taken, own from amounts where name = of_name;
    given := case when wanted < 0 then greatest(wanted, -own)
        else least(wanted, greatest(0, most - taken)) end;
    if given <> 0 then
        insert into amounts (name, node, granted, until)
        values (of_name, to_node, own + given, ends)
        on conflict (name, node) do update
            set granted = excluded.granted, until = excluded.until;
    end if;
    if taken = 0 then  -- skipping what another one deletes: two that waited would be a deadlock
        delete from amounts where (name, node) in (
            select name, node from amounts where until < extract(epoch from now()) - {LINGER}
            for update skip locked);
    end if;
    return given;
end $$"""  # noqa: S608  a number of ours

MIGRATIONS = ((*TABLES, GRANT), HISTORY, EXPERIMENT_TABLES, MEASURED_TABLES)
"""What makes each version of the schema of the one before it."""

MIGRATION_LOCK = 0x48575244  # "HWRD"; for the transaction in which a gateway migrates


class Postgres(Tables):
    """`Keys`, `Ledger` and `Amounts` in the schema ``homeward`` of a PostgreSQL database.

    An asynchronous context manager. What takes longer than ``timeout`` is `StoreDown`, and so is
    whatever else the server or the way there does; the next use connects again by itself.
    """

    day: ClassVar[str] = "to_char(to_timestamp(began) at time zone 'UTC', 'YYYY-MM-DD')"

    def __init__(self, url: str, timeout: Seconds = TIMEOUT) -> None:
        self.url = url
        self.place = place(url)
        self.timeout = timeout
        self._pool: Any  # asyncpg ships no types

    async def __aenter__(self) -> Self:
        """StoreDown where the server does not answer, ConfigError where we may not use it."""
        try:
            async with asyncio.timeout(self.timeout):
                self._pool = await asyncpg.create_pool(
                    self.url,
                    min_size=1,
                    max_size=CONNECTIONS,
                    reset=_keep,
                    server_settings={"application_name": SCHEMA, "search_path": SCHEMA},
                )
        except ValueError:  # what asyncpg does not understand of the address
            raise unreadable(self.url) from None
        except (TimeoutError, *DRIVERS) as error:
            raise self._down(error) from error
        try:
            await self._with_connection(_migrate)
        except BaseException:
            self._pool.terminate()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            async with asyncio.timeout(self.timeout):
                await self._pool.close()
        except (TimeoutError, *DRIVERS):
            self._pool.terminate()

    async def fetch(self, sql: str, *values: Any) -> Sequence[Sequence[Any]]:
        numbered = _numbered(sql)
        return await self._with_connection(lambda connection: connection.fetch(numbered, *values))

    async def write(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        numbered = _numbered(sql)  # sent in one go, as one transaction
        await self._with_connection(lambda connection: connection.executemany(numbered, rows))

    async def grant(
        self, node: str, name: str, *, wanted: float, most: float, until: float
    ) -> float:
        sql = "select grant_amount(?, ?, ?, ?, ?)"
        return float((await self.fetch(sql, name, node, wanted, most, until))[0][0])

    async def _with_connection(self, work: Callable[[Any], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(self.timeout), self._pool.acquire() as connection:
                try:
                    return await work(connection)
                except asyncio.CancelledError:
                    connection.terminate()  # waiting for a server to stop working is waiting, too
                    raise
        except (TimeoutError, *DRIVERS) as error:
            raise self._down(error) from error

    def _down(self, error: Exception) -> StoreDown:
        why = str(error) or "no answer in time"
        return StoreDown(
            f"PostgreSQL at {self.place} does not do its work ({why}); see that it runs, and "
            "that serve.database is right"
        )


DRIVERS = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


async def _keep(connection: Any) -> None:
    """Nothing of ours is left in a session, and asyncpg's own reset would be a round trip more."""


@lru_cache(maxsize=100)
def _numbered(sql: str) -> str:
    """``?`` as PostgreSQL wants it, ``$1``, ``$2`` ..."""
    numbers = count(1)
    return sub(r"\?", lambda _: f"${next(numbers)}", sql)


async def _migrate(connection: Any) -> None:
    """Bring the schema up to date, one gateway at a time."""
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", MIGRATION_LOCK)
        # asked first: `create schema if not exists` needs the right to create also where it is
        if not await connection.fetchval("select to_regnamespace($1)", SCHEMA):
            await connection.execute(f"create schema {SCHEMA}")
        await connection.execute("create table if not exists schema_version (version bigint)")
        version = await connection.fetchval("select max(version) from schema_version") or 0
        if version > len(MIGRATIONS):
            raise ConfigError(
                f"this PostgreSQL was used by a newer Homeward (schema {version}, this one knows "
                f"{len(MIGRATIONS)}): upgrade with `pip install --upgrade homeward`"
            )
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                await connection.execute(statement)
        if version < len(MIGRATIONS):
            sql = "insert into schema_version (version) values ($1)"
            await connection.execute(sql, len(MIGRATIONS))
