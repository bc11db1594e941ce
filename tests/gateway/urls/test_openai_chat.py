"""Chat completions as OpenAI's schema and its clients have them."""

from typing import Any

import pytest

from tests.gateway.running import running
from tests.gateway.urls.openai_answers import ASKED, SCRIPTS, check, frames, scripted

PATH = "/v1/chat/completions"
WHOLE = [name for name in SCRIPTS if name not in ("broken", "cut_call")]


async def chat(model: str, **fields: Any) -> Any:
    async with scripted() as gateway:
        answer = await gateway.ask("POST", PATH, {"model": model, **ASKED, **fields})
        return frames(answer) if fields.get("stream") else answer.json


@pytest.mark.parametrize("model", WHOLE)
async def test_an_answer_is_what_openai_publishes(model: str) -> None:
    check("CreateChatCompletionResponse", await chat(model))


@pytest.mark.parametrize("model", WHOLE)
@pytest.mark.parametrize("usage", [True, False])
async def test_every_chunk_is_what_openai_publishes(model: str, *, usage: bool) -> None:
    options = {"stream_options": {"include_usage": True}} if usage else {}
    chunks = await chat(model, stream=True, **options)
    assert chunks
    for chunk in chunks:
        check("CreateChatCompletionStreamResponse", chunk)


async def test_the_model_of_the_box_answers_as_openai_publishes() -> None:
    async with running("models: {small: {embedded: {model: box/draft}}}") as gateway:
        body = {"model": "small", **ASKED, "max_tokens": 4, "logprobs": True, "top_logprobs": 2}
        whole = (await gateway.ask("POST", PATH, body)).json
        streamed = await gateway.ask("POST", PATH, {**body, "stream": True})
    check("CreateChatCompletionResponse", whole)
    assert whole["choices"][0]["logprobs"]["content"]
    for chunk in frames(streamed):
        check("CreateChatCompletionStreamResponse", chunk)


async def test_usage_is_null_until_the_last_chunk_where_it_was_asked_for() -> None:
    chunks = await chat("words", stream=True, stream_options={"include_usage": True})
    assert [chunk["usage"] for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert (chunks[-1]["choices"], chunks[-1]["usage"]["total_tokens"]) == ([], 10)


async def test_there_is_no_usage_in_a_stream_where_it_was_not_asked_for() -> None:
    assert not any("usage" in chunk for chunk in await chat("words", stream=True))


async def test_all_chunks_of_an_answer_have_one_id() -> None:
    ids = {chunk["id"] for chunk in await chat("words", stream=True)}
    assert [id_.startswith("chatcmpl-") for id_ in ids] == [True]


async def test_the_words_of_a_stream_are_the_answer() -> None:
    chunks = await chat("words", stream=True)
    assert "".join(c["choices"][0]["delta"].get("content", "") for c in chunks) == "It is blue."


async def test_a_stream_ends_with_its_mark() -> None:
    async with scripted() as gateway:
        answer = await gateway.ask("POST", PATH, {"model": "words", **ASKED, "stream": True})
        assert answer.body.endswith(b"\n\ndata: [DONE]\n\n")


async def test_a_stream_that_breaks_off_ends_with_an_error_and_without_its_mark() -> None:
    async with scripted() as gateway:
        answer = await gateway.ask("POST", PATH, {"model": "broken", **ASKED, "stream": True})
    error = frames(answer)[-1]
    check("ErrorResponse", error)
    assert (error["error"]["type"], b"[DONE]" in answer.body) == ("server_error", False)


async def test_a_call_without_an_id_gets_one() -> None:
    answer = await chat("nameless")
    assert answer["choices"][0]["message"]["tool_calls"][0]["id"].startswith("call_")


@pytest.mark.parametrize(
    "field",
    [
        {"service_tier": "auto", "store": True, "metadata": {"a": "b"}},
        {"parallel_tool_calls": True, "user": "u", "logit_bias": {"5": 1}},
        {"prediction": {"type": "content", "content": "x"}, "modalities": ["text"]},
        {"verbosity": "low", "prompt_cache_key": "k", "safety_identifier": "s"},
        {"stop": None, "tools": None, "response_format": None, "n": 1},
    ],
)
async def test_what_is_not_read_is_no_error(field: dict[str, Any]) -> None:
    check("CreateChatCompletionResponse", await chat("words", **field))


async def test_a_base_url_without_v1_will_do() -> None:
    async with scripted() as gateway:
        answer = await gateway.ask("POST", "/chat/completions", {"model": "words", **ASKED})
        assert answer.json["choices"][0]["message"]["content"] == "It is blue."
