"""What an entry says of the time and the electricity that an answer took."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from homeward.store.records import Entry
from tests.backends.servers import NEVER, Reply, Server, answers, playing
from tests.gateway.answers.test_answering import asking, question, until
from tests.gateway.running import Running, running

LEAF = "{openai: {model: m, base_url: '%s/v1'}}"
MODELS = (
    f"models: {{forwarded: {LEAF}, walked: {{retried: forwarded}}, "
    "hedge: {hedge: {models: [forwarded, {echo: {}}], after: 200ms}}}"
)
ROUTES = ["forwarded", "walked"]
USD_A_SECOND = 1.0
WORK = 0.1
RESOLUTION = 0.001  # of clocks and of sums
SAID: dict[str, Any] = {
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "hi"}}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
}


@asynccontextmanager
async def before(work: float, **settings: Any) -> AsyncGenerator[tuple[Running, Server]]:
    """A gateway before a model that works for so long, and draws a dollar in each second."""
    said = answers(SAID)
    assert isinstance(said.body, bytes)
    reply = Reply((work, said.body), headers=said.headers)
    async with (
        playing({("POST", "/v1/chat/completions"): reply}) as server,
        running(MODELS % server, kwh_usd=3600.0, watts=1000.0, **settings) as gateway,
    ):
        yield gateway, server


async def entries(gateway: Running) -> list[Entry]:
    routes = gateway.gateway.metrics.routes.values()
    await until(lambda: not any(counts.running for counts in routes))
    await gateway.gateway.journal.flush()
    return await gateway.gateway.ledger.entries()


@pytest.mark.parametrize("route", ROUTES)
async def test_who_waits_in_line_draws_no_electricity(route: str) -> None:
    async with before(WORK, at_once={"forwarded": 1}) as (gateway, _):
        path, body = question("openai_chat", route, stream=False)
        await asyncio.gather(*(gateway.ask("POST", path, body) for _ in range(4)))
        told = await entries(gateway)
        assert any(entry.queued_seconds for entry in told)
        for entry in told:
            worked = (entry.cost_usd or 0) / USD_A_SECOND
            waited = entry.queued_seconds
            assert WORK - RESOLUTION <= worked <= entry.seconds - waited + RESOLUTION


@pytest.mark.parametrize("route", ROUTES)
async def test_work_that_was_cut_off_has_drawn_electricity(route: str) -> None:
    async with before(NEVER) as (gateway, server):
        async with asking(gateway, "openai_chat", route):
            await server.until(lambda seen: seen.asked)
            await asyncio.sleep(WORK)
        [entry] = await entries(gateway)
        assert (entry.cost_usd or 0) / USD_A_SECOND >= WORK - RESOLUTION


async def test_the_slower_of_a_hedge_has_drawn_electricity() -> None:
    async with before(NEVER) as (gateway, _):
        path, body = question("openai_chat", "hedge", stream=False)
        await gateway.ask("POST", path, body)
        [entry] = await entries(gateway)
        slower = next(call for call in entry.calls if call.outcome == "cancelled")
        assert 0 < slower.seconds <= (entry.cost_usd or 0) / USD_A_SECOND + RESOLUTION
