"""What is known of a route: of its only model, or of all the models in its tree together."""

import asyncio
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from homeward.backends.embedded import BOX, Embedded
from homeward.backends.ollama import Ollama
from homeward.errors import ModelMissing
from homeward.gateway.accounting.keyring import Caller
from homeward.gateway.answers.abilities import completer_of
from homeward.gateway.gateway import Gateway
from homeward.gateway.names import folded
from homeward.gateway.routes import Route
from homeward.gateway.urls.contexts import context_of
from homeward.gateway.urls.ollama.leaves import Known, Said, described, listed, shown
from homeward.gateway.urls.ollama.servers import Server, servers_of
from homeward.model import Clearance
from homeward.tree import leaves
from homeward.wire.fields import shown as quoted
from homeward.wire.ollama.serving import timestamp

Told = Mapping[Server, Mapping[str, Said]]
"""What each Ollama server has, by model."""


def route_of(gateway: Gateway, caller: Caller, name: str) -> Route:
    """As `Gateway.route`; ModelMissing in words that clients of Ollama look for."""
    try:
        return gateway.route(caller, name)
    except ModelMissing as error:
        raise ModelMissing(f"model '{quoted(name)}' not found: {error}") from None


async def known_routes(
    gateway: Gateway, routes: Iterable[Route], clearance: Clearance
) -> dict[str, Known]:
    """By name of the route. Each Ollama server is asked once for all that it has."""
    routes = list(routes)
    servers = servers_of(routes)
    said = await asyncio.gather(
        *(server.said(gateway, "/api/tags", clearance=clearance) for server in servers)
    )
    told = {server: entries(tags) for server, tags in zip(servers, said, strict=True)}
    return {
        route.name: together(gateway, route, [await _leaf(leaf, told) for leaf in once(route)])
        for route in routes
    }


async def known(gateway: Gateway, route: Route, clearance: Clearance) -> Known:
    """Of one route. Where it is one model of an Ollama server, with all that this shows of it."""
    found = (await known_routes(gateway, [route], clearance))[route.name]
    match once(route):
        case [Ollama() as leaf]:
            said = await Server.of(leaf).said(
                gateway, "/api/show", {"model": leaf.model}, clearance=clearance
            )
            return shown(leaf, found, said) if said else found
    return found


def once(route: Route) -> list[Any]:
    """The models of its tree, each once."""
    found: list[Any] = []
    for leaf in leaves(route.model):
        if leaf not in found:
            found.append(leaf)
    return found


def entries(said: Said) -> dict[str, Said]:
    """The models in an answer of /api/tags or /api/ps, by name."""
    models = said.get("models")
    found = (
        [entry for entry in models if isinstance(entry, dict)] if isinstance(models, list) else []
    )
    return {folded(str(entry.get("model") or entry.get("name"))): entry for entry in found}


def together(gateway: Gateway, route: Route, models: list[Known]) -> Known:
    """A tree can what all of its models can, and takes what the smallest of them takes."""
    one = models[0] if len(models) == 1 else Known()
    can = frozenset.intersection(*(model.capabilities for model in models))
    if "completion" in can and _completes(route):
        can |= {"insert"}
    windows = [model.context for model in models if model.context is not None]
    return replace(
        one,
        size=sum(model.size for model in models),
        modified=one.modified or timestamp(gateway.opened),
        digest=one.digest or digest_of(route),
        context=min(windows, default=context_of(route.model)),
        capabilities=can,
        remote=next((model.remote for model in models if model.remote), ""),
    )


def _completes(route: Route) -> bool:
    """Whether it fills in middles, as far as can be told. An Ollama server says it itself."""
    if completer_of(route.model) is None:
        return False
    match once(route):
        case [Ollama()]:
            return False
        case [Embedded(model=model)]:
            return not model.startswith(BOX)  # whose models were not taught it
    return True


async def _leaf(leaf: Any, told: Told) -> Known:
    if isinstance(leaf, Ollama):
        return listed(leaf, told[Server.of(leaf)].get(folded(leaf.model), {}))
    return await asyncio.to_thread(described, leaf)


def digest_of(route: Route) -> str:
    """The same as long as the route is: clients see by it whether a model has changed."""
    written = re.sub(r" at 0x[0-9a-f]+", "", f"{route.name}={route.model!r}")
    return hashlib.sha256(written.encode()).hexdigest()
