"""Anthropic's URLs."""

from functools import partial
from typing import Any

from msgspec import json

from homeward.gateway.answers.answering import chat
from homeward.gateway.answers.dialects import ANTHROPIC
from homeward.gateway.answers.wishes import without_block
from homeward.gateway.exchange import Exchange
from homeward.gateway.gateway import Gateway
from homeward.model import estimated_tokens

ESTIMATED = (b"x-homeward-estimated", b"true")
UNKNOWN = "1970-01-01T00:00:00Z"  # "may be set to an epoch value if the release date is unknown"

messages = partial(chat, dialect=ANTHROPIC)


async def count_tokens(gateway: Gateway, exchange: Exchange) -> None:
    """About how many tokens a prompt is: no model is asked, and a header says so."""
    asked = ANTHROPIC.decode_request(await exchange.body(gateway.settings.largest_body))
    gateway.route(exchange.caller, asked.model)  # may they ask it at all?
    tokens = max(1, estimated_tokens(without_block(asked.request)))
    await exchange.reply(200, json.encode({"input_tokens": tokens}), headers=[ESTIMATED])


async def models(gateway: Gateway, exchange: Exchange) -> None:
    """The routes that the caller may call, all on one page."""
    data = [described(name) for name in gateway.visible(exchange.caller)]
    page = {
        "data": data,
        "has_more": False,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }
    await exchange.reply(200, json.encode(page))


async def model(gateway: Gateway, exchange: Exchange) -> None:
    """One of them, by its name in the path."""
    route = gateway.route(exchange.caller, exchange.tail)
    await exchange.reply(200, json.encode(described(route.name)))


def described(name: str) -> dict[str, Any]:
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": UNKNOWN,
        "lifecycle": "active",
    }
