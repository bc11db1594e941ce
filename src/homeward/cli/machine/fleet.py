"""``homeward fit --fleet``: do these fit together, will Ollama keep them, who takes turns?"""

import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeward.errors import ConfigError
from homeward.interrupt import run

if TYPE_CHECKING:
    from homeward.machine.fleet.member import Member
    from homeward.machine.fleet.plan import Plan
    from homeward.machine.fleet.server import Server
    from homeward.machine.hardware import Hardware
    from homeward.machine.scan.overrides import Overrides
    from homeward.model import Model

EMBEDDING_BATCH = 2048
"""Tokens that are computed at a time where vectors are made (Ollama, llm/llama_server.go)."""


@dataclass(frozen=True)
class Leaf:
    """A model of the set as it was named, or as a route has it; ``context`` is of one slot."""

    name: str
    model: str
    tag: str = ""
    context: int | None = None
    parallel: int | None = None


def fleet(
    names: Sequence[str],
    *,
    context: int | None = None,
    kv: str | None = None,
    overrides: "Overrides | None" = None,
    json: bool = False,
    write: str | None = None,
) -> None:
    """What ``--fleet`` shows. ``names`` are models, or routes of the configuration: their leaves.

    ``write`` prints the text for one runtime alone. ``context`` is of each slot, in tokens; where
    neither it nor the route says one, it is what Ollama would take here. What its variables
    (``OLLAMA_KV_CACHE_TYPE`` ...) say in this environment holds.
    """
    from homeward.machine.fleet.written import FORMS

    if write is not None and write not in FORMS:
        raise ConfigError(f"--write takes one of {', '.join(FORMS)}, not {write!r}")
    found = run(planned(names, context=context, kv=kv, overrides=overrides))
    if write is not None:
        print(FORMS[write](found), end="")
    elif json:
        import msgspec

        from homeward.cli.machine.fleet_json import as_json

        print(msgspec.json.encode(as_json(found)).decode())
    else:
        from homeward.cli.machine.fleet_shown import show

        show(found)


async def planned(
    names: Sequence[str],
    *,
    context: int | None = None,
    kv: str | None = None,
    overrides: "Overrides | None" = None,
    environ: Mapping[str, str] | None = None,
) -> "Plan":
    from msgspec.structs import replace

    from homeward.cli.machine.scanned import scanned
    from homeward.machine.fleet.plan import plan
    from homeward.machine.fleet.server import Server

    hardware = scanned(overrides)
    server = Server.of(os.environ if environ is None else environ)
    if kv is not None:
        server = replace(server, kv=kv)
    if context is not None:
        server = replace(server, context=context)
    leaves = await leaves_of(names)
    members = [await _member(leaf, context, server, hardware) for leaf in leaves]
    return plan(members, hardware, server)


async def _member(
    leaf: Leaf, context: int | None, server: "Server", hardware: "Hardware"
) -> "Member":
    from homeward.cli.machine.subjects import subject
    from homeward.machine.estimate import Use
    from homeward.machine.fleet.member import member

    found = await subject(leaf.model)
    embeds = found.entry is not None and found.entry.kind == "embedding"
    slots = leaf.parallel or server.slots(found.shapes, embeds=embeds)
    tokens = context or leaf.context or server.window(hardware, found.shapes)
    if found.shapes.context:
        tokens = min(tokens, found.shapes.context)
    path = _path(leaf.model)
    use = Use(
        context=tokens * slots,
        kv=server.kv,
        parallel=slots,
        ubatch=min(EMBEDDING_BATCH, tokens) if embeds else 512,
        flash_attention=server.flash_attention is not False,
    )
    return member(found, use, hardware, name=leaf.name, tag=leaf.tag, path=path)


def _path(model: str) -> str:
    """Of the model's file, where the name says it."""
    from homeward import box
    from homeward.backends.embedded import BOX

    if model.startswith(BOX):
        return str(box.path(model.removeprefix(BOX)))
    return model if model.endswith(".gguf") else ""


async def leaves_of(names: Sequence[str]) -> list[Leaf]:
    """A name of the configuration stands for its leaves on this machine, any other for itself."""
    from homeward.tree import leaves

    found: dict[str, Leaf] = {}
    async with _routes(names) as routes:
        for name in names:
            if name not in routes:
                found.setdefault(name, Leaf(name, name, tag=name if _is_tag(name) else ""))
                continue
            here = [leaf for leaf in map(_leaf, leaves(routes[name])) if leaf is not None]
            if not here:
                raise ConfigError(f"{name!r} asks no model of this machine; name one that does")
            for leaf in here:
                found.setdefault(leaf.name, leaf)
    return list(found.values())


@asynccontextmanager
async def _routes(names: Sequence[str]) -> "AsyncGenerator[Mapping[str, Model]]":
    """Of the file, else of the default configuration, whose own names are few: what was found on
    this machine is not looked for where none of them is named.
    """
    from homeward.config import find
    from homeward.defaults import RESERVED
    from homeward.house import configuration

    if find() is None and not RESERVED.intersection(names):
        yield {}
        return
    async with (await configuration()).open() as models:
        yield models


def _leaf(model: "Model") -> Leaf | None:
    """None for what is not on this machine, or no language model at all."""
    from homeward.backends.embedded import Embedded
    from homeward.backends.ollama import Ollama
    from homeward.backends.ollama_server import is_cloud
    from homeward.backends.ollama_stock import is_here

    if isinstance(model, Ollama):
        if is_cloud(model.model) or not is_here(model.server.url):
            return None
        return Leaf(model.model, model.model, tag=model.model, context=model.num_ctx)
    if isinstance(model, Embedded) and not model.model.startswith("minilm"):
        model = model.settled()
        return Leaf(model.model, model.model, context=model.context, parallel=model.parallel)
    return None


def _is_tag(name: str) -> bool:
    return ":" in name and "/" not in name.partition(":")[0] and not name.endswith(".gguf")
