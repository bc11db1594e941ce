"""Where a leaf runs: with whom it shares a memory, as what it is loaded, how many it can answer."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, fields
from math import inf
from typing import Any
from zlib import crc32

from homeward.backends import egress
from homeward.backends.embedded import Embedded
from homeward.backends.http import Http
from homeward.backends.llamas import Llamas
from homeward.backends.ollama import RUNNER, Ollama
from homeward.backends.ollama_server import is_cloud, tagged
from homeward.backends.openai import WIRES, OpenAI
from homeward.backends.shelf import home
from homeward.errors import HomewardError
from homeward.gateway.traffic.runtimes import (
    OLLAMA_AT_ONCE,
    OLLAMA_LOADED,
    OllamaRuntime,
    OpenAIRuntime,
    Runtime,
    number,
)
from homeward.gateway.traffic.sizes import available, needed, reading
from homeward.machine.scheduler.schedule import Runner
from homeward.model import Clearance, Model, Seconds

LONGEST = 60  # characters of a setting
OLLAMA_IDLE: Seconds = 0.1
"""Ollama tells some hundredths of a second also where the model was there already."""


@dataclass(frozen=True)
class Spot:
    """``at`` names those that share a memory. ``memory`` is in bytes, ``most`` are models in it;
    ``tells``: it is known what is loaded. ``ends``: who makes room has to be ended.

    ``disk`` is how many bytes a second are loaded, 0 where nobody knows; of loads the runtime
    tells, those up to ``idle`` were none. ``where`` is how far away it is.
    """

    at: str
    runner: Runner
    memory: float = inf
    most: float = inf
    tells: bool = False
    runtime: Runtime | None = None
    http: Http | None = None
    ends: bool = False
    disk: float = 0.0
    idle: Seconds = 0.0
    where: Clearance = Clearance.MACHINE


def spot_of(leaf: Model, *, hosted: bool) -> Spot | None:
    """None for a leaf that needs no line: one that answers by itself, or far away.

    With ``hosted`` also one that is far away, for somebody wants a limit.
    """
    match leaf:
        case Embedded(llamas=Llamas() as llamas):
            return _embedded(leaf, llamas)
        case Ollama():
            return _ollama(leaf, hosted=hosted)
        case OpenAI():
            return _openai(leaf, hosted=hosted)
    return None


def _embedded(leaf: Embedded, llamas: Llamas) -> Spot:
    try:
        leaf = leaf.settled()  # variants of a model that differ in words alone share its process
        plan = leaf.plan()
    except HomewardError:  # it is not there: whoever asks it will be told
        plan = None
    settings = _chosen(leaf, "context", "parallel", "threads", "draft", "adapter", "template")
    runner = Process(
        f"{leaf.model}{settings}",
        size=0 if plan is None else needed(plan),
        limit=leaf.parallel,
        most=leaf.parallel,
        leaf=leaf,
    )
    disk = reading(home())
    return Spot("embedded", runner, available(), llamas.keep, True, ends=True, disk=disk)


def _ollama(leaf: Ollama, *, hosted: bool) -> Spot | None:
    server = leaf.server
    where = egress.expected(egress.parse(server.url)[0])
    if (where is Clearance.WORLD or is_cloud(leaf.model)) and not hosted:
        return None
    here = where is Clearance.MACHINE
    own = {**leaf.options, **({"num_ctx": leaf.num_ctx} if leaf.num_ctx else {})}
    settings = "".join(f" {name}={own[name]}" for name in sorted(RUNNER & own.keys()))
    place = tagged(leaf.model)
    limit = number("OLLAMA_NUM_PARALLEL", here=here) or OLLAMA_AT_ONCE
    return Spot(
        server.url,
        Runner(f"{place}{settings}", place, limit=limit, most=limit),
        most=number("OLLAMA_MAX_LOADED_MODELS", here=here) or OLLAMA_LOADED,
        tells=True,
        runtime=OllamaRuntime(server.url, server.headers()),
        http=leaf.http,
        disk=reading() if here else 0.0,
        idle=OLLAMA_IDLE,
        where=where,
    )


def _openai(leaf: OpenAI, *, hosted: bool) -> Spot | None:
    try:
        passage = leaf.passage(WIRES[leaf.api].dialect)
    except HomewardError:  # no key, no address: whoever asks it will be told
        return None
    if passage is None or (passage.where is Clearance.WORLD and not hosted):
        return None
    local = passage.where is not Clearance.WORLD
    runtime = OpenAIRuntime(leaf.at, passage.base_url, passage.headers) if local else None
    runner = Runner(leaf.model)
    return Spot(passage.base_url, runner, runtime=runtime, http=leaf.http, where=passage.where)


def _chosen(leaf: Any, *names: str) -> str:
    """The settings that somebody chose; of a long one its checksum."""
    values = {each.name: (getattr(leaf, each.name), each.default) for each in fields(leaf)}
    chosen = {name: str(values[name][0]) for name in names if values[name][0] != values[name][1]}
    short = {n: v if len(v) <= LONGEST else f"{crc32(v.encode()):x}" for n, v in chosen.items()}
    return "".join(f" {name}={value}" for name, value in short.items())


# ---------------------------------------------------------------- processes of this package


@dataclass(eq=False, slots=True)
class Process(Runner):
    leaf: Embedded | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Children:
    """Ends the process of a model that makes room. It is idle: nobody waits for that."""

    spawn: Callable[[Coroutine[Any, Any, Any]], None]

    def unload(self, runner: Runner) -> None:
        leaf = runner.leaf if isinstance(runner, Process) else None
        if leaf is not None and leaf.llamas is not None:
            self.spawn(leaf.llamas.unload(leaf.plan()))
