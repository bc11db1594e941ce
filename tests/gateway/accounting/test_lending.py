"""Limits that several gateways draw from together."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from homeward.gateway.accounting import leases, lending
from homeward.gateway.accounting.lending import Lending, open_lending
from homeward.gateway.accounting.limits import Account
from homeward.gateway.accounting.windows import NANO, PERS, around
from homeward.gateway.refused import Refused
from homeward.store.protocols import Amounts, StoreDown
from homeward.store.records import Key, Limit
from homeward.store.sqlite import Sqlite
from tests.contract import PATIENCE


class Slow:
    """Amounts that can be told to fail, or to be late. ``asked`` counts grants."""

    def __init__(self, amounts: Amounts) -> None:
        self.amounts = amounts
        self.error: Exception | None = None
        self.delay = 0.0
        self.asked = 0

    async def grant(self, node: str, name: str, **wanted: Any) -> float:
        self.asked += 1
        await self._suffer()
        return await self.amounts.grant(node, name, **wanted)

    async def granted(self, node: str, name: str) -> float:
        await self._suffer()
        return await self.amounts.granted(node, name)

    async def _suffer(self) -> None:
        await asyncio.sleep(self.delay)
        if self.error is not None:
            raise self.error


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Slow]:
    async with Sqlite(tmp_path / "amounts.db") as amounts:
        yield Slow(amounts)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever takes a second takes a moment."""
    monkeypatch.setattr(lending, "ROUNDS", 0.005)
    monkeypatch.setattr(leases, "DRY", 0.01)


def key(*limits: Limit) -> Key:
    return Key("k1", limits=limits)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110  what is awaited is any fact
            await asyncio.sleep(0.002)


async def taken(lender: Lending, account: Account, tokens: int = 1, usd: float = 0.0) -> bool:
    """Whether a request is admitted; it takes all that it reserves."""
    await lender.ensure(account, tokens, usd)
    try:
        reservation = account.reserve(tokens, usd)
    except Refused:
        return False
    account.settle(reservation, tokens, usd if not reservation.broke else 0.0)
    return not reservation.broke


def granted(store: Slow) -> int:
    """What all nodes together were granted."""
    path = store.amounts.path  # type: ignore[attr-defined]  # of the SQLite behind it
    with closing(sqlite3.connect(path)) as database:
        [(sum_,)] = database.execute("select coalesce(sum(granted), 0) from amounts")
        return int(sum_)


# ---------------------------------------------------------------- slices


async def test_a_request_waits_for_its_first_slice(store: Slow) -> None:
    async with open_lending(store, "a") as lender:
        assert await taken(lender, Account(key(Limit("requests", "day", 5)), lender))


async def test_a_slice_is_a_tenth_of_what_is_left(store: Slow) -> None:
    async with open_lending(store, "a") as lender:
        account = Account(key(Limit("tokens", "day", 1000)), lender)
        assert await taken(lender, account, 10)
        assert account.bounds()[0].most == 100


async def test_a_slice_is_at_least_what_a_request_needs(store: Slow) -> None:
    async with open_lending(store, "a") as lender:
        assert await taken(lender, Account(key(Limit("tokens", "day", 1000)), lender), 900)


async def test_a_request_that_fits_into_no_limit_borrows_nothing_for_itself(store: Slow) -> None:
    async with open_lending(store, "a") as lender:
        account = Account(key(Limit("tokens", "day", 1000)), lender)
        await lender.ensure(account, 5000, 0)
        await until(lambda: account.bounds()[0].most)
        assert granted(store) == 100


async def test_the_next_slice_is_fetched_before_the_first_is_used_up(store: Slow) -> None:
    async with open_lending(store, "a") as lender:
        account = Account(key(Limit("tokens", "day", 1000)), lender)
        assert await taken(lender, account, 60)
        account.reserve(1, 0)
        await until(lambda: account.bounds()[0].most > 100)


async def test_one_gateway_may_spend_the_whole_limit(store: Slow) -> None:
    async with open_lending(store, "a") as lender:
        account = Account(key(Limit("requests", "day", 25)), lender)
        assert [await taken(lender, account) for _ in range(26)] == [True] * 25 + [False]


async def test_many_at_once_wait_for_one_slice_together(
    store: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "DRY", 3600.0)  # nobody asks again for what is not there
    store.delay = 0.005
    async with open_lending(store, "a") as lender:
        account = Account(key(Limit("requests", "day", 100)), lender)
        admitted = await asyncio.gather(*(taken(lender, account) for _ in range(200)))
    assert (sum(admitted), store.asked < 20) == (100, True)


async def test_two_gateways_never_spend_more_than_there_is(store: Slow) -> None:
    async with open_lending(store, "a") as one, open_lending(store, "b") as other:
        limit = Limit("usd", "month", 0.1 * 30)
        pairs = [(lender, Account(key(limit), lender)) for lender in (one, other)]
        admitted = await asyncio.gather(
            *(taken(lender, account, 1, 0.1) for lender, account in pairs for _ in range(30))
        )
        assert sum(admitted) == 30
        spent = sum(account.bounds()[0].taken for _, account in pairs)
        assert spent <= round(limit.amount * NANO)


async def test_what_was_not_used_is_given_back_at_the_end(store: Slow) -> None:
    async with open_lending(store, "a") as lender:
        account = Account(key(Limit("tokens", "day", 1000)), lender)
        await taken(lender, account, 7)
        assert granted(store) == 100
    assert granted(store) == 7


async def test_what_nobody_draws_from_is_given_back_but_for_a_little(
    store: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "IDLE", 0.01)
    async with open_lending(store, "a") as lender:
        account = Account(key(Limit("tokens", "day", 1000)), lender)
        await taken(lender, account, 5)
        await until(lambda: granted(store) == 15)
        assert account.bounds()[0].most == 15


async def test_a_slice_that_is_on_its_way_at_the_end_is_given_back(store: Slow) -> None:
    """The store hears what it is asked, also when nobody waits for the answer any more."""
    grant = store.amounts.grant
    asked: list[asyncio.Task[float]] = []

    async def heard(*at: Any, **wanted: Any) -> float:
        async def late() -> float:
            await asyncio.sleep(0.01)
            return await grant(*at, **wanted)

        asked.append(asyncio.create_task(late()))
        return await asyncio.shield(asked[-1])

    async with open_lending(store, "a") as lender:
        account = Account(key(Limit("tokens", "day", 1000)), lender)
        await taken(lender, account, 60)
        await until(lambda: not any(lease.task for lease in lender._leases.values()))
        store.amounts.grant = heard  # type: ignore[method-assign]
        account.settle(account.reserve(60, 0), 60, 0)  # asks for the next slice
        await until(lambda: asked)
    await asyncio.gather(*asked)
    assert granted(store) == 120


async def test_more_than_was_lent_is_told_to_the_store(store: Slow) -> None:
    async with open_lending(store, "a") as lender:
        account = Account(key(Limit("tokens", "day", 100)), lender)
        await lender.ensure(account, 10, 0)
        account.settle(account.reserve(10, 0), 500, 0)
        await until(lambda: granted(store) == 500)


async def test_a_limit_that_shrinks_takes_back_what_was_lent(store: Slow) -> None:
    async with open_lending(store, "a") as lender:
        account = Account(key(Limit("tokens", "day", 1000)), lender)
        await taken(lender, account, 50)
        account.change(key(Limit("tokens", "day", 60)))
        assert [await taken(lender, account, 5) for _ in range(3)] == [True, True, False]


async def test_a_limit_that_comes_later_knows_what_all_have_taken(store: Slow) -> None:
    async with open_lending(store, "a") as one, open_lending(store, "b") as other:
        accounts = [Account(key(), lender) for lender in (one, other)]
        for account in accounts:
            account.settle(account.reserve(40, 0), 40, 0)
            account.change(key(Limit("tokens", "day", 100)))
        await until(lambda: granted(store) >= 80)
        assert await taken(one, accounts[0], 10)
        assert not await taken(other, accounts[1], 11)


async def test_a_give_back_that_is_heard_late_is_not_spent_meanwhile(
    store: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "IDLE", 0.01)
    grant = store.amounts.grant
    late: list[Callable[[], Awaitable[float]]] = []

    async def held_up(*at: Any, wanted: float, **rest: Any) -> float:
        if wanted < 0 and not late:
            late.append(lambda: grant(*at, wanted=wanted, **rest))
            raise StoreDown("cut off")
        return await grant(*at, wanted=wanted, **rest)

    store.amounts.grant = held_up  # type: ignore[method-assign]
    async with open_lending(store, "a") as lender:
        account = Account(key(Limit("tokens", "day", 1000)), lender)
        await taken(lender, account, 5)
        await until(lambda: late and not lender.trouble.is_on)
        await late[0]()
        assert account.bounds()[0].most <= granted(store)


# ---------------------------------------------------------------- windows and lives


async def test_the_next_windows_slice_is_there_when_it_begins(
    store: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    minute = 60.0 * (time.time() // 60) + 60
    clock = minute - 2
    monkeypatch.setattr("time.time", lambda: clock)
    async with open_lending(store, "a") as lender:
        account = Account(key(Limit("requests", "minute", 100)), lender)
        await taken(lender, account)
        await until(
            lambda: len(lender._leases) == 2 and all(x.granted for x in lender._leases.values())
        )
        clock = minute + 1
        store.error = StoreDown("gone")
        assert account.reserve(1, 0)


async def test_after_a_crash_a_gateway_finds_its_slice_again(store: Slow) -> None:
    limit = Limit("usd", "month", 100.0)
    crashed = Lending(store, "a")
    account = Account(key(limit), crashed)
    await taken(crashed, account, 1, 4.0)
    async with open_lending(store, "a") as lender:
        again = Account(key(limit), lender)
        for per in PERS:  # as the tally has it
            again.recall(per, around(time.time(), per)[0], (1, 1, 4 * NANO))
        await until(lambda: again.bounds()[0].most)
        assert not again.reserve(1, 6.0).broke
        assert again.bounds()[0].most == granted(store)


# ---------------------------------------------------------------- a store that does not answer


async def test_without_the_store_money_is_not_spent(store: Slow) -> None:
    store.error = StoreDown("gone")
    async with open_lending(store, "a") as lender:
        account = Account(key(Limit("usd", "day", 10.0)), lender)
        assert not await taken(lender, account, 1, 0.1)


async def test_money_that_was_lent_before_is_spent_without_the_store(store: Slow) -> None:
    async with open_lending(store, "a") as lender:
        account = Account(key(Limit("usd", "day", 10.0)), lender)
        assert await taken(lender, account, 1, 0.1)
        store.error = StoreDown("gone")
        assert [await taken(lender, account, 1, 0.5) for _ in range(2)] == [True, False]


@pytest.mark.parametrize("what", ["requests", "tokens"])
async def test_without_the_store_a_gateway_allows_the_whole_limit_by_itself(
    store: Slow, what: Any
) -> None:
    store.error = StoreDown("gone")
    async with open_lending(store, "a") as lender:
        account = Account(key(Limit(what, "day", 3)), lender)
        assert [await taken(lender, account) for _ in range(4)] == [True] * 3 + [False]


async def test_what_was_taken_without_the_store_is_told_when_it_is_back(store: Slow) -> None:
    store.error = StoreDown("gone")
    async with open_lending(store, "a") as lender:
        account = Account(key(Limit("requests", "day", 100)), lender)
        for _ in range(60):
            assert await taken(lender, account)
        store.error = None
        await until(lambda: granted(store) >= 60)
        await until(lambda: account.bounds()[0].most < 100)


async def test_a_late_store_holds_up_a_request_for_a_moment_and_only_the_first(
    store: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lending, "PATIENCE", 0.02)
    monkeypatch.setattr(lending, "TOO_LATE", 3600.0)
    monkeypatch.setattr(lending, "LAST_PATIENCE", 0.02)
    monkeypatch.setattr(leases, "DRY", 3600.0)
    store.delay = 3600.0
    async with open_lending(store, "a") as lender, asyncio.timeout(PATIENCE):
        account = Account(key(Limit("requests", "day", 100)), lender)
        assert await taken(lender, account)
        monkeypatch.setattr(lending, "PATIENCE", 3600.0)  # whoever waits now waits for ever
        assert all([await taken(lender, account) for _ in range(49)])


async def test_a_store_that_is_down_is_said_once(
    store: Slow, caplog: pytest.LogCaptureFixture
) -> None:
    store.error = StoreDown("gone")
    async with open_lending(store, "a") as lender:
        account = Account(key(Limit("requests", "day", 100)), lender)
        await until(lambda: lender.trouble.failures > 3)
        store.error = None
        await until(lambda: not lender.trouble.is_on)
        assert account.bounds()
    began, ended = (record.message for record in caplog.records)
    assert began.startswith("the shared limits: gone;")
    assert ended.startswith("the shared limits: well again after ")


async def test_a_grant_whose_answer_was_lost_is_found_again(store: Slow) -> None:
    """The store granted, and the answer never came."""
    async with open_lending(store, "a") as lender:
        grant = store.amounts.grant

        async def lost(*at: Any, **wanted: Any) -> float:
            await grant(*at, **wanted)
            raise StoreDown("cut off")

        store.amounts.grant = lost  # type: ignore[method-assign]
        account = Account(key(Limit("usd", "day", 10.0)), lender)
        assert not await taken(lender, account, 1, 0.5)
        store.amounts.grant = grant  # type: ignore[method-assign]
        await until(lambda: account.bounds()[0].most)
        assert account.bounds()[0].most == granted(store)


async def test_a_store_that_came_back_empty_is_told_what_was_taken_of_every_limit(
    store: Slow,
) -> None:
    async with open_lending(store, "a") as lender:
        account = Account(key(Limit("usd", "day", 100.0), Limit("usd", "month", 100.0)), lender)
        for _ in range(30):
            assert await taken(lender, account, 1, 1.0)
        store.error = StoreDown("gone")
        with closing(sqlite3.connect(store.amounts.path)) as database:  # type: ignore[attr-defined]
            database.execute("delete from amounts")
            database.commit()
        lender.changed(account.bounds()[0])  # one of the two asks for something
        await until(lambda: lender.trouble.is_on)
        store.error = None
        await until(lambda: granted(store) >= 2 * 30 * NANO)
