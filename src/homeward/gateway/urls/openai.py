"""OpenAI's URLs."""

from dataclasses import replace
from functools import partial
from typing import Any

from msgspec import json

from homeward.errors import Rejected
from homeward.gateway.answers.answering import chat as _chat
from homeward.gateway.answers.completing import complete
from homeward.gateway.answers.dialects import (
    FIM,
    OPENAI_CHAT,
    OPENAI_COMPLETIONS,
    OPENAI_RESPONSES,
    Dialect,
)
from homeward.gateway.answers.embedding import embed
from homeward.gateway.exchange import Exchange
from homeward.gateway.gateway import Gateway
from homeward.gateway.routes import Route
from homeward.gateway.urls import anthropic
from homeward.gateway.urls.contexts import context_of
from homeward.wire import openai_embeddings, openai_responses
from homeward.wire.asked import Asked

KEPT = {
    "previous_response_id": "send the whole conversation as `input`",
    "conversation": "send the whole conversation as `input`",
    "background": "ask without it, with `stream` where the answer takes long",
    "prompt": "send its words as `instructions` and `input`",
}
"""Fields of a server that keeps things, and what to do instead."""


def _stateless(body: bytes) -> Asked:
    asked = openai_responses.decode_request(body)
    for name, instead in KEPT.items():
        if asked.request.extra.get(name):
            raise Rejected(f"`{name}` needs a server that keeps responses: {instead}")
    return asked


chat = partial(_chat, dialect=OPENAI_CHAT)
responses = partial(_chat, dialect=replace(OPENAI_RESPONSES, decode_request=_stateless))


async def completions(
    gateway: Gateway, exchange: Exchange, dialect: Dialect = OPENAI_COMPLETIONS
) -> None:
    body = await exchange.body(gateway.settings.largest_body)
    await complete(gateway, exchange, dialect, dialect.decode_request(body))


fim = partial(completions, dialect=FIM)


async def embeddings(gateway: Gateway, exchange: Exchange) -> None:
    asked = openai_embeddings.decode_request(await exchange.body(gateway.settings.largest_body))
    made = await embed(gateway, exchange, openai_embeddings.DIALECT, asked)
    body = openai_embeddings.encode_answer(made, asked.model, packed=asked.packed)
    await exchange.reply(200, body)


async def models(gateway: Gateway, exchange: Exchange) -> None:
    """The routes that the caller may call."""
    if b"anthropic-version" in exchange.headers:
        await anthropic.models(gateway, exchange)
        return
    data = [_described(gateway, route) for route in gateway.visible(exchange.caller).values()]
    await exchange.reply(200, json.encode({"object": "list", "data": data}))


async def model(gateway: Gateway, exchange: Exchange) -> None:
    """One of them, by its name. ModelMissing, Refused."""
    if b"anthropic-version" in exchange.headers:
        await anthropic.model(gateway, exchange)
        return
    route = gateway.route(exchange.caller, exchange.tail)
    await exchange.reply(200, json.encode(_described(gateway, route)))


def _described(gateway: Gateway, route: Route) -> dict[str, Any]:
    """``max_model_len`` is vLLM's name for the context, ``context_length`` most others'."""
    described = {
        "id": route.name,
        "object": "model",
        "created": int(gateway.opened),
        "owned_by": "homeward",
    }
    context = context_of(route.model)
    if context is not None:
        described |= {"context_length": context, "max_model_len": context}
    return described
