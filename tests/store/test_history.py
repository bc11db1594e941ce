"""Reading the history back, alike over SQLite and a real PostgreSQL."""

import math
import sqlite3
import time
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from homeward.store import schema, tables
from homeward.store.protocols import BUDGETED
from homeward.store.records import Contents, Entry, Feedback, Past, Reply
from homeward.store.sqlite import OURS, Sqlite
from homeward.store.tables import Tables
from tests.store.examples import ENTRY, KEY
from tests.store.test_sqlite import contents

SAID = Contents(
    "e1",
    {"messages": [{"role": "user", "content": "Ü?"}]},
    "4",
    (Reply("qwen3:4b", "4", "small", "4", kept=True), Reply("gpt", "5")),
)
WORD = Feedback("e1", 0.5, "good", 1_700_000_100.0)
IN_AN_EXPERIMENT = replace(ENTRY, experiment="small-first", arm="new", conversation="ab12")


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Tables]:
    if request.param == "sqlite":
        async with Sqlite(tmp_path / "homeward.db") as sqlite:
            yield sqlite
    else:
        from homeward.store.postgres import Postgres

        async with Postgres(request.getfixturevalue("postgres_url")) as postgres:
            yield postgres


async def ids(store: Tables, **wanted: Any) -> list[str]:
    return [past.entry.id async for past in store.history(**wanted)]


def numbered(count: int, **fields: Any) -> list[Entry]:
    return [replace(ENTRY, id=f"e{n:03d}", began=1000.0 + n // 3, **fields) for n in range(count)]


async def test_an_entry_of_an_experiment_comes_back_as_it_was(store: Tables) -> None:
    await store.add([IN_AN_EXPERIMENT])
    assert await store.entries() == [IN_AN_EXPERIMENT]


async def test_one_entry_is_found_by_its_id(store: Tables) -> None:
    await store.add([ENTRY, replace(ENTRY, id="e2")])
    assert await store.entry("e2") == replace(ENTRY, id="e2")
    assert await store.entry("e3") is None


async def test_a_request_comes_back_with_all_that_was_said_of_it(store: Tables) -> None:
    await store.add([ENTRY])
    await store.add_contents([SAID])
    await store.add_feedback(WORD)
    assert [past async for past in store.history()] == [Past(ENTRY, SAID, WORD)]


async def test_what_was_not_kept_is_none(store: Tables) -> None:
    await store.add([ENTRY])
    assert [past async for past in store.history()] == [Past(ENTRY, None, None)]


async def test_the_oldest_come_first_and_each_once_over_many_pages(
    store: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "PAGE", 4)
    entries = numbered(17)
    await store.add(list(reversed(entries)))
    assert await ids(store) == [entry.id for entry in entries]


async def test_no_more_are_read_than_were_asked_for(
    store: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "PAGE", 4)
    await store.add(numbered(17))
    assert await ids(store, limit=6) == [f"e{n:03d}" for n in range(6)]
    assert await ids(store, limit=0) == []


async def test_it_goes_on_after_an_entry(store: Tables) -> None:
    entries = numbered(5)
    await store.add(entries)
    assert await ids(store, after=entries[2]) == ["e003", "e004"]


async def test_a_time_begins_with_its_first_moment_and_ends_before_its_last(store: Tables) -> None:
    await store.add([replace(ENTRY, id=f"e{n}", began=float(n)) for n in range(5)])
    assert await ids(store, since=1.0, until=3.0) == ["e1", "e2"]


async def test_it_is_of_one_route_or_one_tenant(store: Tables) -> None:
    await store.add(
        [ENTRY, replace(ENTRY, id="e2", route="b"), replace(ENTRY, id="e3", tenant="t")]
    )
    assert await ids(store, route="b") == ["e2"]
    assert await ids(store, tenant="t") == ["e3"]
    assert await ids(store, route="b", tenant="t") == []


async def test_what_is_written_meanwhile_does_not_disturb(
    store: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "PAGE", 2)
    await store.add(numbered(5))
    seen: list[str] = []
    async for past in store.history():
        seen.append(past.entry.id)
        await store.add([replace(ENTRY, id=f"new{len(seen)}", began=1.0)])
    assert seen == [f"e{n:03d}" for n in range(5)]


# ---------------------------------------------------------------- forgetting

NOW = time.time()


async def test_what_is_forgotten_is_gone_with_its_words_and_rating(store: Tables) -> None:
    await store.add([ENTRY, replace(ENTRY, id="new", began=NOW)])
    await store.add_contents([SAID, replace(SAID, id="new")])
    await store.add_feedback(WORD)
    assert await store.forget(NOW - 1) == 1
    assert [past async for past in store.history()] == [
        Past(replace(ENTRY, id="new", began=NOW), replace(SAID, id="new"), None)
    ]
    rows = await store.fetch(
        "select count(*) from contents union all select count(*) from feedback"
    )
    assert sorted(row[0] for row in rows) == [0, 1]


async def test_the_entries_that_limits_are_counted_from_stay_without_their_words(
    store: Tables,
) -> None:
    entry = replace(ENTRY, began=NOW - BUDGETED + 3600)
    await store.add([entry])
    await store.add_contents([SAID])
    assert await store.forget(NOW) == 1
    assert [past async for past in store.history()] == [Past(entry)]


async def test_with_nothing_that_old_nothing_is_forgotten(store: Tables) -> None:
    await store.add([ENTRY])
    await store.add_contents([SAID])
    assert await store.forget(1.0) == 0
    assert await ids(store) == ["e1"]


async def test_forgotten_words_are_nowhere_in_the_files(tmp_path: Path) -> None:
    async with Sqlite(tmp_path / "it.db") as store:
        await store.add([ENTRY])
        await store.add_contents([replace(SAID, answer="unforgettable" * 1000)])
    async with Sqlite(tmp_path / "it.db") as store:  # it is in the file, not in its log alone
        await store.forget(math.inf)
    assert b"unforgettable" not in contents(tmp_path)


# ---------------------------------------------------------------- from the version before

BEFORE = [
    name for name in Entry.__struct_fields__ if name not in ("experiment", "arm", "conversation")
]
OLD_ENTRY = f"""insert into entries ({", ".join(f'"{name}"' for name in BEFORE)})
    values ({", ".join("?" * len(BEFORE))})"""
OLD_CONTENTS = "insert into contents (id, request, answer) values ('e1', '{}', 'Ü')"


async def still_there(store: Tables) -> bool:
    kept = [past async for past in store.history()]
    return kept == [Past(ENTRY, Contents("e1", {}, "Ü"))] and await store.keys() == [KEY]


async def test_a_file_of_the_first_schema_opens_with_all_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "it.db"
    with closing(sqlite3.connect(path)) as old:
        for statement in schema.TABLES:
            old.execute(statement)
        old.execute(f"pragma application_id = {OURS}")
        old.execute("pragma user_version = 1")
        old.execute(OLD_ENTRY, without_the_new(ENTRY))
        old.execute(schema.PUT_KEY, tables._row(KEY))
        old.execute(OLD_CONTENTS)
        old.commit()
    async with Sqlite(path) as store:
        assert await still_there(store)
        await store.add([replace(IN_AN_EXPERIMENT, id="e2")])
    async with Sqlite(path) as store:  # and is not migrated again
        assert await ids(store) == ["e1", "e2"]


async def test_a_postgresql_of_the_first_schema_opens_with_all_its_rows(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from homeward.store import postgres

    with monkeypatch.context() as before:
        before.setattr(postgres, "MIGRATIONS", postgres.MIGRATIONS[:1])
        async with postgres.Postgres(postgres_url) as old:
            await old.write(OLD_ENTRY, [without_the_new(ENTRY)])
            await old.put_key(KEY)
            await old.write(OLD_CONTENTS, [[]])
    async with postgres.Postgres(postgres_url) as store:
        assert await still_there(store)
        await store.add([replace(IN_AN_EXPERIMENT, id="e2")])
    async with postgres.Postgres(postgres_url) as store:
        assert await ids(store) == ["e1", "e2"]


def without_the_new(entry: Entry) -> list[Any]:
    row = dict(zip(Entry.__struct_fields__, tables._row(entry), strict=True))
    return [row[name] for name in BEFORE]
