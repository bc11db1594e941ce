"""What is to know of a model before it is fetched: its licence, and whether it runs here."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from homeward.errors import ConfigError, HomewardError, ModelMissing
from homeward.interrupt import run

if TYPE_CHECKING:
    from homeward.machine.fit import Fit

STOCKS = ("~/.ollama/models", "/usr/share/ollama/.ollama/models", "/var/lib/ollama/models")
"""Where Ollama keeps models: for a user, and as its installer and our units set it up."""


def known(name: str, url: str | None) -> Iterator[str]:
    """Lines for people: the licence, and a verdict where it will run on this machine.

    ``url`` is of the Ollama server that fetches it; None for the engine in the package.
    """
    if said := licence(name):
        yield f"{name}: {said}"
    if url is not None and not _is_near(url):
        return
    found, where = run(_fitted(name, ollama=url is not None))
    if found is not None:
        yield f"{name}: {verdict(found, where)}"
        if url is not None and (short := _short(found.weights_bytes)):
            yield f"{name}: {short}"


def licence(name: str) -> str:
    """In a line; empty where the catalogue has no such model."""
    from homeward.machine.catalogue import find
    from homeward.machine.catalogue import licence as named

    try:
        terms = named(find(name).licence)
    except (ModelMissing, ConfigError):
        return ""
    commercial = {"yes": "commercial use: yes", "no": "no commercial use"}.get(
        terms.commercial, f"commercial use: {terms.commercial}"
    )
    conditions = f": {'; '.join(terms.conditions)}" if terms.conditions else ""
    return f"{terms.name}, {commercial}{conditions}"


def verdict(found: "Fit", where: str = "this machine") -> str:
    from homeward.machine.sizes import shown

    needs = f"it takes {shown(found.total_bytes)} with {found.context:,} tokens of context"
    if found.placement.where == "none":
        mend = f"; {found.remedies[0]}" if found.remedies else ""
        return f"does not fit {where} ({found.because}): {needs}{mend}"
    speed = found.decode_tok_s
    return (
        f"{found.verdict} on {where}: {needs}, and makes {speed.low:.0f} to {speed.high:.0f} "
        "tokens a second"
    )


async def _fitted(name: str, *, ollama: bool) -> "tuple[Fit | None, str]":
    """And where it would run. None where nobody here knows its shapes: the hub is not asked."""
    import asyncio

    from homeward.cli.machine.engine_machine import for_engine
    from homeward.cli.machine.scanned import scanned
    from homeward.cli.machine.subjects import subject
    from homeward.machine.estimate import Use
    from homeward.machine.fit import fit
    from homeward.machine.recommend.verdict import usual_context

    try:
        one, there = await asyncio.gather(subject(name), asyncio.to_thread(scanned))
        hardware = there if ollama else await asyncio.to_thread(for_engine, there)
        where = "this machine" if hardware is there else "this machine's processor"
        use = Use(context=usual_context(one.shapes.context))
        return fit(one, use, hardware, asked=False), where
    except HomewardError:
        return None, ""


def _is_near(url: str) -> bool:
    from homeward.backends.ollama_stock import is_here

    try:
        return is_here(url)
    except HomewardError:
        return False


def _short(size: int) -> str:
    """Whether Ollama's folder has room for it; empty where it has, or where it is unknown."""
    from homeward.machine.sizes import shown

    places = (Path(place).expanduser() for place in (os.environ.get("OLLAMA_MODELS", ""), *STOCKS))
    stock = next((place for place in places if place.is_absolute() and place.is_dir()), None)
    if stock is None or (free := shutil.disk_usage(stock).free) >= size:
        return ""
    return f"about {shown(size)} are fetched, and {shown(free)} are free in {stock}"
