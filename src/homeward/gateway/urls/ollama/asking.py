"""The URLs where something is asked of a model: to answer, to embed, or only to be loaded."""

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

from msgspec import json

from homeward import __version__
from homeward.backends.embedded import Embedded
from homeward.backends.ollama import Ollama
from homeward.embedding import Embeddings
from homeward.errors import ModelError
from homeward.gateway.answers.completing import complete
from homeward.gateway.answers.dialects import OLLAMA_CHAT, OLLAMA_GENERATE, Dialect
from homeward.gateway.answers.embedding import embed as _embed
from homeward.gateway.answers.forwarding import passed_on
from homeward.gateway.answers.job import admit, dressed
from homeward.gateway.answers.settled import settled
from homeward.gateway.answers.wishes import wishes_of, without_block
from homeward.gateway.exchange import TEXT, Exchange
from homeward.gateway.gateway import Gateway
from homeward.gateway.urls.ollama.known import route_of
from homeward.model import Request, collect
from homeward.strategies.queued import Queued
from homeward.tree import children_of
from homeward.wire.asked import Asked, EmbeddingAsked
from homeward.wire.ollama import embed as wire_embed
from homeward.wire.ollama import generate as wire_generate
from homeward.wire.ollama import serving
from homeward.wire.ollama.options import unloads

SPEAKS = "0.33.0"  # the version of Ollama whose protocol this is: clients ask for a recent one


async def _ask(
    gateway: Gateway,
    exchange: Exchange,
    dialect: Dialect,
    encode_loaded: Callable[..., bytes],
) -> None:
    """A question without words asks to load the model."""
    body = await exchange.body(gateway.settings.largest_body)
    if await passed_on(gateway, exchange, dialect, body, route_of):
        return
    asked = dialect.decode_request(body)
    route_of(gateway, exchange.caller, asked.model)
    if not asked.request.messages:
        await load(gateway, exchange, asked, encode_loaded)
    else:
        await complete(gateway, exchange, dialect, asked)


chat = partial(_ask, dialect=OLLAMA_CHAT, encode_loaded=serving.encode_loaded)
generate = partial(_ask, dialect=OLLAMA_GENERATE, encode_loaded=wire_generate.encode_loaded)


async def embed(gateway: Gateway, exchange: Exchange) -> None:
    asked = wire_embed.decode_request(await exchange.body(gateway.settings.largest_body))
    made = await _embedded(gateway, exchange, asked)
    seconds = time.monotonic() - exchange.began
    await exchange.reply(200, wire_embed.encode_answer(made, asked.model, seconds))


async def embeddings(gateway: Gateway, exchange: Exchange) -> None:
    """The older URL, for one prompt."""
    asked = wire_embed.decode_older(await exchange.body(gateway.settings.largest_body))
    await exchange.reply(200, wire_embed.encode_older(await _embedded(gateway, exchange, asked)))


async def _embedded(
    gateway: Gateway, exchange: Exchange, asked: EmbeddingAsked
) -> Embeddings | None:
    """None of no texts, which ask to load the model."""
    route_of(gateway, exchange.caller, asked.model)
    if not asked.texts.texts:
        return None
    return await _embed(gateway, exchange, wire_embed.DIALECT, asked)


# ---------------------------------------------------------------- a question without words


async def load(
    gateway: Gateway, exchange: Exchange, asked: Asked, encode_loaded: Callable[..., bytes]
) -> None:
    """Load all models of a route that can be, one after the other; of a tree, as many as go.

    Each waits for its turn, so that it pushes nothing out that is at work. With a ``keep_alive``
    of 0 they are unloaded, but for one that is at work. Told in one piece, as Ollama does it.
    """
    unloaded = unloads(asked.request.extra.get("keep_alive"))
    route = gateway.route(exchange.caller, asked.model)
    wishes = wishes_of(exchange, asked.request.extra)
    job = await admit(gateway, exchange, route, "ollama", stream=False)
    failures: list[ModelError] = []
    models: list[tuple[Any, Queued | None]] = []
    for pair in _in_line(route.model):
        if pair not in models:
            models.append(pair)
    with settled(job):
        clearance = wishes.within(gateway.reach(exchange.caller))
        request = dressed(job, without_block(asked.request), clearance, wishes.until)
        for leaf, queue in models:
            try:
                async with nullcontext() if queue is None or unloaded else queue.turn():
                    if isinstance(leaf, Embedded):
                        await _load_embedded(leaf, unloaded=unloaded)
                    elif isinstance(leaf, Ollama):
                        await _load_ollama(leaf, request, unloaded=unloaded)
            except ModelError as error:
                failures.append(error)
        if failures and len(failures) == len(models):
            raise failures[0]
    job.settle()
    body = encode_loaded(asked.model, time.time(), seconds=job.elapsed(), unloaded=unloaded)
    await exchange.reply(200, body)


def _in_line(model: Any, queue: Queued | None = None) -> Iterator[tuple[Any, Queued | None]]:
    """The models of a tree, and where one waits for each."""
    children = [child for _, child in children_of(model)]
    if not children:
        yield model, queue
    for child in children:
        yield from _in_line(child, model if isinstance(model, Queued) else None)


async def _load_embedded(leaf: Embedded, *, unloaded: bool) -> None:
    if leaf.llamas is None:
        return
    if unloaded:
        for plan in (leaf.plan(), leaf.plan(embeds=True)):
            await leaf.llamas.unload(plan)
        return
    async with leaf.llamas.borrow(leaf.plan()):
        pass


async def _load_ollama(leaf: Ollama, request: Request, *, unloaded: bool) -> None:
    """A chat without messages. It goes through the leaf, whose window is not to change by it."""
    await collect((replace(leaf, keep_alive=0) if unloaded else leaf).chat(request))


# ---------------------------------------------------------------- what answers here


async def root(gateway: Gateway, exchange: Exchange) -> None:
    """What Ollama's clients look for."""
    await exchange.reply(200, b"Ollama is running", TEXT)


async def version(gateway: Gateway, exchange: Exchange) -> None:
    """Ollama's, and beside it our own."""
    await exchange.reply(200, json.encode({"version": SPEAKS, "homeward": __version__}))
