"""``/api/pull``: fetch a model, telling how far it is.

For a route of the configuration nothing is fetched. A name of the Hugging Face hub is fetched by
this package, and is a route at once (until the next start, unless the configuration names it).
Any other is passed on to the Ollama server behind us.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from typing import Any

from msgspec import Struct, json

from homeward.backends import variants
from homeward.backends.embedded import BOX, Embedded
from homeward.backends.hub import Progress
from homeward.backends.hub import pull as download
from homeward.backends.ollama import Ollama
from homeward.backends.shelf import split
from homeward.errors import ConfigError, Forbidden, ModelError, Rejected
from homeward.gateway.access.auth import may_pull
from homeward.gateway.answers.shapes import OLLAMA
from homeward.gateway.exchange import JSON, NDJSON, Exchange
from homeward.gateway.gateway import Gateway
from homeward.gateway.names import HUBS, alike
from homeward.gateway.refused import Refused
from homeward.gateway.routes import Route
from homeward.gateway.urls.ollama.servers import pass_on, the_server
from homeward.model import Clearance, Seconds
from homeward.strategies.queued import Queued
from homeward.wire.fields import Fields, shown

EVERY: Seconds = 0.06  # between two lines, as with Ollama


class Wanted(Struct, frozen=True):
    name: str
    stream: bool
    insecure: bool

    @classmethod
    def of(cls, body: bytes) -> "Wanted":
        fields = Fields.of(body)
        name = fields.take("model", str) or fields.need("name", str)
        stream = fields.take("stream", bool) is not False
        return cls(name, stream, fields.take("insecure", bool) or False)


async def pull(gateway: Gateway, exchange: Exchange) -> None:
    """Whoever may: see `may_pull`. Forbidden where nothing may go into the world."""
    may_pull(gateway, exchange.caller)
    wanted = Wanted.of(await exchange.body(gateway.settings.largest_body))
    if is_here(gateway, wanted.name):
        await exchange.reply(200, _line(status="success"), NDJSON if wanted.stream else JSON)
        return
    if hub_name(wanted.name):
        await _from_hub(gateway, exchange, wanted)
        return
    if gateway.reach(exchange.caller) < Clearance.WORLD:
        raise Forbidden(
            f"Ollama would fetch {wanted.name!r} from the world, and this may not go so far: to "
            "allow it, say `clearance: world`"
        )
    if (wanted.insecure or wanted.name.count("/") > 1) and not exchange.caller.key.admin:
        raise Refused(403, "only an admin's key pulls from a registry of one's own, or insecurely")
    what = f"to pull {shown(wanted.name)!r}, which is not hf.co/ORG/REPO,"
    server = the_server(gateway, exchange, what)
    body = {"model": wanted.name, "stream": wanted.stream, "insecure": wanted.insecure}
    await pass_on(gateway, exchange, server, json.encode(body))


def is_here(gateway: Gateway, name: str) -> bool:
    """Whether the configuration has a route of that name for which nothing is to be fetched."""
    models = gateway.house.models
    model = models.get(alike(models, name))
    leaf = model.model if isinstance(model, Queued) else model
    if isinstance(leaf, Embedded):
        return leaf.model.startswith(BOX) or variants.find(leaf.model) is not None
    return not (leaf is None or isinstance(leaf, Ollama))


def hub_name(name: str) -> str:
    """The name on the hub, without the hub's own; empty where it is none."""
    bare = name.removeprefix("https://")
    for hub in HUBS:
        bare = bare.removeprefix(hub)
    try:
        repo, choice = split(bare)
    except ConfigError:
        return ""
    if repo.startswith("library/"):  # Ollama's own
        return ""
    return f"{repo}:{choice}" if choice and choice != "latest" else repo


# ---------------------------------------------------------------- from the hub


async def _from_hub(gateway: Gateway, exchange: Exchange, wanted: Wanted) -> None:
    """An error before the first byte has its own status; one after it is the last line."""
    name = hub_name(wanted.name)
    begun, digest = False, ""
    with exchange.attended():
        try:
            clearance = gateway.reach(exchange.caller)
            async with gateway.pulling, aclosing(_steps(name, clearance)) as steps:
                async for step in steps:
                    if not wanted.stream:
                        continue
                    if not begun:
                        await exchange.begin(NDJSON)
                        await exchange.write(_line(status="pulling manifest"))
                        begun = True
                    digest = digest or step.digest  # of all the files of a split model
                    await exchange.write(_told(step, digest))
            _add(gateway, name)
        except ModelError as error:
            if not begun:
                raise
            await exchange.end(OLLAMA(error) + b"\n")
            return
        if not begun:
            await exchange.reply(200, _line(status="success"))
            return
        for status in ("verifying sha256 digest", "writing manifest"):
            await exchange.write(_line(status=status))
        await exchange.end(_line(status="success"))


async def _steps(name: str, clearance: Clearance) -> AsyncGenerator[Progress]:
    """Where the download is, now and then. It works in a thread, and stops when this is closed."""
    steps = download(name, clearance=clearance)
    further: asyncio.Future[Progress | None] | None = None
    try:
        while True:
            further = asyncio.ensure_future(asyncio.to_thread(_further, steps))
            step = await asyncio.shield(further)
            if step is None:
                return
            yield step
    except ConfigError as error:
        raise Rejected(str(error)) from None
    finally:
        if further is not None:
            await asyncio.gather(further, return_exceptions=True)
        await asyncio.to_thread(steps.close)


def _further(steps: Generator[Progress]) -> Progress | None:
    """The step that is reached when `EVERY` has passed; None at the end."""
    until = time.monotonic() + EVERY
    reached = None
    while (step := next(steps, None)) is not None:
        reached = step
        if time.monotonic() >= until:
            break
    return reached


def _told(step: Progress, digest: str) -> bytes:
    kind = "sha256" if len(digest) == 64 else "sha1"
    return _line(
        status=f"pulling {digest[:12]}",
        digest=f"{kind}:{digest}",
        total=step.total,
        completed=step.done,
    )


def _line(**fields: Any) -> bytes:
    return json.encode(fields) + b"\n"


def _add(gateway: Gateway, name: str) -> None:
    if not alike(gateway.routes, name):
        leaf = Embedded(name, llamas=gateway.llamas, http=gateway.http)
        gateway.routes[name] = Route.of(name, gateway.traffic.around(leaf, name))
