"""What ``homeward up`` does: the plan, and each of its steps."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homeward.cli.machine.engine_machine import NO_GPU, for_engine
from homeward.cli.machine.scanned import scanned
from homeward.machine.sizes import shown
from homeward.model import Seconds

if TYPE_CHECKING:
    from homeward.backends.discovery import Found
    from homeward.cli.provision.starting_carried_out import Done
    from homeward.config import Config
    from homeward.machine.catalogue.entry import Entry
    from homeward.machine.estimate import Use
    from homeward.machine.hardware import Hardware
    from homeward.machine.recommend.starting import Start

PATIENCE: Seconds = 10.0  # for a server that is there and busy; none answers at once
BOX = "the small models in the package answer meanwhile"


@dataclass(frozen=True)
class Plan:
    """``members`` is empty where nothing fits. ``here`` are names that need not be fetched.

    ``hardware`` is all that may be used. ``demanded`` is the configuration whose policy holds.
    """

    hardware: "Hardware"
    use: "Use"
    members: "tuple[Start, ...]"
    server: "Found | None"
    here: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    demanded: "Config | None" = None

    @property
    def ollama(self) -> bool:
        return self.server is not None

    def name(self, one: "Start") -> str:
        from homeward.machine.recommend.fetched_as import source

        return source(one.advice, ollama=self.ollama)

    @property
    def fetched(self) -> "tuple[Start, ...]":
        return tuple(one for one in self.members if self.name(one) not in self.here)

    def lines(self, file: Path) -> Iterator[str]:
        """For people, before they are asked."""
        from homeward.cli.machine.fit_list import machine_lines

        yield from machine_lines(self.hardware)
        yield from self.notes
        if not self.members:
            yield f"no model of the catalogue runs here with {self.use.context:,} tokens: {BOX}"
            return
        yield f"a set that fits together, with {self.use.context:,} tokens of context each at most:"
        for one in self.members:
            come = (
                f"{shown(one.advice.weights_bytes)} to fetch"
                if one in self.fetched
                else "is here already"
            )
            yield f"  {one.role:<8} {self.name(one)} ({come})"
            yield f"           {one.advice.why}; {one.advice.licence}"
        total = sum(one.advice.weights_bytes for one in self.fetched)
        through = f"Ollama at {self.server.base_url}" if self.server else "the Hugging Face hub"
        if total:
            yield f"fetched through {through}: about {shown(total)}"
        yield f"written to {file}"

    def as_json(self, file: Path, *, done: "Done | None" = None) -> dict[str, Any]:
        from homeward.machine.fit import brief

        return {
            "machine": brief(self.hardware),
            "notes": self.notes,
            "context": self.use.context,
            "through": "ollama" if self.ollama else "hub",
            "set": [
                {
                    "role": one.role,
                    "name": one.advice.name,
                    "source": self.name(one),
                    "here": one not in self.fetched,
                    "weights_bytes": one.advice.weights_bytes,
                    "total_bytes": one.advice.total_bytes,
                    "decode_tok_s": one.advice.decode_tok_s,
                    "licence": one.advice.licence,
                    "why": one.advice.why,
                }
                for one in self.members
            ],
            "config": str(file) if done is None or done.file else None,
            "failed": [] if done is None else done.failed,
        }


async def plan(
    task: str | None, licence: str | None, vram: str | None, ram: str | None, file: Path
) -> Plan:
    """Scan, recommend, and choose. Only the local Ollama server is asked for anything.

    The policy of ``file`` holds, if it is there, else that of the configuration in force.
    """
    from homeward.cli.machine.measured_runs import runs
    from homeward.cli.provision.policy_in_force import in_force
    from homeward.machine.catalogue import entries
    from homeward.machine.estimate import Use
    from homeward.machine.recommend.recommend import recommend
    from homeward.machine.recommend.starting import passed_over, starting_set
    from homeward.machine.recommend.verdict import USUAL_CONTEXT

    demanded = in_force(file)
    server, (there, notes), measured = await asyncio.gather(
        _ollama(), asyncio.to_thread(_machine, vram, ram), runs()
    )
    hardware = there
    if server is None:
        hardware = await asyncio.to_thread(for_engine, there)
        notes += [NO_GPU] if hardware is not there else []
    forbidden: list[str] = []

    def permitted(entry: "Entry") -> bool:
        if demanded is None or not _forbids(demanded, entry, ollama=server is not None):
            return True
        forbidden.append(entry.name)
        return False

    use = Use(context=USUAL_CONTEXT)
    found = recommend(
        entries(), hardware, use, task=task, licence=licence, measured=measured, permitted=permitted
    )
    members = starting_set(found, hardware, ollama=server is not None)
    if members and (why := passed_over(found, members, ollama=server is not None)):
        notes.append(why)
    if demanded is not None and forbidden:
        notes.append(f"the policy of {demanded.origin} leaves {len(forbidden)} models out")
    here = await asyncio.to_thread(_here, server)
    return Plan(there, use, members, server, here, tuple(notes), demanded)


def _machine(vram: str | None, ram: str | None) -> "tuple[Hardware, list[str]]":
    """No more of it than the user says, and what to say of that."""
    from homeward.machine.recommend.capped import capped, has_gpu
    from homeward.machine.sizes import parse

    most = None if vram is None else parse(vram)
    here = scanned()
    notes = []
    if most and not has_gpu(here):
        notes.append(
            f"--vram {vram} counts for nothing, there is no GPU here: "
            f"`homeward fit --vram {vram}` tells what one would run"
        )
    return capped(here, vram=most, ram=None if ram is None else parse(ram)), notes


def _forbids(demanded: "Config", entry: "Entry", *, ollama: bool) -> bool:
    """Whether a policy does, of what would be fetched. What cannot be is never chosen."""
    from homeward.cli.provision.policy_in_force import broken

    names = entry.ollama if ollama else entry.gguf
    return bool(names and broken(demanded, names[0], ollama=ollama))


async def _ollama() -> "Found | None":
    """The Ollama server of this machine. One elsewhere has its own memory, and is not asked."""
    from homeward.backends.discovery import discover
    from homeward.backends.http import Http
    from homeward.backends.ollama_server import PORT
    from homeward.backends.ollama_stock import is_here, server_url

    said = os.environ.get("OLLAMA_HOST", "")
    if not is_here(server_url()):
        return None
    async with Http() as http:
        servers = await discover(http, ports={} if said else {PORT: "ollama"}, within=PATIENCE)
    return next((each for each in servers if each.kind == "ollama"), None)


def _here(server: "Found | None") -> frozenset[str]:
    if server is not None:
        names = {model.name for model in server.models}
        return frozenset(names | {name.removesuffix(":latest") for name in names})
    from homeward.backends.hub import installed

    return frozenset(file.name for file in installed())
