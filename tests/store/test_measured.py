from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from homeward.store.measured import Kept, MeasuredTable
from homeward.store.sqlite import Sqlite
from homeward.store.tables import Tables

ROW = Kept("r1", "RTX", 1_700_000_000.5, '{"decode":80.0}')


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Tables]:
    if request.param == "sqlite":
        async with Sqlite(tmp_path / "homeward.db") as sqlite:
            yield sqlite
    else:
        from homeward.store.postgres import Postgres

        async with Postgres(request.getfixturevalue("postgres_url")) as postgres:
            yield postgres


async def test_a_run_comes_back_as_it_was(store: Tables) -> None:
    await MeasuredTable(store).add([ROW])
    assert await MeasuredTable(store).all() == [ROW]


async def test_runs_come_in_the_order_in_which_they_were_made(store: Tables) -> None:
    before = Kept("r2", "RTX", ROW.at - 1, "{}")
    await MeasuredTable(store).add([ROW, before])
    assert await MeasuredTable(store).all() == [before, ROW]


async def test_a_run_that_is_told_twice_is_kept_once(store: Tables) -> None:
    await MeasuredTable(store).add([ROW])
    await MeasuredTable(store).add([ROW])
    assert await MeasuredTable(store).all() == [ROW]


async def test_a_file_of_before_gets_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from homeward.store import sqlite

    path = tmp_path / "homeward.db"
    with monkeypatch.context() as older:
        older.setattr(sqlite, "MIGRATIONS", sqlite.MIGRATIONS[:3])
        async with Sqlite(path):
            pass
    async with Sqlite(path) as store:
        await MeasuredTable(store).add([ROW])
        assert await MeasuredTable(store).all() == [ROW]
