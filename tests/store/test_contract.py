"""What every store does alike, over SQLite, a real PostgreSQL and a real Redis."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from homeward.model import Clearance
from homeward.store.protocols import Amounts
from homeward.store.records import Contents, Entry, Feedback, Key
from homeward.store.sqlite import Sqlite
from homeward.store.tables import GROUPS, Tables
from tests.store.examples import ENTRY, KEY


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Tables]:
    if request.param == "sqlite":
        async with Sqlite(tmp_path / "homeward.db") as sqlite:
            yield sqlite
    else:
        from homeward.store.postgres import Postgres

        async with Postgres(request.getfixturevalue("postgres_url")) as postgres:
            yield postgres


@pytest.fixture(params=["sqlite", "postgres", "redis"])
async def amounts(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Amounts]:
    if request.param == "sqlite":
        async with Sqlite(tmp_path / "homeward.db") as sqlite:
            yield sqlite
    elif request.param == "postgres":
        from homeward.store.postgres import Postgres

        async with Postgres(request.getfixturevalue("postgres_url")) as postgres:
            yield postgres
    else:
        from homeward.store.redis import Redis

        async with Redis(request.getfixturevalue("redis_url")) as redis:
            yield redis


# ---------------------------------------------------------------- keys


async def test_a_key_comes_back_as_it_was(store: Tables) -> None:
    await store.put_key(KEY)
    assert await store.keys() == [KEY]


async def test_a_key_of_nothing_but_defaults_comes_back_as_it_was(store: Tables) -> None:
    await store.put_key(Key("1"))
    assert await store.keys() == [Key("1")]


async def test_a_key_is_replaced_by_one_of_the_same_id(store: Tables) -> None:
    await store.put_key(KEY)
    await store.put_key(replace(KEY, hash="11" * 32, models=(), revoked=None))
    assert await store.keys() == [replace(KEY, hash="11" * 32, models=(), revoked=None)]


# ---------------------------------------------------------------- the ledger


async def test_an_entry_comes_back_as_it_was(store: Tables) -> None:
    await store.add([ENTRY])
    assert await store.entries() == [ENTRY]


async def test_an_unknown_cost_stays_unknown(store: Tables) -> None:
    entry = replace(ENTRY, cost_usd=None, first_seconds=None)
    await store.add([entry])
    assert await store.entries() == [entry]


async def test_an_entry_that_is_told_twice_is_kept_once(store: Tables) -> None:
    other = replace(ENTRY, id="e2")
    await store.add([ENTRY, other])
    await store.add([replace(ENTRY, cost_usd=7.0), other, replace(ENTRY, id="e3")])
    kept = {entry.id: entry.cost_usd for entry in await store.entries()}
    assert kept == {"e1": 0.125, "e2": 0.125, "e3": 0.125}


async def test_one_entry_twice_in_a_batch_is_kept_once(store: Tables) -> None:
    await store.add([ENTRY, ENTRY])
    assert await store.entries() == [ENTRY]


async def test_nothing_can_be_added(store: Tables) -> None:
    await store.add([])
    assert await store.entries() == []


ODD: list[dict[str, Any]] = [
    {"model": "a\0b"},
    {"model": "half \ud800"},
    {"input_tokens": 2**70},
    {"output_tokens": -(2**70)},
    {"cost_usd": math.nan},
    {"seconds": math.inf},
    {"error": "'; drop table entries; --"},
]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: next(iter(odd)))
async def test_no_entry_is_one_that_cannot_be_kept(store: Tables, odd: dict[str, Any]) -> None:
    """One that a database refused would be told again for ever, and those behind it too."""
    await store.add([ENTRY, replace(ENTRY, id="e2", **odd)])
    assert len(await store.entries()) == 2


async def test_the_latest_entries_come_first(store: Tables) -> None:
    await store.add([replace(ENTRY, id=str(at), began=float(at)) for at in (20, 30, 10)])
    assert [entry.began for entry in await store.entries(limit=2)] == [30, 20]


async def test_entries_are_of_one_tenant_and_since_a_time_if_asked(store: Tables) -> None:
    south = replace(ENTRY, id="e2", tenant="south")
    await store.add([ENTRY, south, replace(south, id="e3", began=1.0)])
    found = await store.entries(tenant="south", since=ENTRY.began)
    assert [entry.id for entry in found] == ["e2"]


async def test_totals_are_by_key_and_count_nothing_earlier(store: Tables) -> None:
    other = replace(ENTRY, id="e2", key="k2")
    early = replace(ENTRY, id="e3", began=ENTRY.began - 1)
    await store.add([ENTRY, replace(ENTRY, id="e4"), other, early])
    each = {"requests": 1, "tokens": 33, "usd": 0.125}
    both = {name: 2 * value for name, value in each.items()}
    assert await store.totals(since=ENTRY.began) == {KEY.id: both, "k2": each}


async def test_totals_count_nothing_for_an_unknown_price(store: Tables) -> None:
    await store.add([replace(ENTRY, cost_usd=None)])
    assert await store.totals(since=0) == {KEY.id: {"requests": 1, "tokens": 33, "usd": 0}}


async def spending(store: Tables, by: str, *entries: Entry) -> list[dict[str, Any]]:
    await store.add([replace(entry, id=str(n)) for n, entry in enumerate(entries)])
    return [dict(row) for row in await store.spending(since=0, by=by)]


async def test_a_report_has_all_columns(store: Tables) -> None:
    done = replace(ENTRY, outcome="finished")
    away = replace(done, where=Clearance.WORLD, cost_usd=None, first_seconds=None)
    assert await spending(store, "route", done, away) == [
        {
            "route": "auto",
            "requests": 2,
            "tokens": 66,
            "usd": 0.125,
            "unpriced": 1,
            "local_share": 0.5,
            "first_seconds": 0.25,
        }
    ]


async def test_a_report_without_an_answer_has_no_shares(store: Tables) -> None:
    [row] = await spending(store, "key", replace(ENTRY, first_seconds=None))
    assert (row["local_share"], row["first_seconds"]) == (None, None)


@pytest.mark.parametrize("by", GROUPS)
async def test_a_report_is_by_whatever_it_is_asked_by(store: Tables, by: str) -> None:
    values = {"key": KEY.id, "tenant": "north", "route": "auto", "model": "qwen3:4b"}
    expected = {**values, "where": "network", "day": "2023-11-14"}[by]
    assert [row[by] for row in await spending(store, by, ENTRY)] == [expected]


async def test_a_report_by_anything_else_is_refused(store: Tables) -> None:
    with pytest.raises(ValueError, match="say one of key, tenant"):
        await store.spending(since=0, by="id; drop table entries")


async def test_a_report_has_the_dearest_first(store: Tables) -> None:
    cheap = replace(ENTRY, model="cheap", cost_usd=0.0)
    rows = await spending(store, "model", cheap, replace(ENTRY, model="dear"))
    assert [row["model"] for row in rows] == ["dear", "cheap"]


async def test_a_report_by_day_has_the_days_in_order(store: Tables) -> None:
    before = replace(ENTRY, began=ENTRY.began - 86400, cost_usd=0.0)
    rows = await spending(store, "day", ENTRY, before)
    assert [row["day"] for row in rows] == ["2023-11-13", "2023-11-14"]


async def test_contents_are_kept_once(store: Tables) -> None:
    said = Contents("e1", {"messages": [{"content": "\0 ü \U0001f600"}]}, "an \0 answer")
    await store.add_contents([said])
    await store.add_contents([said, Contents("e2", {}, "")])
    rows = await store.fetch("select id from contents order by id")
    assert [row[0] for row in rows] == ["e1", "e2"]


async def test_feedback_is_on_an_entry_that_is_there(store: Tables) -> None:
    assert not await store.add_feedback(Feedback("e1", 1.0))
    await store.add([ENTRY])
    assert await store.add_feedback(Feedback("e1", 1.0))


async def test_a_second_feedback_takes_the_place_of_the_first(store: Tables) -> None:
    await store.add([ENTRY])
    await store.add_feedback(Feedback("e1", 1.0, "good"))
    await store.add_feedback(Feedback("e1", -0.5, "not so good", 12.0))
    rows = await store.fetch("select rating, comment, at from feedback")
    assert [tuple(row) for row in rows] == [(-0.5, "not so good", 12.0)]


# ---------------------------------------------------------------- amounts

SOON = time.time() + 60


async def grant(amounts: Amounts, node: str, wanted: float, most: float = 10) -> float:
    return await amounts.grant(node, "limit", wanted=wanted, most=most, until=SOON)


async def test_what_is_left_is_granted_and_not_more(amounts: Amounts) -> None:
    assert [await grant(amounts, "a", 4.5) for _ in range(4)] == [4.5, 4.5, 1.0, 0.0]


async def test_several_nodes_draw_from_the_same_amount(amounts: Amounts) -> None:
    assert await grant(amounts, "a", 7) == 7
    assert await grant(amounts, "b", 7) == 3


async def test_each_name_is_an_amount_of_its_own(amounts: Amounts) -> None:
    await grant(amounts, "a", 10)
    assert await amounts.grant("a", "other", wanted=7, most=10, until=SOON) == 7


async def test_what_is_given_back_is_there_for_others(amounts: Amounts) -> None:
    await grant(amounts, "a", 10)
    assert await grant(amounts, "a", -4) == -4
    assert await grant(amounts, "b", 10) == 4


async def test_no_node_gives_back_what_it_does_not_have(amounts: Amounts) -> None:
    await grant(amounts, "a", 6)
    await grant(amounts, "b", 1)
    assert await grant(amounts, "b", -5) == -1
    assert await grant(amounts, "c", 10) == 4


async def test_what_was_overspent_counts(amounts: Amounts) -> None:
    await grant(amounts, "a", 10)
    assert await grant(amounts, "a", 5, most=math.inf) == 5
    assert await grant(amounts, "a", -5) == -5
    assert await grant(amounts, "b", 5) == 0


async def test_a_limit_that_was_lowered_grants_nothing_more(amounts: Amounts) -> None:
    await grant(amounts, "a", 8)
    assert await grant(amounts, "a", 1, most=5) == 0


async def test_a_node_can_ask_what_it_was_granted(amounts: Amounts) -> None:
    await grant(amounts, "a", 4)
    await grant(amounts, "a", 2.25)
    await grant(amounts, "b", 1)
    assert await amounts.granted("a", "limit") == 6.25
    assert await amounts.granted("c", "limit") == 0


async def test_an_amount_is_forgotten_when_its_window_is_long_over(amounts: Amounts) -> None:
    await amounts.grant("a", "old", wanted=5, most=10, until=SOON - 86400)
    await grant(amounts, "a", 1)
    assert await amounts.granted("a", "old") == 0


async def test_fifty_at_once_are_granted_what_there_is_and_not_more(amounts: Amounts) -> None:
    given = await asyncio.gather(*(grant(amounts, f"n{n % 7}", 3, most=100) for n in range(50)))
    assert sum(given) == 100
    assert sum([await amounts.granted(f"n{n}", "limit") for n in range(7)]) == 100
