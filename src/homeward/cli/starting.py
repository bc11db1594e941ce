"""What ``homeward up`` does: the plan, and each of its steps."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from homeward.cli.pulling import Tell, from_hub, telling, through_ollama
from homeward.cli.scanned import scanned
from homeward.cli.text import printable
from homeward.errors import HomewardError, Unreachable
from homeward.interrupt import run
from homeward.machine.sizes import shown
from homeward.model import Seconds

if TYPE_CHECKING:
    from homeward.backends.discovery import Found
    from homeward.machine.estimate import Use
    from homeward.machine.hardware import Hardware
    from homeward.machine.recommend.starting import Start

PATIENCE: Seconds = 10.0  # for a server that is there and busy; none answers at once
LOOPBACK = ("127.0.0.1", "localhost", "::1")
BOX = "the small models in the package answer meanwhile"


@dataclass(frozen=True)
class Plan:
    """``members`` is empty where nothing fits. ``here`` are names that need not be fetched."""

    hardware: "Hardware"
    use: "Use"
    members: "tuple[Start, ...]"
    server: "Found | None"
    here: frozenset[str] = frozenset()

    @property
    def ollama(self) -> bool:
        return self.server is not None

    def name(self, one: "Start") -> str:
        from homeward.machine.recommend.starting import source

        return source(one.advice, ollama=self.ollama)

    @property
    def fetched(self) -> "tuple[Start, ...]":
        return tuple(one for one in self.members if self.name(one) not in self.here)

    def lines(self, file: Path) -> Iterator[str]:
        """For people, before they are asked."""
        from homeward.cli.fit_list import machine_lines

        yield from machine_lines(self.hardware)
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


@dataclass
class Done:
    """``file`` is None where nothing came, so that nothing was written."""

    file: Path | None = None
    failed: list[str] = field(default_factory=list[str])


async def plan(task: str | None, licence: str | None, vram: str | None, ram: str | None) -> Plan:
    """Scan, recommend, and choose. Only the local Ollama server is asked for anything."""
    from homeward.machine.catalogue import entries
    from homeward.machine.estimate import Use
    from homeward.machine.recommend.recommend import recommend
    from homeward.machine.recommend.starting import starting_set
    from homeward.machine.recommend.verdict import USUAL_CONTEXT
    from homeward.machine.scan.overrides import Overrides
    from homeward.machine.sizes import parse

    given = Overrides(
        vram=None if vram is None else parse(vram), ram=None if ram is None else parse(ram)
    )
    use = Use(context=USUAL_CONTEXT)
    server, hardware = await asyncio.gather(_ollama(), asyncio.to_thread(scanned, given))
    found = recommend(entries(), hardware, use, task=task, licence=licence)
    members = starting_set(found, hardware, ollama=server is not None)
    return Plan(hardware, use, members, server, await asyncio.to_thread(_here, server))


async def _ollama() -> "Found | None":
    """The Ollama server of this machine: one elsewhere has another machine's memory."""
    from homeward.backends.discovery import discover
    from homeward.backends.http import Http
    from homeward.backends.ollama_server import PORT

    said = os.environ.get("OLLAMA_HOST")
    async with Http() as http:
        servers = await discover(http, ports={} if said else {PORT: "ollama"}, within=PATIENCE)
    near = (each for each in servers if urlsplit(each.base_url).hostname in LOOPBACK)
    return next((each for each in near if each.kind == "ollama"), None)


def _here(server: "Found | None") -> frozenset[str]:
    if server is not None:
        names = {model.name for model in server.models}
        return frozenset(names | {name.removesuffix(":latest") for name in names})
    from homeward.backends.hub import installed

    return frozenset(file.name for file in installed())


# ---------------------------------------------------------------- carried out


def carry_out(chosen: Plan, file: Path, *, quiet: bool) -> Done:
    """Fetch what is missing, and write the file for what came. Interrupted, it keeps what came.

    A model that cannot be fetched is left out and told; where none came, nothing is written.
    """
    done, come, reached = Done(), list["Start"](), True
    for one in chosen.members:
        name = chosen.name(one)
        if one in chosen.fetched:
            if not reached:
                continue
            try:
                _fetch(chosen, name, quiet=quiet)
            except HomewardError as error:
                done.failed.append(f"{name}: {error}")
                reached = not isinstance(error, Unreachable)
                continue
        come.append(one)
    if come:
        write(file, configured(come, chosen))
        done.file = file
    return done


def _fetch(chosen: Plan, name: str, *, quiet: bool) -> None:
    with telling(name, quiet=quiet) as tell:
        if chosen.server is None:
            for step in from_hub(name):
                tell(step)
        else:
            run(_through(chosen.server.base_url, name, tell))


async def _through(url: str, name: str, tell: Tell) -> None:
    from homeward.backends.http import Http

    async with Http() as http, aclosing(through_ollama(url, name, http)) as steps:
        async for step in steps:
            tell(step)


def configured(come: "Sequence[Start]", chosen: Plan) -> str:
    """The file's text. It was built once, so it is right."""
    import msgspec

    from homeward.config import parse
    from homeward.machine.recommend.starting import nodes

    models = nodes(come, chosen.use, ollama=chosen.ollama)
    text = msgspec.json.encode({"models": models, "clearance": "machine"}).decode()
    sizes = "".join(
        f"#   {one.role}: {one.advice.name}, {one.advice.licence}; {one.advice.why}\n"
        for one in come
    )
    head = f"# Written by `homeward up`; change it as you like.\n{printable(sizes)}"
    return head + parse(text, origin="what was chosen", environ=None).as_yaml()


def write(file: Path, text: str) -> None:
    """All of it or nothing: an interruption leaves the file that was there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
