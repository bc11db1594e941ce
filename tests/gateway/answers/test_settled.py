"""How a request ends that came to no answer, for its client and in the ledger."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from homeward.gateway.answers.watching import Watch
from homeward.store.records import Entry
from tests.backends.servers import NEVER, Reply, Server, answers, playing
from tests.gateway.answers.test_answering import DIALECTS, asking, question, until
from tests.gateway.running import Running, running

LEAF = "{openai: {model: m, base_url: '%s/v1'}}"
MODELS = f"models: {{forwarded: {LEAF}, walked: {{retried: forwarded}}}}"
ROUTES = ["forwarded", "walked"]


@asynccontextmanager
async def before(reply: Reply) -> AsyncGenerator[tuple[Running, Server]]:
    """A gateway before a server that gives one answer to all chats."""
    async with (
        playing({("POST", "/v1/chat/completions"): reply}) as server,
        running(MODELS % server) as gateway,
    ):
        yield gateway, server


def cut_off() -> None:
    """As uvicorn does it to requests that run when the grace is over."""
    for task in asyncio.all_tasks():
        if getattr(task.get_coro(), "__name__", "") == "run_asgi":
            task.cancel()


def running_now(gateway: Running) -> int:
    return sum(counts.running for counts in gateway.gateway.metrics.routes.values())


async def entry_of(gateway: Running) -> Entry:
    await until(lambda: not running_now(gateway))
    await gateway.gateway.journal.flush()
    [entry] = await gateway.gateway.ledger.entries()
    return entry


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_whom_the_end_of_the_server_cuts_off_is_told_so(dialect: str, route: str) -> None:
    async with (
        before(Reply([NEVER])) as (gateway, server),
        asking(gateway, dialect, route, stream=False) as reader,
    ):
        await server.until(lambda seen: seen.asked)
        cut_off()
        head, _, rest = (await reader.readuntil(b"}")).partition(b"\r\n\r\n")
        entry = await entry_of(gateway)
        told = (head.split()[1], b"is stopping" in rest, entry.status, entry.outcome)
        assert told == (b"503", True, 503, "cancelled")


@pytest.mark.parametrize("route", ROUTES)
async def test_who_left_before_an_answer_has_not_seen_a_good_status(route: str) -> None:
    async with before(Reply([NEVER])) as (gateway, server):
        async with asking(gateway, "openai_chat", route):
            await server.until(lambda seen: seen.asked)
        entry = await entry_of(gateway)
        assert (entry.status, entry.outcome) == (499, "cancelled")


@pytest.mark.parametrize("route", ROUTES)
async def test_who_left_in_the_middle_has_seen_the_beginning(route: str) -> None:
    word: dict[str, Any] = {"choices": [{"index": 0, "delta": {"content": "hi"}}]}
    slow = Reply(
        [f"data: {json.dumps(word)}\n\n".encode(), NEVER],
        headers={"content-type": "text/event-stream"},
    )
    async with before(slow) as (gateway, _):
        async with asking(gateway, "openai_chat", route) as reader:
            await reader.read(1)
        entry = await entry_of(gateway)
        assert (entry.status, entry.outcome) == (200, "cancelled")


async def test_a_bug_has_its_name_in_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(watch: Watch, body: bytes) -> None:
        raise KeyError("nobody thought of this")

    monkeypatch.setattr(Watch, "whole", broken)
    async with before(answers({})) as (gateway, _):
        path, body = question("openai_chat", "forwarded", stream=False)
        answer = await gateway.ask("POST", path, body)
        entry = await entry_of(gateway)
        told = (answer.status, entry.status, entry.outcome, entry.error)
        assert told == (500, 500, "failed", "KeyError")
