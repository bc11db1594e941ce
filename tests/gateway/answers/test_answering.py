"""What a client sees of an answer, and what a model sees of a client, in every dialect."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from homeward.backends.scripted import Journal, Scripted
from tests.contract import PATIENCE
from tests.gateway.running import Running, running

URLS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "openai_chat": ("/v1/chat/completions", {}),
    "openai_responses": ("/v1/responses", {}),
    "anthropic_messages": ("/v1/messages", {"max_tokens": 100}),
    "ollama": ("/api/chat", {}),
}
DIALECTS = list(URLS)

LONG = "{scripted: {says: [a, b, c, d, e, f, g, h], every: 1h}}"
TREES = {
    "leaf": "slow",
    "fallback": "{fallback: [broken, slow]}",
    "router": "{router: {by: task, else: slow}}",
    "cascade": "{cascade: {drafts: [broken], final: slow, accept: heuristic}}",
    "hedge": "{hedge: {models: [slow, slow], after: 1h}}",
    "ensemble": "{ensemble: {models: [slow], merge: concat}}",
    "limited": "{limited: {model: slow, at_once: 1}}",
    "retried": "{retried: {model: slow}}",
    "deadline": "{deadline: {model: slow, total: 1h}}",
}


def question(dialect: str, model: str, *, stream: bool) -> tuple[str, bytes]:
    path, more = URLS[dialect]
    asked = "input" if dialect == "openai_responses" else "messages"
    words: Any = "hello" if asked == "input" else [{"role": "user", "content": "hello"}]
    body = {"model": model, asked: words, "stream": stream, **more}
    return path, json.dumps(body).encode()


@asynccontextmanager
async def asking(
    gateway: Running, dialect: str, model: str, *, stream: bool = True
) -> AsyncGenerator[asyncio.StreamReader]:
    """A client that hangs up at the end of the block, whatever it has read."""
    path, body = question(dialect, model, stream=stream)
    host, _, port = gateway.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    try:
        yield reader
    finally:
        writer.close()
        await writer.wait_closed()


def journal_of(gateway: Running, name: str) -> Journal:
    leaf = gateway.gateway.routes[name].model
    assert isinstance(leaf, Scripted)
    return leaf.journal


async def until(condition: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  what is awaited is any fact, not one event
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("tree", TREES)
async def test_a_client_that_leaves_stops_the_model(dialect: str, tree: str) -> None:
    models = f"models: {{slow: {LONG}, broken: {{scripted: {{fails: no}}}}, route: {TREES[tree]}}}"
    async with running(models) as gateway:
        journal = journal_of(gateway, "slow")
        async with asking(gateway, dialect, "route"):
            await until(lambda: journal.open)
        await until(lambda: not journal.open)
        assert len(journal.asked) == 1


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_client_that_leaves_before_the_whole_answer_stops_the_model(dialect: str) -> None:
    async with running(f"models: {{slow: {LONG}}}") as gateway:
        journal = journal_of(gateway, "slow")
        async with asking(gateway, dialect, "slow", stream=False):
            await until(lambda: journal.open)
        await until(lambda: not journal.open)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_failure_before_the_first_word_has_its_own_status(dialect: str) -> None:
    async with running("models: {broken: {scripted: {fails: out of memory}}}") as gateway:
        path, body = question(dialect, "broken", stream=True)
        answer = await gateway.ask("POST", path, body)
        assert (answer.status, "out of memory" in answer.text) == (502, True)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_failure_after_the_first_word_is_told_in_the_stream(dialect: str) -> None:
    model = "{scripted: {says: [well], fails: out of memory}}"
    async with running(f"models: {{broken: {model}}}") as gateway:
        path, body = question(dialect, "broken", stream=True)
        answer = await gateway.ask("POST", path, body)
        ends = ("[DONE]", '"done":true', "message_stop", "response.completed")
        said = (answer.status, "out of memory" in answer.text)
        assert (said, [end for end in ends if end in answer.text]) == ((200, True), [])


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_nothing_is_sent_before_the_first_word(dialect: str) -> None:
    model = "{fallback: [{scripted: {fails: no}}, {scripted: {says: [yes], after: 1h}}]}"
    async with (
        running(f"models: {{route: {model}}}") as gateway,
        asking(gateway, dialect, "route") as reader,
    ):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.05)


async def test_a_model_without_an_end_is_a_failure() -> None:
    async with running("models: {endless: {'tests.gateway.endless:Endless': {}}}") as gateway:
        path, body = question("openai_chat", "endless", stream=False)
        answer = await gateway.ask("POST", path, body)
        assert (answer.status, "end mark" in answer.text) == (502, True)


async def test_a_slow_reader_does_not_slow_another() -> None:
    models = """
models:
  much: {'tests.gateway.endless:Much': {}}
  quick: {echo: {}}
"""
    async with (
        running(models) as gateway,
        asking(gateway, "openai_chat", "much") as reader,
    ):
        await reader.read(1)
        path, body = question("openai_chat", "quick", stream=False)
        answers = [await gateway.ask("POST", path, body) for _ in range(20)]
        assert {answer.status for answer in answers} == {200}


async def test_a_slow_reader_makes_the_model_wait() -> None:
    async with (
        running("models: {much: {'tests.gateway.endless:Much': {}}}") as gateway,
        asking(gateway, "openai_chat", "much") as reader,
    ):
        await reader.read(1)
        leaf: Any = gateway.gateway.routes["much"].model
        said = -1
        while said != leaf.said:
            said = leaf.said
            await asyncio.sleep(0.05)
        assert said < leaf.words


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_was_decided_is_in_the_headers(dialect: str) -> None:
    async with running("models: {route: {router: {by: task, else: {echo: {}}}}}") as gateway:
        path, body = question(dialect, "route", stream=True)
        headers = (await gateway.ask("POST", path, body)).headers
        told = [headers[f"x-homeward-{name}"] for name in ("route", "model", "where")]
        assert told == ["route", "echo", "machine"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_was_decided_is_in_the_body_on_request(dialect: str, stream: bool) -> None:  # noqa: FBT001
    async with running("models: {route: {router: {by: task, else: {echo: {}}}}}") as gateway:
        path, body = question(dialect, "route", stream=stream)
        answer = await gateway.ask("POST", path, body, {"x-homeward-explain": "true"})
        assert '"homeward":{' in answer.text


async def test_a_wish_narrows_the_clearance() -> None:
    async with running("models: {far: {scripted: {says: x}}}") as gateway:
        path, body = question("openai_chat", "far", stream=False)
        await gateway.ask("POST", path, body, {"x-homeward-clearance": "machine"})
        assert journal_of(gateway, "far").asked[0].clearance.name == "MACHINE"


async def test_a_reader_that_stalls_does_not_hold_the_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("homeward.gateway.exchange.STALL", 0.05)
    async with (
        running("models: {much: {'tests.gateway.endless:Much': {}}}") as gateway,
        asking(gateway, "openai_chat", "much") as reader,
    ):
        await reader.read(1)
        leaf: Any = gateway.gateway.routes["much"].model
        await until(lambda: not leaf.open)
