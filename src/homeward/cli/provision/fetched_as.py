"""By what name a model is fetched, and from where: the hub, or an Ollama server."""

import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from homeward.errors import ConfigError, ModelMissing, Unreachable
from homeward.interrupt import run

if TYPE_CHECKING:
    from homeward.machine.catalogue.names import Named

TAG = re.compile(r"[\w.-]+(?::\d+)?(/[\w.-]+)*(:[\w.-]+)?")


class Resolved(NamedTuple):
    """``url`` is of the Ollama server that fetches it; ``why`` says so where it was to find out."""

    name: str
    url: str | None = None
    why: str = ""


def resolved(name: str, ollama: str | None) -> Resolved:
    """ConfigError for what is no name; Unreachable where nobody is there to fetch it."""
    from homeward.backends.ollama_stock import server_url

    if ollama is None and on_hub(name):
        return Resolved(name)
    url = server_url(ollama)
    named = plain(name)
    if named is None and not TAG.fullmatch(name):
        raise ConfigError(
            f"{name!r} is no name of a model: say ORG/REPO of the hub, or a tag of Ollama's "
            "such as qwen3:4b"
        )
    repository = hub_name(named) if named is not None else ""
    if named is None or ollama is not None or not repository:
        run(answers(url, instead(name)))
    elif not run(_is_up(url)):
        why = f"no Ollama answers at {url}, so it is {repository} of the hub"
        return Resolved(repository, None, f"{why}, for the engine in the package")
    if named is None:
        return Resolved(name, url)
    if named.entry.ollama and not (named.quant and repository):
        tag = named.entry.ollama[0]
        return Resolved(tag, url, f"it is {tag} in Ollama's library")
    tag = f"hf.co/{repository}"
    return Resolved(tag, url, f"it is {tag} for Ollama")


async def _is_up(url: str) -> bool:
    from homeward.backends.http import Http
    from homeward.backends.ollama_stock import runs

    async with Http() as http:
        return await runs(url, http)


def plain(name: str) -> "Named | None":
    """The catalogue's row that a plain name means, ``Qwen3-4B``; None for a name of Ollama's.

    Those are what its tags begin with, as they are written, and what nobody here knows.
    """
    from homeward.machine.catalogue import entries, parse

    if "/" in name or any(_head(name) == _head(tag) for e in entries() for tag in e.ollama):
        return None
    try:
        named = parse(name)
    except ModelMissing:
        return None
    return named if named.entry.ollama or named.entry.gguf else None


def _head(tag: str) -> str:
    return tag.partition(":")[0]


def hub_name(named: "Named") -> str:
    """Its first repository of GGUF files, with the quantisation if it says one; may be empty."""
    if not named.entry.gguf:
        return ""
    return named.entry.gguf[0] + (f":{named.quant}" if named.quant else "")


def on_hub(name: str) -> bool:
    """Whether it is one of the hub's. Of ``library/`` and of other registries are Ollama's."""
    from homeward.backends.shelf import split

    if "/" not in name or name.startswith(("library/", "ollama.com/")):
        return False
    try:
        split(name)
    except ConfigError:
        if name.count("/") < 2:
            raise
        return False
    return True


async def answers(url: str, otherwise: str) -> None:
    """Unreachable, with what can be done, where no Ollama server does."""
    if not await _is_up(url):
        raise Unreachable(
            f"no Ollama server answers at {url}: start it with `ollama serve` (it is at "
            f"https://ollama.com/download), or {otherwise}"
        )


def instead(name: str) -> str:
    """How the engine in the package gets the same model."""
    from homeward.machine.catalogue import parse

    repository = ""
    with suppress(ModelMissing):
        repository = hub_name(parse(name))
    if not repository:
        return "name a GGUF repository of the hub as ORG/REPO, for the engine in the package"
    return f"fetch it for the engine in the package: `homeward pull {repository}`"
