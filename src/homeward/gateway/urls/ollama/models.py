"""What there is to ask, as Ollama lists and shows models: each route is one."""

import asyncio
from typing import Any

from msgspec import json

from homeward.backends.embedded import Embedded
from homeward.backends.ollama import Ollama
from homeward.backends.ollama_server import tagged
from homeward.errors import ModelError
from homeward.gateway.exchange import Exchange
from homeward.gateway.gateway import Gateway
from homeward.gateway.names import folded
from homeward.gateway.routes import Route
from homeward.gateway.urls.ollama.known import (
    digest_of,
    entries,
    known,
    known_routes,
    once,
    route_of,
)
from homeward.gateway.urls.ollama.leaves import Known, Said, described
from homeward.gateway.urls.ollama.servers import Server, servers_of
from homeward.wire.fields import Fields

DEFAULT_CONTEXT = 32768
"""Tokens, where nobody says how many a model takes: clients suppose 2048 without a number."""

FOREVER = "2318-01-01T00:00:00Z"  # when Ollama unloads what is never unloaded
MODELFILE = "# A route of Homeward: it is changed in its configuration file.\nFROM {name}\n"
ASK, ASK_AND_INSERT = "{{ .Prompt }}", "{{ .Prompt }}{{ .Suffix }}"
"""Templates: editors look for ``.Suffix`` to see whether a middle can be filled in."""


async def tags(gateway: Gateway, exchange: Exchange) -> None:
    """The routes that the caller may call."""
    routes = gateway.visible(exchange.caller)
    found = await known_routes(gateway, routes.values(), gateway.reach(exchange.caller))
    models = [_listed(name, model) for name, model in found.items()]
    await exchange.reply(200, json.encode({"models": models}))


async def show(gateway: Gateway, exchange: Exchange) -> None:
    """All that is known of one route."""
    fields = Fields.of(await exchange.body(gateway.settings.largest_body))
    name = fields.take("model", str) or fields.need("name", str)
    route = route_of(gateway, exchange.caller, name)
    found = await known(gateway, route, gateway.reach(exchange.caller))
    await exchange.reply(200, json.encode(_shown(route, found)))


async def ps(gateway: Gateway, exchange: Exchange) -> None:
    """What is loaded of the models behind the caller's routes; what stays longest comes first."""
    routes = list(gateway.visible(exchange.caller).values())
    servers = servers_of(routes)
    clearance = gateway.reach(exchange.caller)
    said = await asyncio.gather(
        *(server.said(gateway, "/api/ps", clearance=clearance) for server in servers)
    )
    running = {server: entries(models) for server, models in zip(servers, said, strict=True)}
    found: dict[str, Said] = {}
    told: list[object] = []
    for route in sorted(routes, key=lambda route: len(once(route)) > 1):
        for leaf in once(route):
            is_route = len(once(route)) == 1  # a leaf of a tree has a name only of its own
            if leaf in told and not is_route:
                continue
            told.append(leaf)
            entry = None
            if isinstance(leaf, Embedded):
                entry = await asyncio.to_thread(_running, route, leaf)
            elif isinstance(leaf, Ollama):
                entry = running[Server.of(leaf)].get(folded(leaf.model))
            if entry is not None:
                name = tagged(route.name if is_route else leaf.model)
                found[name] = {**entry, "name": name, "model": name}
    models = sorted(found.values(), key=lambda entry: str(entry.get("expires_at")), reverse=True)
    await exchange.reply(200, json.encode({"models": models}))


def _listed(name: str, model: Known) -> dict[str, Any]:
    remote = {"remote_model": name, "remote_host": model.remote} if model.remote else {}
    context = {} if model.context is None else {"context_length": model.context}
    return {
        "name": tagged(name),
        "model": tagged(name),
        **remote,
        "modified_at": model.modified,
        "size": model.size,
        "digest": model.digest,
        "details": {**model.details, **context},
        "capabilities": sorted(model.capabilities),
    }


def _shown(route: Route, model: Known) -> dict[str, Any]:
    """An Ollama server's own words, where there are any, with the window that is really there."""
    architecture = model.architecture
    info: dict[str, Any] = {"general.architecture": architecture, "general.basename": route.name}
    if model.parameters:
        info["general.parameter_count"] = model.parameters
    body = {
        "modelfile": MODELFILE.format(name=route.name),
        "template": ASK_AND_INSERT if "insert" in model.capabilities else ASK,
        "details": model.details,
        "model_info": info,
        "modified_at": model.modified,
        **({"license": model.license} if model.license else {}),
        **model.shown,
        "capabilities": sorted(model.capabilities),
    }
    if model.context is not None:
        window = f"{'num_ctx':<30} {model.context}"
        others = [
            line for line in str(body.get("parameters", "")).splitlines() if "num_ctx" not in line
        ]
        body["parameters"] = "\n".join([*others, window])
    context = {f"{architecture}.context_length": model.context or DEFAULT_CONTEXT}
    return body | {"model_info": {**body["model_info"], **context}}


def _running(route: Route, leaf: Embedded) -> Said | None:
    """None for a model that is not loaded. Blocks: it reads the file's header."""
    try:
        plans = {leaf.plan(), leaf.plan(embeds=True)}
    except ModelError:
        return None
    if leaf.llamas is None or plans.isdisjoint(leaf.llamas.loaded):
        return None
    model = described(leaf)
    return {
        "size": model.size,
        "digest": digest_of(route),
        "details": model.details,
        "expires_at": FOREVER,
        "size_vram": 0,  # the engine that comes with this package works on the processor
        "context_length": model.context or 0,
    }
