"""Embeddings as OpenAI's clients ask for them."""

import base64
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.backends.servers import Server, answers, playing
from tests.gateway.running import Answered, Running, running
from tests.gateway.urls.openai_answers import check

VECTORS = [[0.5, -0.25, 0.0], [1.0, 0.0, 2.0]]
SAID = answers(
    {
        "object": "list",
        "data": [
            {"index": i, "embedding": v, "object": "embedding"} for i, v in enumerate(VECTORS)
        ],
        "usage": {"prompt_tokens": 6, "total_tokens": 6},
    }
)


@asynccontextmanager
async def embedding() -> AsyncGenerator[tuple[Running, Server]]:
    """A gateway to a model that embeds, ``minilm``, and one that does not, ``echo``."""
    async with playing({("POST", "/v1/embeddings"): SAID}) as server:
        leaf = f"{{openai: {{model: m, at: vllm, base_url: '{server}/v1'}}}}"
        async with running(f"models: {{minilm: {leaf}, echo: {{echo: {{}}}}}}") as gateway:
            yield gateway, server


async def embed(**body: Any) -> Answered:
    async with embedding() as (gateway, _):
        return await gateway.ask("POST", "/v1/embeddings", {"input": ["a", "b"], **body})


async def test_vectors_are_what_openai_publishes() -> None:
    answer = (await embed(model="minilm")).json
    check("CreateEmbeddingResponse", answer)
    assert [one["embedding"] for one in answer["data"]] == VECTORS
    assert answer["usage"] == {"prompt_tokens": 6, "total_tokens": 6}


async def test_base64_is_of_little_endian_floats() -> None:
    data = (await embed(model="minilm", encoding_format="base64")).json["data"]
    unpacked = [struct.unpack("<3f", base64.b64decode(one["embedding"])) for one in data]
    assert [list(vector) for vector in unpacked] == VECTORS


async def test_dimensions_are_passed_on() -> None:
    async with embedding() as (gateway, server):
        body = {"model": "minilm", "input": ["a", "b"], "dimensions": 3, "user": "u"}
        await gateway.ask("POST", "/embeddings", body)
        assert server.asked[0].json["dimensions"] == 3


async def test_a_model_that_does_not_embed_says_who_does() -> None:
    answer = await embed(model="echo")
    assert answer.status == 400
    assert "does not support embeddings; ask one that does: minilm" in answer.text


@pytest.mark.parametrize("input_", [[1, 2], [[1, 2]], [], None, 7, ["a", 1]])
async def test_only_texts_are_embedded(input_: Any) -> None:
    answer = await embed(model="minilm", input=input_)
    assert (answer.status, "`input` must be" in answer.text) == (400, True)


async def test_embeddings_are_in_the_books_as_a_chat_is() -> None:
    async with embedding() as (gateway, _):
        body = {"model": "minilm", "input": ["a", "b"]}
        answer = await gateway.ask("POST", "/v1/embeddings", body)
        found = gateway.gateway.decisions.find(answer.headers["x-homeward-id"])
    assert found is not None
    entry = found[0]
    assert (entry.route, entry.input_tokens, entry.output_tokens) == ("minilm", 6, 0)
    assert answer.headers["x-homeward-where"] == "machine"


@pytest.mark.parametrize("path", ["/v1/embeddings", "/api/embed", "/api/embeddings"])
@pytest.mark.parametrize(
    ("headers", "block"),
    [({"x-homeward-clearance": "machine"}, {}), ({}, {"homeward": {"clearance": "machine"}})],
    ids=["header", "block"],
)
async def test_a_wish_to_stay_on_the_machine_is_kept(
    path: str, headers: dict[str, str], block: dict[str, Any]
) -> None:
    leaf = "{openai: {model: m, at: vllm, base_url: 'http://192.0.2.1/v1'}}"
    async with running(f"models: {{far: {leaf}}}") as gateway:
        body = {"model": "far", "input": "a", "prompt": "a", **block}
        assert (await gateway.ask("POST", path, body, headers)).status == 403


async def test_where_no_model_embeds_it_is_said_how_to_have_one() -> None:
    async with running("models: {chat: {echo: {}}}") as house:
        answer = await house.ask("POST", "/v1/embeddings", {"model": "chat", "input": "x"})
    assert answer.status == 400
    assert "no model here does: add one such as {embedded: {model: minilm}}" in answer.text
