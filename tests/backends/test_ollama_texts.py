"""Completions, middles and embeddings of Ollama, and when its chats are passed on as bytes."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from homeward.backends.anthropic import Anthropic
from homeward.backends.http import Http
from homeward.backends.ollama import Ollama
from homeward.backends.passage import Passage, Passing
from homeward.completion import Completer, Completion
from homeward.embedding import Embedder, Texts
from homeward.errors import Forbidden, Garbled, ModelMissing, Rejected, TooLong, Unauthorized
from homeward.model import Clearance, Finish, Reasoning, Request, Sampling, Usage, collect
from tests.backends.leaves import Completes, check_cancel, check_hang_up, only
from tests.backends.servers import Reply, Routes, Server, answers, lines, playing
from tests.contract import check_bill_arrives, check_ends_with_finish, said

NAME = "qwen2.5-coder:7b"
INSERTS = answers({"capabilities": ["completion", "insert"]})
REMOTE = answers({"remote_host": "https://ollama.com:443"})
MIDDLE = Completion("def add(", "return", Sampling(max_tokens=16, temperature=0.0))
TEXTS = Texts(("one", "two"))
VECTORS = answers(
    {"embeddings": [[0.6, 0.8], [1.0, 0.0]], "prompt_eval_count": 4, "load_duration": 2_000_000_000}
)


def piece(text: str = "", **fields: Any) -> dict[str, Any]:
    return {"model": NAME, "response": text, "done": False, **fields}


LAST = piece(done=True, done_reason="stop", prompt_eval_count=9, eval_count=2)
SAYS = lines(piece("a, "), piece("b"), LAST)


def routes(generate: Reply = SAYS, show: Reply = INSERTS, embed: Reply = VECTORS) -> Routes:
    return {
        ("POST", "/api/show"): show,
        ("POST", "/api/generate"): generate,
        ("POST", "/api/embed"): embed,
    }


def last_body(server: Server, path: str) -> Any:
    assert [asked.path for asked in server.asked] == ["/api/show", path]
    return server.asked[-1].json


@pytest.fixture
async def http() -> AsyncGenerator[Http, None]:
    async with Http() as client:
        yield client


# ---------------------------------------------------------------- completions


async def test_fills_in_a_middle(http: Http) -> None:
    async with playing(routes()) as server:
        model = Ollama(NAME, server, num_ctx=8192, keep_alive="10m", http=http)
        answer = await collect(model.complete(MIDDLE))
    assert isinstance(model, Completer)
    assert last_body(server, "/api/generate") == {
        "model": NAME,
        "prompt": "def add(",
        "suffix": "return",
        "stream": True,
        "options": {"num_ctx": 8192, "num_predict": 16, "temperature": 0.0},
        "keep_alive": "10m",
        "truncate": False,
        "shift": False,
    }
    assert (answer.text, answer.finish) == ("a, b", Finish("stop", NAME))
    usage = only(Usage, answer.events)
    assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (9, 2, False)


async def test_a_completion_keeps_the_contract(http: Http) -> None:
    async with playing(routes()) as server:
        model = Completes(Ollama(NAME, server, http=http))
        await check_ends_with_finish(model)
        await check_bill_arrives(model)


async def test_hanging_up_and_cancelling_end_a_completion_upstream(http: Http) -> None:
    async with playing(routes(lines(piece("a"), 60.0))) as server:
        await check_hang_up(Completes(Ollama(NAME, server, http=http)), server)
    async with playing(routes(lines(60.0))) as server:
        await check_cancel(Completes(Ollama(NAME, server, http=http)), server, "/api/generate")


async def test_thoughts_come_through_and_a_cut_answer_is_garbled(http: Http) -> None:
    async with playing(routes(lines(piece(thinking="hm"), LAST))) as server:
        answer = await collect(Ollama(NAME, server, http=http).complete(Completion("hi")))
    assert only(Reasoning, answer.events).text == "hm"
    async with playing(routes(lines(piece("a")))) as server:
        with pytest.raises(Garbled):
            await collect(Ollama(NAME, server, http=http).complete(Completion("hi")))


async def test_a_model_without_insert_is_refused_before_it_is_asked(http: Http) -> None:
    async with playing(routes(show=answers({"capabilities": ["completion"]}))) as server:
        with pytest.raises(Rejected, match="ollama show"):
            await collect(Ollama(NAME, server, http=http).complete(MIDDLE))
        assert len(server.asked) == 1


async def test_raw_and_what_is_not_read_are_sent_on(http: Http) -> None:
    extra = {"system": "Be brief.", "Model": "dear:cloud", "truncate": True}
    asked = Completion("hi", raw=True, extra=extra, dialect="ollama")
    async with playing(routes()) as server:
        await collect(Ollama(NAME, server, http=http).complete(asked))
    body = last_body(server, "/api/generate")
    assert (body["raw"], body["system"], body["truncate"]) == (True, "Be brief.", False)
    assert {name.lower() for name in body} == set(body)  # Go reads `Model` as `model`
    assert body["model"] == NAME


async def test_another_dialects_fields_are_not_sent_on(http: Http) -> None:
    asked = Completion("hi", extra={"best_of": 1}, dialect="openai_completions")
    async with playing(routes()) as server:
        await collect(Ollama(NAME, server, http=http).complete(asked))
    assert "best_of" not in last_body(server, "/api/generate")


# ---------------------------------------------------------------- embeddings


async def test_embeds_and_is_never_cut_in_silence(http: Http) -> None:
    async with playing(routes()) as server:
        model = Ollama(NAME, server, num_ctx=2048, http=http)
        made = await model.embed(TEXTS)
    assert isinstance(model, Embedder)
    assert last_body(server, "/api/embed") == {
        "model": NAME,
        "input": ["one", "two"],
        "truncate": False,
        "options": {"num_ctx": 2048},
    }
    assert made.vectors == ((0.6, 0.8), (1.0, 0.0))
    usage = made.usage
    assert (usage.input_tokens, usage.load_seconds, usage.cost_usd) == (4, 2.0, 0)


async def test_a_text_may_lose_its_end_and_a_vector_its_numbers_when_asked(http: Http) -> None:
    async with playing(routes()) as server:
        await Ollama(NAME, server, http=http).embed(Texts(TEXTS.texts, 2, truncate=True))
    body = last_body(server, "/api/embed")
    assert (body["truncate"], body["dimensions"]) == (True, 2)


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (400, "the input length exceeds the context length", TooLong),
        (404, f"model '{NAME}' not found", ModelMissing),
        (400, f'"{NAME}" does not support embeddings', Rejected),
    ],
)
async def test_refusals_are_told_apart(
    http: Http, status: int, message: str, error: type[Exception]
) -> None:
    async with playing(routes(embed=answers({"error": message}, status))) as server:
        with pytest.raises(error):
            await Ollama(NAME, server, http=http).embed(TEXTS)


async def test_too_few_vectors_are_garbled(http: Http) -> None:
    async with playing(routes(embed=answers({"embeddings": [[1.0]]}))) as server:
        with pytest.raises(Garbled, match="2 texts"):
            await Ollama(NAME, server, http=http).embed(TEXTS)


@pytest.mark.parametrize("name", [NAME, "glm:cloud"])
async def test_a_cloud_model_gets_neither_texts_nor_prompts(http: Http, name: str) -> None:
    async with playing(routes(show=REMOTE)) as server:
        model = Ollama(name, server, http=http)
        with pytest.raises(Forbidden, match="clearance: world"):
            await model.embed(TEXTS)
        with pytest.raises(Forbidden, match="clearance: world"):
            await collect(model.complete(Completion("my secret")))
        assert {asked.path for asked in server.asked} <= {"/api/show"}


async def test_a_cloud_model_that_may_be_asked_is_billed_as_the_world(http: Http) -> None:
    async with playing(routes(show=REMOTE)) as server:
        asked = Texts(TEXTS.texts, clearance=Clearance.WORLD)
        usage = (await Ollama(NAME, server, http=http).embed(asked)).usage
    assert (usage.where, usage.cost_usd) == (Clearance.WORLD, None)


# ---------------------------------------------------------------- passing bytes on


def passage(model: Passing, dialect: str = "ollama") -> Passage:
    found = model.passage(dialect)
    assert found is not None
    return found


def added(found: Passage) -> dict[str, Any]:
    return {name: json.loads(value) for name, value in found.adds.items()}


def test_what_a_body_does_not_say_is_added_so_that_nothing_is_cut_in_silence() -> None:
    found = passage(Ollama(NAME, "http://127.0.0.1:1"))
    assert (found.path, found.model, found.any_case) == ("/api/chat", NAME, True)
    assert added(found) == {"truncate": False, "shift": False}
    assert {"truncate", "shift", "think", "options"} <= found.reads


def test_what_the_leaf_sets_is_added_too_and_is_not_for_a_body_to_set() -> None:
    leaf = Ollama(NAME, "http://127.0.0.1:1", num_ctx=8192, keep_alive=60, options={"num_gpu": 7})
    found = passage(leaf)
    assert added(found)["options"] == {"num_gpu": 7, "num_ctx": 8192}
    assert added(found)["keep_alive"] == 60
    assert {"options", "keep_alive"} <= found.reads


def test_what_depends_on_the_model_is_not_passed_on() -> None:
    assert Ollama(NAME, think=True).passage("ollama") is None
    assert Ollama(NAME).passage("openai_chat") is None


async def test_a_passage_asks_where_the_model_runs(http: Http) -> None:
    async with playing(routes()) as server:
        check = passage(Ollama(NAME, server)).check
        assert check is not None
        assert await check(http, Clearance.MACHINE) is Clearance.MACHINE
    async with playing(routes(show=REMOTE)) as server:
        check = passage(Ollama(NAME, server)).check
        assert check is not None
        with pytest.raises(Forbidden, match="clearance: world"):
            await check(http, Clearance.NETWORK)
        assert await check(http, Clearance.WORLD) is Clearance.WORLD


async def test_a_cloud_name_is_refused_before_anything_is_sent(http: Http) -> None:
    async with playing(routes()) as server:
        check = passage(Ollama("glm:cloud", server)).check
        assert check is not None
        with pytest.raises(Forbidden):
            await check(http, Clearance.MACHINE)
        assert server.asked == []


async def test_a_chat_asks_no_other_model_by_a_capital_letter(http: Http) -> None:
    chat = lines({"message": {"content": "hi"}}, {"done": True, "done_reason": "stop"})
    async with playing({**routes(), ("POST", "/api/chat"): chat}) as server:
        request = Request.of("hello", extra={"Model": "dear:cloud"}, dialect="ollama")
        await said(Ollama(NAME, server, http=http), request)
    assert "Model" not in last_body(server, "/api/chat")


def test_an_anthropic_body_goes_on_with_a_limit_and_the_key() -> None:
    found = passage(Anthropic("claude", api_key="sk", max_tokens=99), "anthropic_messages")
    assert (found.base_url, found.path) == ("https://api.anthropic.com", "/v1/messages")
    assert (found.model, found.where) == ("claude", Clearance.WORLD)
    assert found.headers["x-api-key"] == "sk"
    assert added(found) == {"max_tokens": 99}
    assert Anthropic("claude", api_key="sk").passage("openai_chat") is None
    assert "sk" not in repr(found)


def test_without_a_key_nothing_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(Unauthorized, match="ANTHROPIC_API_KEY"):
        Anthropic("claude").passage("anthropic_messages")
