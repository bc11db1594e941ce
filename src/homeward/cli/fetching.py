"""One model fetched: what is to know before, from where it comes, how it is asked then."""

import re
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Any, NamedTuple

from homeward.cli.before_fetching import known, permitted
from homeward.cli.pulling import Tell, telling, through_ollama
from homeward.cli.text import printable
from homeward.errors import ConfigError, ModelMissing, Unreachable
from homeward.interrupt import run

TAG = re.compile(r"[\w.-]+(?::\d+)?(/[\w.-]+)*(:[\w.-]+)?")


class Fetched(NamedTuple):
    """``path`` is the file of one from the hub, ``server`` the Ollama server that has it.

    ``changed``: something came, and it was not all there before.
    """

    name: str
    path: Path | None = None
    server: str | None = None
    changed: bool = True

    def words(self) -> str:
        lies = str(self.path) if self.server is None else f"Ollama at {self.server} has it"
        return printable(f'{lies}\nask it: homeward ask --route {self.name} "..."')

    def as_json(self) -> dict[str, Any]:
        lies = {"path": str(self.path)} if self.server is None else {"ollama": self.server}
        return {"name": self.name, **lies, "changed": self.changed}


def fetch(name: str, ollama: str | None, *, quiet: bool) -> Fetched:
    """A name of the hub's comes to this machine; any other, or with ``ollama``, through Ollama.

    ConfigError where the configuration's policy forbids it, and the errors of both ways.
    """
    from homeward.backends.ollama_stock import server_url

    url = None if ollama is None and on_hub(name) else server_url(ollama)
    if url is not None:
        if not TAG.fullmatch(name):
            raise ConfigError(
                f"{name!r} is no name of a model: say ORG/REPO of the hub, or a tag of Ollama's "
                "such as qwen3:4b"
            )
        run(answers(url, instead(name)))
    permitted(name, ollama=url is not None)
    if not quiet:
        for line in known(name, url):
            print(printable(line), file=sys.stderr)
    with telling(name, quiet=quiet) as tell:
        if url is None:
            return _from_hub(name, tell)
        changed = run(_through(url, name, tell))
    return Fetched(name, server=url, changed=changed)


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


def _from_hub(name: str, tell: Tell) -> Fetched:
    from homeward.backends.hub import pull
    from homeward.backends.ollama_stock import Step

    path, changed = None, False
    for step in pull(name):
        tell(Step(step.file, step.done, step.total, step.file))
        changed = changed or step.rate > 0  # what was there already is read at no rate
        path = step.path or path
    return Fetched(name, path=path, changed=changed)


async def _through(url: str, name: str, tell: Tell) -> bool:
    """Whether a layer came: of one that it has, Ollama only says that it is whole."""
    from homeward.backends.http import Http

    changed = False
    try:
        async with Http() as http, aclosing(through_ollama(url, name, http)) as steps:
            async for step in steps:
                tell(step)
                changed = changed or step.done < step.total
    except ModelMissing as error:
        near = _tag(name)
        raise ModelMissing(f"{error}{f', perhaps {near}' if near else ''}") from None
    return changed


async def answers(url: str, otherwise: str) -> None:
    """Unreachable, with what can be done, where no Ollama server does."""
    from homeward.backends.http import Http
    from homeward.backends.ollama_stock import runs

    async with Http() as http:
        if not await runs(url, http):
            raise Unreachable(
                f"no Ollama server answers at {url}: start it with `ollama serve` (it is at "
                f"https://ollama.com/download), or {otherwise}"
            )


def instead(name: str) -> str:
    """How the engine in the package gets the same model."""
    from homeward.machine.catalogue import parse

    try:
        named = parse(name)
    except ModelMissing:
        named = None
    if named is None or not named.entry.gguf:
        return "name a GGUF repository of the hub as ORG/REPO, for the engine in the package"
    quant = f":{named.quant}" if named.quant else ""
    return f"fetch it for the engine in the package: `homeward pull {named.entry.gguf[0]}{quant}`"


def _tag(name: str) -> str:
    from homeward.machine.catalogue import find

    try:
        tags = find(name).ollama
    except ModelMissing:
        return ""
    return next((tag for tag in tags if tag != name), "")
