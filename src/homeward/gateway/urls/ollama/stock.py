"""Making, copying, deleting and pushing models: an Ollama server's work, for admins alone."""

import re

from homeward.backends.embedded import Embedded
from homeward.backends.shelf import locate, remove
from homeward.errors import ConfigError, Forbidden, ModelMissing, Rejected
from homeward.gateway.exchange import Exchange
from homeward.gateway.gateway import Gateway
from homeward.gateway.names import alike
from homeward.gateway.urls.ollama.known import once
from homeward.gateway.urls.ollama.pull import hub_name
from homeward.gateway.urls.ollama.servers import pass_on, the_server
from homeward.model import Clearance
from homeward.wire.fields import Fields

DIGEST = re.compile(r"sha256[:-][0-9a-f]{64}")


async def create(gateway: Gateway, exchange: Exchange) -> None:
    body = await exchange.body(gateway.settings.largest_body)
    await pass_on(gateway, exchange, the_server(gateway, exchange, "to create models"), body)


async def copy(gateway: Gateway, exchange: Exchange) -> None:
    body = await exchange.body(gateway.settings.largest_body)
    await pass_on(gateway, exchange, the_server(gateway, exchange, "to copy models"), body)


async def push(gateway: Gateway, exchange: Exchange) -> None:
    """Forbidden where nothing may go into the world."""
    if gateway.reach(exchange.caller) < Clearance.WORLD:
        raise Forbidden(
            "Ollama would send the model into the world, and this may not go so far: to allow it, "
            "say `clearance: world`"
        )
    body = await exchange.body(gateway.settings.largest_body)
    await pass_on(gateway, exchange, the_server(gateway, exchange, "to push models"), body)


async def delete(gateway: Gateway, exchange: Exchange) -> None:
    """A model that was pulled from the hub, with its files; any other is the server's."""
    body = await exchange.body(gateway.settings.largest_body)
    fields = Fields.of(body)
    name = fields.take("model", str) or fields.need("name", str)
    if await _deleted(gateway, hub_name(name)):
        await exchange.reply(200, b"")
        return
    await pass_on(gateway, exchange, the_server(gateway, exchange, "to delete models"), body)


async def has_blob(gateway: Gateway, exchange: Exchange) -> None:
    """Always 404, so that it is sent: who has it already answers 200 to that."""
    _digest(exchange)
    await exchange.reply(404, b"")


async def add_blob(gateway: Gateway, exchange: Exchange) -> None:
    """No larger than ``serve.largest_body``: it is held in memory on its way."""
    digest = _digest(exchange)
    body = await exchange.body(gateway.settings.largest_body)
    server = the_server(gateway, exchange, "to keep files of models")
    path = f"/api/blobs/{digest}"
    kind = "application/octet-stream"
    await pass_on(gateway, exchange, server, body, path=path, content_type=kind)


def _digest(exchange: Exchange) -> str:
    if not DIGEST.fullmatch(exchange.tail):
        raise Rejected("a blob is named by sha256: and 64 digits of its checksum")
    return exchange.tail


async def _deleted(gateway: Gateway, name: str) -> bool:
    """Whether it was one of ours. Its process is stopped first, and its route is gone."""
    try:
        file = locate(name)
    except (ModelMissing, ConfigError):
        return False
    pools = {gateway.llamas}
    for route in gateway.routes.values():
        pools |= {leaf.llamas for leaf in once(route) if isinstance(leaf, Embedded) and leaf.llamas}
    for pool in pools:
        for plan in pool.loaded:
            if plan.model == file:
                await pool.unload(plan)
    remove(name)
    found = gateway.routes.get(alike(gateway.routes, name))
    if found is not None:
        match once(found):
            case [Embedded(model=model)] if model == name:
                del gateway.routes[found.name]
    return True
