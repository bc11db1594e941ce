"""One model fetched: what is to know before, how it comes, how it is asked then."""

import sys
from contextlib import aclosing
from pathlib import Path
from typing import Any, NamedTuple

from homeward.cli.provision import how_to_ask
from homeward.cli.provision.before_fetching import known
from homeward.cli.provision.fetched_as import resolved
from homeward.cli.provision.policy_in_force import permitted
from homeward.cli.provision.pulling import Tell, telling, through_ollama
from homeward.cli.text import printable
from homeward.errors import ModelMissing
from homeward.interrupt import run


class Fetched(NamedTuple):
    """``path`` is the file of one from the hub, ``server`` the Ollama server that has it.

    ``changed``: something came, and it was not all there before.
    """

    name: str
    path: Path | None = None
    server: str | None = None
    changed: bool = True

    def words(self) -> str:
        if self.server is None:
            ask = how_to_ask.engine(self.name, _called(self.path))
            return printable(f"{self.path}\n{ask}")
        ask = how_to_ask.ollama(self.name, self.server)
        return printable(f"Ollama at {self.server} has it\n{ask}")

    def as_json(self) -> dict[str, Any]:
        lies = {"path": str(self.path)} if self.server is None else {"ollama": self.server}
        return {"name": self.name, **lies, "changed": self.changed}


def fetch(name: str, ollama: str | None, *, quiet: bool) -> Fetched:
    """A name of the hub's comes to this machine; any other, or with ``ollama``, through Ollama.

    A plain name of the catalogue is either. ConfigError where the configuration's policy forbids
    it, and the errors of both ways.
    """
    asked, (name, url, why) = name, resolved(name, ollama)
    permitted(name, ollama=url is not None)
    if not quiet:
        if why:
            print(printable(f"{asked}: {why}"), file=sys.stderr)
        for line in known(name, url):
            print(printable(line), file=sys.stderr)
    return bring(name, url, quiet=quiet)


def bring(name: str, url: str | None, *, quiet: bool) -> Fetched:
    """From the hub, or through the Ollama server at ``url``. The errors of both ways."""
    with telling(name, quiet=quiet) as tell:
        if url is None:
            return _from_hub(name, tell)
        changed = run(_through(url, name, tell))
    return Fetched(name, server=url, changed=changed)


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


def _called(path: Path | None) -> str | None:
    """By what name it is asked where there is no configuration."""
    from homeward.backends.hub import installed

    return next((each.name for each in installed() if each.path == path), None)


def _tag(name: str) -> str:
    from homeward.machine.catalogue import find

    try:
        tags = find(name).ollama
    except ModelMissing:
        return ""
    return next((tag for tag in tags if tag != name), "")
