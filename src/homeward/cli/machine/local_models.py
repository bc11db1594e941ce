"""The models of a configuration that run on this machine: what each needs, and where it would lie.

Quick, and offline: headers of files that are here, the catalogue, and Ollama if it answers at once.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from homeward.errors import HomewardError
from homeward.model import Clearance, Model, Seconds

if TYPE_CHECKING:
    from homeward.backends.embedded import Embedded
    from homeward.backends.ollama import Ollama
    from homeward.config import Config
    from homeward.machine.estimate import Use
    from homeward.machine.hardware import Hardware
    from homeward.machine.subject import Subject

WITHIN: Seconds = 0.4
"""For what a runtime has to tell."""

WORDS = {"none": "no"}


class Known(Struct, frozen=True, kw_only=True):
    """``size`` is of the weights, ``memory`` all that it takes with ``context`` tokens: bytes.

    ``fits`` is gpu, split, ram or no, beside what is in memory now, ``alone`` if nothing were.
    None is what nobody knows.
    """

    model: str  # as its runtime calls it
    size: int | None = None
    memory: int | None = None
    fits: str | None = None
    alone: str | None = None
    loaded: bool | None = None
    context: int | None = None
    licence: str | None = None


class Held(Struct):
    """A row of Ollama's /api/ps."""

    name: str = ""
    size: int = 0
    size_vram: int = 0
    context_length: int = 0

    @property
    def where(self) -> str:
        if not self.size_vram:
            return "ram"
        return "gpu" if self.size_vram >= self.size else "split"


class _Ps(Struct):
    models: list[Held] | None = None


async def known(config: "Config") -> dict[str, Known]:
    """By the name in the file; only those that run here."""
    from homeward.backends.embedded import Embedded
    from homeward.backends.ollama import Ollama
    from homeward.cli.machine.scanned import scanned
    from homeward.config.build import Builder

    built: Mapping[str, Model] = Builder(config.models, config.base).build()
    leaves = {n: leaf for n, leaf in built.items() if isinstance(leaf, Embedded | Ollama)}
    if not leaves:
        return {}
    hardware = await asyncio.to_thread(scanned)
    servers = {leaf.server.url for leaf in leaves.values() if isinstance(leaf, Ollama)}
    held = dict(zip(servers, await asyncio.gather(*map(held_by, servers)), strict=True))
    rows = await asyncio.gather(
        *(
            asyncio.to_thread(_embedded, leaf, hardware)
            if isinstance(leaf, Embedded)
            else _ollama(leaf, hardware, held[leaf.server.url])
            for leaf in leaves.values()
        )
    )
    return {name: row for name, row in zip(leaves, rows, strict=True) if row is not None}


def _embedded(leaf: "Embedded", hardware: "Hardware") -> Known:
    from homeward.backends.child import window
    from homeward.backends.gguf import read_header
    from homeward.cli.machine.subject_sources import in_file
    from homeward.machine.estimate import Use

    try:
        plan = leaf.plan()
        tokens = window(plan, read_header(plan.model))
        subject = in_file(leaf.model, plan.model, None)
        use = Use(context=tokens * plan.parallel, parallel=plan.parallel)
        return _known(leaf.model, subject, use, hardware, tokens)
    except HomewardError:  # it is not here, or is not whole: whoever asks it will be told
        return Known(model=leaf.model)


async def _ollama(
    leaf: "Ollama", hardware: "Hardware", held: Mapping[str, Held] | None
) -> Known | None:
    """None for one that is elsewhere. ``held`` is None where Ollama does not answer."""
    from homeward.backends.ollama_server import is_cloud, tagged
    from homeward.backends.ollama_stock import is_here
    from homeward.machine.estimate import Use

    if not is_here(leaf.server.url) or is_cloud(leaf.model):
        return None
    there = (held or {}).get(tagged(leaf.model))
    loaded = None if held is None else there is not None
    found = await _subject(leaf, answers=held is not None)
    own = leaf.num_ctx or leaf.options.get("num_ctx")
    told = there.context_length if there is not None else 0
    if found is None:
        return Known(model=leaf.model, loaded=loaded, context=own or told or None)
    tokens = int(own or told or _usual(found, hardware))
    row = _known(leaf.model, found, Use(context=tokens), hardware, tokens)
    if there is None:
        return msgspec.structs.replace(row, loaded=loaded)
    memory = there.size or row.memory
    return msgspec.structs.replace(row, loaded=True, fits=there.where, memory=memory)


async def _subject(leaf: "Ollama", *, answers: bool) -> "Subject | None":
    """As Ollama tells it, if it is the one of this machine and tells it at once; else as known."""
    from homeward.backends.ollama_server import address
    from homeward.cli.machine.subject_sources import in_catalogue, in_ollama

    if answers and leaf.server.url == address(os.environ.get("OLLAMA_HOST", "")):
        with suppress(TimeoutError):
            async with asyncio.timeout(WITHIN):
                if found := await in_ollama(leaf.model, None):
                    return found
    with suppress(HomewardError):
        return in_catalogue(leaf.model, None, tag=True)
    return None


async def held_by(url: str) -> dict[str, Held] | None:
    """What an Ollama server has loaded, by name; None where it does not answer at once."""
    from homeward.backends.http import Http, Timeouts

    try:
        async with (
            Http() as http,
            http.send(
                "GET",
                url,
                "/api/ps",
                clearance=Clearance.MACHINE,
                timeouts=Timeouts(WITHIN, WITHIN, WITHIN),
                deadline=time.monotonic() + WITHIN,
            ) as response,
        ):
            found = msgspec.json.decode(await response.read(), type=_Ps).models
            return {each.name: each for each in found or ()}
    except (HomewardError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _usual(found: "Subject", hardware: "Hardware") -> int:
    """What Ollama takes where nobody says: by its variables, as this environment has them."""
    from homeward.machine.fleet.server import Server

    return Server.of(os.environ).window(hardware, found.shapes)


def _known(name: str, subject: "Subject", use: "Use", hardware: "Hardware", tokens: int) -> Known:
    from homeward.machine.memory.memory import memory
    from homeward.machine.memory.placing import decide, emptied, vendor

    about: dict[str, Any] = {"model": name, "context": tokens}
    licence = subject.licence
    if licence is not None:
        about["licence"] = licence.spdx if licence.spdx != "NOASSERTION" else licence.key
    needed = memory(
        subject.shapes, subject.weights, use, projector=subject.projector, vendor=vendor(hardware)
    )
    now, alone = (decide(needed, each)[1].where for each in (hardware, emptied(hardware)))
    return Known(
        size=needed.weights.total,
        memory=needed.total,
        fits=WORDS.get(now, now),
        alone=WORDS.get(alone, alone),
        **about,
    )
