"""A store that becomes slow, then hangs, then comes back: no answer is slowed or lost."""

import asyncio
import time
from collections import defaultdict
from itertools import pairwise
from statistics import median
from typing import Any

import pytest

from homeward.gateway.accounting import journal, keyring, leases, lending
from homeward.store.opening import open_store
from homeward.store.records import Key, Limit, hashed, new_secret
from tests.contract import PATIENCE
from tests.gateway.running import Running, running
from tests.store.servers import Relay, relay

ECHO = "models: {echo: {echo: {}}}"
BODY = {"model": "echo", "messages": [{"role": "user", "content": "hello"}]}
LIMITS = (Limit("requests", "day", 200), Limit("usd", "month", 100))


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway's patience is as much shorter as the test is than an outage."""
    for module, name, seconds in (
        (journal, "PAUSE", 0.02),
        (journal, "LONGEST_PAUSE", 0.1),
        (keyring, "REFRESH", 0.1),
        (lending, "ROUNDS", 0.05),
        (lending, "PATIENCE", 0.6),
        (lending, "TOO_LATE", 0.6),
        (leases, "DRY", 0.1),
    ):
        monkeypatch.setattr(module, name, seconds)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the store of keys and entries too, where it is the one that becomes slow."""
    for module in (journal, keyring):
        monkeypatch.setattr(module, "PATIENCE", 0.6)


async def answers(gateway: Running, headers: dict[str, str], number: int = 60) -> list[float]:
    """How long each took. All must be answers."""
    took = []
    for _ in range(number):
        began = time.monotonic()
        answer = await gateway.ask("POST", "/v1/chat/completions", BODY, headers)
        took.append(time.monotonic() - began)
        assert answer.status == 200, answer.text
    return took


async def trial(link: Relay, settings: dict[str, Any]) -> None:
    key_id, secret = new_secret()
    async with open_store(settings.get("database")) as stores:
        await stores.keys.put_key(Key(key_id, hashed(secret), limits=LIMITS))
    headers = {"authorization": f"Bearer {secret}"}
    async with running(ECHO, **settings) as gateway, asyncio.timeout(PATIENCE):
        usual = median(await answers(gateway, headers))
        kept, lender = gateway.gateway.journal, gateway.gateway.lending
        keys = gateway.gateway.keyring
        assert lender is not None
        disturbed = []
        for delay in (1.0, float("inf")):
            link.delay = delay
            for _ in range(3):
                disturbed += await answers(gateway, headers, 20)
                await asyncio.sleep(0.15)  # for the gateway to notice
        assert median(disturbed) < usual + 0.3  # else each waited for the store, and in vain
        while not noticed(gateway, settings):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        link.delay = 0.0
        while kept.unwritten or lender.trouble.is_on or keys.trouble.is_on:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        entries = await gateway.gateway.ledger.entries()
    assert len({entry.id for entry in entries}) == 60 + 2 * 60
    async with open_store(settings.get("database"), settings.get("shared")) as stores:
        assert stores.amounts is not None
        name = f"{key_id}:requests:day:{time.strftime('%Y-%m-%d', time.gmtime())}"
        told = await stores.amounts.granted(lender.node, name)
        # all of it, and once; a slice that was asked for in vain may come when all is over
        assert 60 + 2 * 60 <= told <= LIMITS[0].amount


def noticed(gateway: Running, settings: dict[str, Any]) -> bool:
    """Whether whoever uses the store has found it in trouble."""
    lender, kept = gateway.gateway.lending, gateway.gateway.journal
    found = [lender is not None and lender.trouble.failures]
    if "database" in settings:
        found += [kept.store_failures, gateway.gateway.keyring.trouble.failures]
    return all(found)


def subjects(caplog: pytest.LogCaptureFixture) -> set[str]:
    """What was said to be in trouble and then well again, in turn: a beginning, an end, and so on.

    How often depends on how the outage falls into the rounds, so it is not counted.
    """
    said: dict[str, list[bool]] = defaultdict(list)
    for record in caplog.records:
        if record.name == "homeward":
            subject, _, news = record.message.partition(": ")
            said[subject].append(news.startswith("well again"))
    for news_of_one in said.values():
        assert not news_of_one[0]
        assert all(earlier != later for earlier, later in pairwise(news_of_one))
    return set(said)


@pytest.mark.usefixtures("impatient")
async def test_a_slow_postgresql_slows_and_loses_no_answer(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with relay(postgres_url) as link:
        await trial(link, {"database": link.url})
    assert subjects(caplog) == {"the ledger", "the keys", "the shared limits"}


async def test_a_slow_redis_slows_and_loses_no_answer(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with relay(redis_url) as link:
        await trial(link, {"shared": link.url})
    assert subjects(caplog) == {"the shared limits"}
