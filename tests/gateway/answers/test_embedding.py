"""Embeddings are written down as chats are, whatever becomes of them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from homeward.store.records import Entry
from tests.backends.servers import NEVER, Reply, Server, answers, playing
from tests.gateway.answers.test_answering import until
from tests.gateway.running import Running, running

CONFIG = "models: {leaf: {openai: {model: m, base_url: '%s/v1', price: {input: 1000, output: 0}}}}"
VECTORS = {
    "data": [{"index": 0, "embedding": [0.5, 0.5]}],
    "usage": {"prompt_tokens": 4, "total_tokens": 4},
}


@asynccontextmanager
async def before(reply: Reply, **settings: Any) -> AsyncGenerator[tuple[Running, Server]]:
    async with (
        playing({("POST", "/v1/embeddings"): reply}) as server,
        running(CONFIG % server, **settings) as gateway,
    ):
        yield gateway, server


async def embed(gateway: Running) -> int:
    body = {"model": "leaf", "input": "How good is this?"}
    return (await gateway.ask("POST", "/v1/embeddings", body)).status


async def entries(gateway: Running) -> list[Entry]:
    await until(lambda: not gateway.gateway.metrics.routes["leaf"].running)
    await gateway.gateway.journal.flush()
    return await gateway.gateway.ledger.entries()


async def test_an_entry_says_which_model_made_the_vectors() -> None:
    async with before(answers(VECTORS)) as (gateway, _):
        await embed(gateway)
        [entry] = await entries(gateway)
        assert (entry.model, entry.input_tokens, entry.cost_usd) == ("m", 4, 0.004)


async def test_a_call_that_failed_is_written_down() -> None:
    async with before(answers({"error": {"message": "no"}}, 500)) as (gateway, _):
        assert await embed(gateway) == 502
        [entry] = await entries(gateway)
        assert [(call.model, call.outcome) for call in entry.calls] == [("m", "failed")]


async def test_who_leaves_does_not_get_the_work_for_nothing() -> None:
    async with before(Reply([NEVER])) as (gateway, server):
        leaves = asyncio.create_task(embed(gateway))
        await server.until(lambda seen: seen.asked)
        leaves.cancel()
        await asyncio.gather(leaves, return_exceptions=True)
        [entry] = await entries(gateway)
        assert (entry.outcome, (entry.cost_usd or 0) > 0) == ("cancelled", True)


async def test_an_entry_says_how_long_its_texts_stood_in_line() -> None:
    vectors = answers(VECTORS)
    assert isinstance(vectors.body, bytes)
    slow = Reply([0.02, vectors.body], headers=vectors.headers)
    async with before(slow, at_once={"leaf": 1}) as (gateway, _):
        await asyncio.gather(embed(gateway), embed(gateway))
        waited = sorted(entry.queued_seconds for entry in await entries(gateway))
        assert waited[0] == 0 < waited[1]
