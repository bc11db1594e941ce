"""Texts that go on, and middles that are filled in: OpenAI's first protocol, and Mistral's."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.backends.servers import Server, playing, sse
from tests.gateway.running import Answered, Running, running
from tests.gateway.urls.openai_answers import check, frames

PATHS = ["/v1/completions", "/completions"]
FIM = "/v1/fim/completions"


def piece(text: str, finish: str | None = None, **fields: Any) -> str:
    choice = {"index": 0, "text": text, "finish_reason": finish, "logprobs": None, **fields}
    return json.dumps({"id": "c", "object": "text_completion", "choices": [choice]})


USAGE = json.dumps({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}})
CODE = sse(piece("return a"), piece(" + b"), piece("", "stop"), USAGE, "[DONE]")


@asynccontextmanager
async def coding() -> AsyncGenerator[tuple[Running, Server]]:
    """A gateway to a model that completes, ``coder``, and one that only chats, ``echo``."""
    async with playing({("POST", "/v1/completions"): CODE}) as server:
        leaf = f"{{openai: {{model: c, at: vllm, base_url: '{server}/v1'}}}}"
        async with running(f"models: {{coder: {leaf}, echo: {{echo: {{}}}}}}") as gateway:
            yield gateway, server


async def ask(path: str, **body: Any) -> Answered:
    async with coding() as (gateway, _):
        return await gateway.ask("POST", path, body)


@pytest.mark.parametrize("path", PATHS)
async def test_a_completion_is_what_openai_publishes(path: str) -> None:
    answer = (await ask(path, model="coder", prompt="def add(a, b):\n    ")).json
    check("CreateCompletionResponse", answer)
    choice = answer["choices"][0]
    assert (choice["text"], choice["finish_reason"]) == ("return a + b", "stop")
    assert answer["usage"]["total_tokens"] == 7


async def test_a_model_of_the_box_goes_on_with_a_text() -> None:
    async with running("models: {small: {embedded: {model: box/draft}}}") as gateway:
        body = {"model": "small", "prompt": "The sky is", "max_tokens": 4, "logprobs": 2}
        answer = (await gateway.ask("POST", PATHS[0], body)).json
    check("CreateCompletionResponse", answer)
    choice = answer["choices"][0]
    assert "".join(choice["logprobs"]["tokens"]) == choice["text"]


async def test_a_stream_is_of_completions_whose_reason_is_null_until_it_is_known() -> None:
    answer = await ask(PATHS[0], model="coder", prompt="def", stream=True)
    *before, last = frames(answer)
    check("CreateCompletionResponse", last)
    assert {chunk["choices"][0]["finish_reason"] for chunk in before} == {None}
    for chunk in before:  # the schema has no null there, though OpenAI's servers send it
        chunk["choices"][0]["finish_reason"] = "stop"
        check("CreateCompletionResponse", chunk)
    assert "".join(chunk["choices"][0]["text"] for chunk in before) == "return a + b"
    assert answer.body.endswith(b"data: [DONE]\n\n")


async def test_usage_comes_last_in_a_stream_that_asked_for_it() -> None:
    answer = await ask(
        PATHS[0], model="coder", prompt="x", stream=True, stream_options={"include_usage": True}
    )
    assert [(chunk["usage"] or {}).get("total_tokens") for chunk in frames(answer)][-2:] == [
        None,
        7,
    ]


async def test_the_suffix_reaches_a_model_that_can_insert() -> None:
    async with coding() as (gateway, server):
        body = {"model": "coder", "prompt": "def add(", "suffix": "\nprint(add(1, 2))"}
        await gateway.ask("POST", PATHS[0], body)
        sent = server.asked[0].json
    assert (sent["prompt"], sent["suffix"]) == (body["prompt"], body["suffix"])


@pytest.mark.parametrize("path", [PATHS[0], FIM])
async def test_a_chat_model_cannot_insert_and_says_who_can(path: str) -> None:
    answer = await ask(path, model="echo", prompt="a", suffix="b")
    error = answer.json["error"]
    assert (answer.status, error["type"]) == (400, "invalid_request_error")
    assert error["message"] == "'echo' does not support insert; ask one that does: coder"


async def test_a_chat_model_is_asked_the_prompt_as_a_message() -> None:
    answer = (await ask(PATHS[0], model="echo", prompt=["say this"])).json
    check("CreateCompletionResponse", answer)
    assert answer["choices"][0]["text"] == "say this"


async def test_mistrals_form_is_answered_as_a_chat() -> None:
    whole = (await ask(FIM, model="coder", prompt="def add(", suffix="\n")).json
    check("CreateChatCompletionResponse", whole)
    assert whole["choices"][0]["message"]["content"] == "return a + b"
    streamed = frames(await ask(FIM, model="coder", prompt="x", suffix="\n", stream=True))
    assert "".join(c["choices"][0]["delta"].get("content", "") for c in streamed) == "return a + b"


async def test_a_completion_is_in_the_books_as_a_chat_is() -> None:
    async with coding() as (gateway, _):
        answer = await gateway.ask("POST", PATHS[0], {"model": "coder", "prompt": "x"})
        found = gateway.gateway.decisions.find(answer.headers["x-homeward-id"])
    assert found is not None
    entry = found[0]
    assert (entry.route, entry.dialect, entry.tokens) == ("coder", "openai_completions", 7)
