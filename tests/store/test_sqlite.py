import asyncio
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from homeward.errors import ConfigError
from homeward.store.protocols import StoreDown
from homeward.store.records import Key, hashed, new_secret
from homeward.store.sqlite import MIGRATIONS, Sqlite, _journal_ahead
from tests.store.examples import ENTRY, KEY


async def test_what_was_written_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    async with Sqlite(tmp_path / "it.db") as store:
        await store.add([ENTRY])
    async with Sqlite(tmp_path / "it.db") as store:
        assert await store.entries() == [ENTRY]


async def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    async with Sqlite(tmp_path / "new" / "it.db") as store:
        await store.add([ENTRY])
        modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def contents(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_a_secret_is_nowhere_in_the_files(tmp_path: Path) -> None:
    key_id, secret = new_secret()
    async with Sqlite(tmp_path / "it.db") as store:
        await store.put_key(Key(key_id, hash=hashed(secret), name="me"))
        kept = contents(tmp_path)
    assert key_id.encode() in kept
    assert secret.rpartition("-")[2].encode() not in kept


async def test_the_loop_goes_on_while_another_process_writes(tmp_path: Path) -> None:
    async with Sqlite(tmp_path / "it.db") as store:
        other = sqlite3.connect(tmp_path / "it.db", isolation_level=None)
        other.execute("begin immediate")
        adding = asyncio.create_task(store.add([ENTRY]))
        await asyncio.sleep(0.02)  # comes back, though the thread waits
        assert not adding.done()
        other.execute("commit")
        other.close()
        await adding
        assert await store.entries() == [ENTRY]


async def test_changing_the_journal_waits_for_whoever_writes(tmp_path: Path) -> None:
    """SQLite by itself fails at once."""

    def change() -> None:
        with closing(sqlite3.connect(tmp_path / "it.db", isolation_level=None)) as database:
            _journal_ahead(database)

    with closing(sqlite3.connect(tmp_path / "it.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        changing = asyncio.create_task(asyncio.to_thread(change))
        await asyncio.sleep(0.03)
        other.execute("create table t (x)")
        other.execute("commit")
        await changing
        other.execute("select * from t")  # reads what is in the file now
        assert other.execute("pragma journal_mode").fetchall() == [("wal",)]


async def test_a_batch_that_fails_is_not_kept_in_part(tmp_path: Path) -> None:
    async with Sqlite(tmp_path / "it.db") as store:
        with pytest.raises(StoreDown, match="NOT NULL"):
            await store.write(
                "insert into contents (id, request, answer) values (?, ?, ?)",
                [["a", "", ""], ["b", "", None]],
            )
        assert await store.fetch("select id from contents") == []
        await store.add([ENTRY])
        assert await store.entries() == [ENTRY]


async def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    async with Sqlite(tmp_path / "it.db") as store:
        await store.fetch(f"pragma user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(ConfigError, match=r"newer Homeward.*pip install --upgrade"):
        await Sqlite(tmp_path / "it.db").__aenter__()


async def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "it.db") as other:
        other.execute("create table keys (song text)")
    other.close()
    before = (tmp_path / "it.db").read_bytes()
    with pytest.raises(ConfigError, match="belongs to another program"):
        await Sqlite(tmp_path / "it.db").__aenter__()
    assert (tmp_path / "it.db").read_bytes() == before


async def test_a_place_that_nobody_may_write_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"cannot be the database .*serve\.database"):
        await Sqlite(tmp_path / "file" / "it.db").__aenter__()


async def test_what_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "it.db").write_text("models: {a: {echo: {}}}\n" * 100)
    with pytest.raises(ConfigError, match="is no SQLite database"):
        await Sqlite(tmp_path / "it.db").__aenter__()


async def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be the database"):
        await Sqlite(tmp_path).__aenter__()


PROGRAM = """
import asyncio, sys
from msgspec.structs import replace
from homeward.store.sqlite import Sqlite
from tests.store.examples import ENTRY

async def main(path, name):
    async with Sqlite(path) as store:
        for n in range(20):
            await store.add([replace(ENTRY, id=f"{name}.{n}")])
            await store.grant(name, "limit", wanted=3, most=100, until=2e9)

asyncio.run(main(*sys.argv[1:]))
"""


def test_several_processes_that_begin_at_once_share_the_file(tmp_path: Path) -> None:
    path, root = tmp_path / "it.db", Path(__file__).parents[2]
    words = [sys.executable, "-c", PROGRAM, str(path)]
    processes = [subprocess.Popen([*words, str(n)], cwd=root) for n in range(3)]
    assert [process.wait(120) for process in processes] == [0, 0, 0]
    assert asyncio.run(found(path)) == (60, 100)


async def found(path: Path) -> tuple[int, float]:
    """How many entries there are, and how much was granted."""
    async with Sqlite(path) as store:
        granted = [await store.granted(str(n), "limit") for n in range(3)]
        return len(await store.entries()), sum(granted)


async def test_the_sums_of_a_month_are_quick_to_make(tmp_path: Path) -> None:
    """From the index alone: not one of the rows is read."""
    async with Sqlite(tmp_path / "it.db") as store:
        from homeward.store.schema import TOTALS

        plan = await store.fetch(f"explain query plan {TOTALS}", 0.0)
        assert "COVERING INDEX entries_by_time" in str(plan)


async def test_a_key_that_expires_keeps_its_time_to_the_fraction(tmp_path: Path) -> None:
    at = time.time()
    async with Sqlite(tmp_path / "it.db") as store:
        await store.put_key(replace(KEY, expires=at))
        assert (await store.keys())[0].expires == at
