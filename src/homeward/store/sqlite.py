"""SQLite: keys, the ledger and amounts in one file, without a server."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from homeward.errors import ConfigError
from homeward.model import Seconds
from homeward.store.protocols import LINGER, StoreDown
from homeward.store.schema import EXPERIMENT_TABLES, HISTORY, MEASURED_TABLES, TABLES
from homeward.store.tables import Tables

T = TypeVar("T")

MIGRATIONS = (TABLES, HISTORY, EXPERIMENT_TABLES, MEASURED_TABLES)
"""What makes each version of the schema of the one before it."""

OURS = 0x48575244  # "HWRD", in the header of the file
PATIENCE: Seconds = 5.0  # while another process writes


class Sqlite(Tables):
    """`Keys`, `Ledger` and `Amounts` in a file; several processes may have it open.

    An asynchronous context manager. All work is done in one thread, so that no disk holds up the
    loop. What was written survives a SIGKILL, and all but the last moments a loss of power (WAL,
    ``synchronous = normal``). A new file is readable by its owner alone.
    """

    day: ClassVar[str] = "strftime('%Y-%m-%d', began, 'unixepoch')"

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._thread = ThreadPoolExecutor(1, "homeward-sqlite")
        self._database: sqlite3.Connection

    async def __aenter__(self) -> Self:
        """ConfigError where the file cannot be used, or is not ours to use."""
        try:
            self._database = await self._in_thread(partial(_open, self.path))
        except BaseException:
            self._thread.shutdown()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._in_thread(self._database.close)
        finally:
            self._thread.shutdown()

    async def fetch(self, sql: str, *values: Any) -> Sequence[Sequence[Any]]:
        return await self._in_thread(lambda: self._database.execute(sql, values).fetchall())

    async def write(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        def work() -> None:
            with _transaction(self._database):
                self._database.executemany(sql, rows)

        await self._in_thread(work)

    async def grant(
        self, node: str, name: str, *, wanted: float, most: float, until: float
    ) -> float:
        work = partial(_grant, node, name, wanted=wanted, most=most, until=until)
        return await self._in_thread(lambda: work(self._database))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.Error as error:
            raise StoreDown(
                f"{self.path} does not work as a database ({error}); see that its disk has room, "
                "and that no other program holds it"
            ) from error


TAKEN = """select coalesce(sum(granted), 0), coalesce(sum(granted) filter (where node = ?), 0)
    from amounts where name = ?"""
GRANT = """insert into amounts (name, node, granted, until) values (?, ?, ?, ?)
    on conflict (name, node) do update set granted = excluded.granted, until = excluded.until"""
FORGET = "delete from amounts where until < ?"


def _grant(
    node: str,
    name: str,
    database: sqlite3.Connection,
    *,
    wanted: float,
    most: float,
    until: float,
) -> float:
    with _transaction(database):
        [(taken, own)] = database.execute(TAKEN, (node, name))
        given = max(wanted, -own) if wanted < 0 else min(wanted, max(0.0, most - taken))
        if given:
            database.execute(GRANT, (name, node, own + given, until))
        if not taken:
            database.execute(FORGET, (time.time() - LINGER,))
    return float(given)


@contextmanager
def _transaction(database: sqlite3.Connection) -> Generator[None]:
    """Its own from the first statement on: one that began by reading could not begin to write."""
    database.execute("begin immediate")
    try:
        yield
        database.execute("commit")
    except BaseException:
        if database.in_transaction:
            database.execute("rollback")
        raise


# ---------------------------------------------------------------- the file


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite's own would be 0644. One that is there is left alone: closing a file takes away
        # the locks that this process has on it, those of another connection too
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
        database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    except (OSError, sqlite3.OperationalError) as error:
        raise ConfigError(
            f"{path} cannot be the database ({error}); name another file in serve.database"
        ) from None
    try:
        _prepare(database, path)
    except BaseException:
        database.close()
        raise
    return database


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    try:
        with _transaction(database):
            _migrate(database, path)
        _journal_ahead(database)
        database.execute("pragma synchronous = normal")
        database.execute("pragma secure_delete = on")  # what is forgotten is not in the file
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        raise ConfigError(
            f"{path} is no SQLite database; name another file in serve.database"
        ) from None


def _migrate(database: sqlite3.Connection, path: Path) -> None:
    [(owner,)] = database.execute("pragma application_id")
    [(version,)] = database.execute("pragma user_version")
    [(tables,)] = database.execute("select count(*) from sqlite_schema")
    if tables and owner != OURS:
        raise ConfigError(f"{path} belongs to another program; name another file in serve.database")
    if version > len(MIGRATIONS):
        raise ConfigError(
            f"{path} was written by a newer Homeward (schema {version}, this one knows "
            f"{len(MIGRATIONS)}): upgrade with `pip install --upgrade homeward`"
        )
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            database.execute(statement)
    database.execute(f"pragma application_id = {OURS}")
    database.execute(f"pragma user_version = {len(MIGRATIONS)}")


def _journal_ahead(database: sqlite3.Connection) -> None:
    """Write-ahead, so that readers and a writer do not wait for each other.

    SQLite does not wait by itself when another process is just changing to it.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with closing(database.execute("pragma journal_mode = wal")):
                return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
