"""Real clients on a budget that does not suffice for all of them."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from homeward.store.records import Key, Limit, hashed, new_secret
from homeward.store.sqlite import Sqlite
from tests.backends.servers import Reply, Server, answers, playing
from tests.gateway.running import Running, running

PAYS_FOR = 50
CLIENTS = 100
TOKENS = 100  # of each answer, and all that are asked for: what is reserved is what it costs
COST = 0.0002

LEAF = "{{openai: {{model: m, base_url: '{url}/v1', connect: 60, price: {{input: 0, output: 2}}}}}}"
MODELS = f"models: {{{{priced: {LEAF}, free: {{{{echo: {{{{}}}}}}}}"
FORWARDED = MODELS + "}}"
WALKED = MODELS + ", tree: {{retried: priced}}}}"
KIND = MODELS + ", tree: {{fallback: [priced, free]}}}}"


def upstream(tokens: int = TOKENS) -> dict[tuple[str, str], Reply]:
    """A model whose answers take a moment, so that all clients are there at once."""
    said = {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": tokens, "total_tokens": 5 + tokens},
    }
    reply = answers(said)
    assert isinstance(reply.body, bytes)
    return {("POST", "/v1/chat/completions"): Reply((0.02, reply.body), headers=reply.headers)}


async def with_key(folder: Path, *limits: Limit) -> dict[str, str]:
    """A key in the store of that folder, as headers."""
    new, secret = new_secret()
    async with Sqlite(folder / "homeward.db") as keys:
        await keys.put_key(Key(new, hashed(secret), limits=limits))
    return {"authorization": f"Bearer {secret}"}


async def asked(gateway: Running, model: str, headers: dict[str, str], tokens: int = TOKENS) -> int:
    body = {
        "model": model,
        "max_completion_tokens": tokens,
        "stream": False,
        "messages": [{"role": "user", "content": "hello"}],
    }
    return (await gateway.ask("POST", "/v1/chat/completions", body, headers)).status


def calls(server: Server) -> int:
    return sum(asked.method == "POST" for asked in server.asked)


async def spent(folder: Path) -> float:
    async with Sqlite(folder / "homeward.db") as ledger:
        return sum([entry.cost_usd or 0.0 for entry in await ledger.entries()])


@pytest.mark.parametrize(("models", "route"), [(FORWARDED, "priced"), (WALKED, "tree")])
async def test_a_budget_pays_for_as_many_as_it_pays_for(
    home: Path, models: str, route: str
) -> None:
    headers = await with_key(home, Limit("usd", "month", PAYS_FOR * COST))
    async with playing(upstream()) as server:
        async with running(models.format(url=server)) as gateway:
            statuses = await asyncio.gather(
                *(asked(gateway, route, headers) for _ in range(CLIENTS))
            )
        assert Counter(statuses) == {200: PAYS_FOR, 402: CLIENTS - PAYS_FOR}
        assert calls(server) == PAYS_FOR
    assert await spent(home) == pytest.approx(PAYS_FOR * COST)


async def test_when_the_money_is_gone_models_that_cost_nothing_still_answer(home: Path) -> None:
    headers = await with_key(home, Limit("usd", "month", PAYS_FOR * COST))
    async with playing(upstream()) as server:
        async with running(KIND.format(url=server)) as gateway:
            statuses = await asyncio.gather(
                *(asked(gateway, "tree", headers) for _ in range(CLIENTS))
            )
        assert Counter(statuses) == {200: CLIENTS}
        assert calls(server) == PAYS_FOR


async def test_answers_that_take_less_leave_room_for_more(home: Path) -> None:
    headers = await with_key(home, Limit("usd", "month", 10 * COST))
    async with (
        playing(upstream(TOKENS // 2)) as server,
        running(FORWARDED.format(url=server)) as gateway,
    ):
        statuses = [await asked(gateway, "priced", headers) for _ in range(25)]
    assert Counter(statuses) == {200: 19, 402: 6}  # the last ones might have taken it all


async def test_a_budget_does_not_begin_anew_with_the_gateway(home: Path) -> None:
    headers = await with_key(home, Limit("usd", "month", 10 * COST))
    statuses = []
    async with playing(upstream()) as server:
        for _ in range(2):
            async with running(FORWARDED.format(url=server)) as gateway:
                statuses += [await asked(gateway, "priced", headers) for _ in range(7)]
    assert Counter(statuses) == {200: 10, 402: 4}


async def test_a_limit_on_requests_says_when_to_come_back(home: Path) -> None:
    headers = await with_key(home, Limit("requests", "month", 3))
    async with playing(upstream()) as server, running(FORWARDED.format(url=server)) as gateway:
        statuses = await asyncio.gather(*(asked(gateway, "free", headers) for _ in range(10)))
        answer = await gateway.ask(
            "POST", "/v1/chat/completions", {"model": "free", "messages": []}, headers
        )
    assert Counter(statuses) == {200: 3, 429: 7}
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("tokens", [-1, 10**400], ids=["no end", "no float"])
@pytest.mark.parametrize("route", ["priced", "tree"])
async def test_an_answer_without_end_is_not_paid_for(home: Path, route: str, tokens: int) -> None:
    headers = await with_key(home, Limit("usd", "month", COST))
    async with playing(upstream()) as server, running(WALKED.format(url=server)) as gateway:
        assert await asked(gateway, route, headers, tokens) == 402


async def test_two_gateways_together_never_spend_more_than_there_is(
    tmp_path: Path, redis_url: str
) -> None:
    """Each has a ledger of its own, and they share their limits."""
    key_id, secret = new_secret()
    key = Key(key_id, hashed(secret), limits=(Limit("usd", "month", PAYS_FOR * COST),))
    headers = {"authorization": f"Bearer {secret}"}
    folders = [tmp_path / "a", tmp_path / "b"]
    async with playing(upstream()) as server, AsyncExitStack() as stack:
        gateways: list[Running] = []
        for folder in folders:
            async with Sqlite(folder / "homeward.db") as keys:
                await keys.put_key(key)
            settings: dict[str, Any] = {"database": str(folder / "homeward.db")}
            gateways.append(
                await stack.enter_async_context(
                    running(FORWARDED.format(url=server), shared=redis_url, **settings)
                )
            )
        statuses = await asyncio.gather(
            *(asked(gateway, "priced", headers) for gateway in gateways for _ in range(CLIENTS))
        )
        await stack.aclose()
        answered = Counter(statuses)
        assert answered[200] + answered[402] == 2 * CLIENTS
        assert answered[200] == calls(server) <= PAYS_FOR
        assert answered[200] > 0.8 * PAYS_FOR  # the rest was in the other's slice
        assert sum([await spent(folder) for folder in folders]) == pytest.approx(
            answered[200] * COST
        )


@pytest.mark.parametrize(("limits", "status"), [((Limit("usd", "day", 5),), 402), ((), 200)])
async def test_what_costs_nobody_knows_how_much_is_not_asked_on_a_budget(
    home: Path, limits: tuple[Limit, ...], status: int
) -> None:
    headers = await with_key(home, *limits)
    async with running("models: {far: {scripted: {says: hi, where: world}}}") as gateway:
        assert await asked(gateway, "far", headers) == status


async def test_on_a_budget_a_model_with_a_price_stands_in_for_one_without(home: Path) -> None:
    headers = await with_key(home, Limit("usd", "day", 5))
    models = "{far: {scripted: {says: hi, where: world}}, tree: {fallback: [far, {echo: {}}]}}"
    async with running(f"models: {models}") as gateway:
        assert await asked(gateway, "tree", headers) == 200
