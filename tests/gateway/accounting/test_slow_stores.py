"""A store that becomes slow, then hangs, then comes back: no answer is slowed or lost."""

import asyncio
import time
from collections import defaultdict
from statistics import median
from typing import Any

import pytest

from homeward.gateway.accounting import journal, keyring, leases, lending
from homeward.store.opening import open_store
from homeward.store.records import Key, Limit, hashed, new_secret
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
        (journal, "PATIENCE", 0.3),
        (journal, "LAST_PATIENCE", 1.0),
        (keyring, "REFRESH", 0.1),
        (keyring, "PATIENCE", 0.3),
        (lending, "ROUNDS", 0.05),
        (lending, "TOO_LATE", 0.3),
        (leases, "DRY", 0.1),
    ):
        monkeypatch.setattr(module, name, seconds)


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
    async with running(ECHO, **settings) as gateway, asyncio.timeout(20):
        usual = median(await answers(gateway, headers))
        disturbed = []
        for delay in (1.0, float("inf")):
            link.delay = delay
            for _ in range(3):
                disturbed += await answers(gateway, headers, 20)
                await asyncio.sleep(0.15)  # for the gateway to notice
        assert median(disturbed) < 5 * usual + 0.01
        assert max(disturbed) < 1.0  # nobody waited for the store
        kept, lender = gateway.gateway.journal, gateway.gateway.lending
        assert lender is not None
        assert lender.trouble.failures
        link.delay = 0.0
        keys = gateway.gateway.keyring
        while kept.unwritten or lender.trouble.is_on or keys.trouble.is_on:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        entries = await gateway.gateway.ledger.entries()
    assert len({entry.id for entry in entries}) == 60 + 2 * 60
    async with open_store(settings.get("database"), settings.get("shared")) as stores:
        assert stores.amounts is not None
        name = f"{key_id}:requests:day:{time.strftime('%Y-%m-%d', time.gmtime())}"
        assert await stores.amounts.granted(lender.node, name) == 60 + 2 * 60


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
        assert news_of_one == [False, True] * (len(news_of_one) // 2)
    return set(said)


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
