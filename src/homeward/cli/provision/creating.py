"""What ``homeward create`` does: where the new model is made, and how."""

import sys
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from homeward.cli.provision import how_to_ask
from homeward.cli.provision.created_from import Base, adapter, based_on
from homeward.cli.provision.fetched_as import answers, instead
from homeward.cli.provision.policy_in_force import permitted
from homeward.cli.provision.pulling import Tell, telling
from homeward.errors import ConfigError
from homeward.interrupt import run

if TYPE_CHECKING:
    from homeward.wire.ollama.modelfile import Modelfile


class Made(NamedTuple):
    """``kept`` is the file of a variant, ``server`` the Ollama server that has the model."""

    name: str
    kept: Path | None = None
    server: str | None = None

    def words(self) -> str:
        if self.server is None:
            return f"{self.kept} keeps it\n{how_to_ask.engine(self.name)}"
        return f"Ollama at {self.server} has it\n{how_to_ask.ollama(self.name, self.server)}"

    def as_json(self) -> dict[str, Any]:
        if self.server is not None:
            return {"name": self.name, "ollama": self.server}
        return {"name": self.name, "variant": str(self.kept)}


def make(name: str, file: Path, *, embedded: bool, ollama: str | None, quiet: bool) -> Made:
    """ConfigError points at the line of the Modelfile, or at the policy that forbids what is behind
    FROM. For the rest, the errors of both ways.

    A tag is made in Ollama; what was pulled, the box and variants are the engine's. A file goes to
    Ollama where one runs on this machine, else to the engine.
    """
    if embedded and ollama is not None:
        raise ConfigError("--embedded and --ollama exclude each other: say one of them")
    modelfile, folder = _read(file)
    base = based_on(modelfile, folder, ollama=ollama is not None)
    permitted(base.name, ollama=base.kind == "tag")
    if not quiet:
        for word in modelfile.ignored:
            print(f"{modelfile.origin}: {word} is read by nobody any more", file=sys.stderr)
    url = _where(base, embedded, ollama)
    if url is None:
        from homeward.backends import variants
        from homeward.cli.provision.created_from import variant

        return Made(name, kept=variants.keep(name, variant(modelfile, base, folder)))
    _in_ollama(url, name, modelfile, base, folder, quiet=quiet)
    return Made(name, server=url)


def _read(file: Path) -> "tuple[Modelfile, Path]":
    from homeward.wire.ollama.modelfile import parse

    if str(file) == "-":
        return parse(sys.stdin.read(), "standard input"), Path()
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not text in UTF-8; save it as that") from None
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ConfigError(f"{file} cannot be read: {why}; name a Modelfile with -f") from None
    return parse(text, str(file)), file.parent


def _where(base: Base, embedded: bool, ollama: str | None) -> str | None:
    """The Ollama server to make it in; None for the engine in the package. ConfigError."""
    from homeward.backends.http import Http
    from homeward.backends.ollama_stock import runs, server_url

    if base.kind == "tag" and embedded:
        raise ConfigError(
            f"{base.at}: {base.name} is a tag of Ollama's, and the engine in the package cannot "
            f"run it: {instead(base.name)}, and say that name behind FROM"
        )
    url = server_url(ollama)
    if base.kind == "tag" or ollama is not None:
        otherwise = "leave --ollama out"
        if base.kind == "tag":
            otherwise = f"{instead(base.name)}, and say that name behind FROM"
        run(answers(url, otherwise))
        return url
    if embedded or base.kind != "file":
        return None

    async def is_up() -> bool:
        async with Http() as http:
            return await runs(url, http)

    return url if run(is_up()) else None


# ---------------------------------------------------------------- in Ollama


def _in_ollama(
    url: str, name: str, modelfile: "Modelfile", base: Base, folder: Path, *, quiet: bool
) -> None:
    with telling(name, quiet=quiet) as tell:
        body = _body(modelfile)
        if base.kind == "tag":
            body["from"] = base.name
        else:
            body["files"] = {file.name: _sent(url, file, tell) for file in base.files}
        if modelfile.adapters:
            found = [adapter(modelfile, said, folder) for said in modelfile.adapters]
            body["adapters"] = {file.name: _sent(url, file, tell) for file in found}
        run(_created(url, name, body, tell))


def _sent(url: str, file: Path, tell: Tell) -> str:
    from homeward.backends.ollama_blobs import digest, send

    found = digest(file, tell)
    send(url, file, found, tell)
    return found


def _body(modelfile: "Modelfile") -> dict[str, Any]:
    """As docs/api.md of ollama/ollama has it, without the model that it is made of."""
    texts = {"system": modelfile.system, "template": modelfile.template, **modelfile.only_ollama}
    body: dict[str, Any] = {key: said.text for key, said in texts.items() if said is not None}
    if modelfile.parameters:
        body["parameters"] = {key: said.value for key, said in modelfile.parameters.items()}
    if modelfile.messages:
        body["messages"] = [
            {"role": each.role, "content": each.content} for each in modelfile.messages
        ]
    if modelfile.licences:
        body["license"] = [said.text for said in modelfile.licences]
    return body


async def _created(url: str, name: str, body: dict[str, Any], tell: Tell) -> None:
    from homeward.backends.http import Http
    from homeward.backends.ollama_stock import create

    async with Http() as http, aclosing(create(url, name, body, http)) as steps:
        async for step in steps:
            tell(step)
