"""``homeward create``: a model made of another one, as a Modelfile says it."""

from pathlib import Path
from typing import Annotated

import typer

from homeward.cli.options import Json
from homeward.errors import ConfigError, ModelMissing


def create(
    name: Annotated[str | None, typer.Argument(help="What the new model is to be called.")] = None,
    file: Annotated[
        Path, typer.Option("--file", "-f", help="The Modelfile, or - for standard input.")
    ] = Path("Modelfile"),
    embedded: Annotated[
        bool, typer.Option("--embedded", help="For the engine in the package, not in Ollama.")
    ] = False,
    ollama: Annotated[
        str | None,
        typer.Option(
            help="In the Ollama server there, as 192.168.1.20:11434.",
            show_default="OLLAMA_HOST, or this machine's",
        ),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="What was made for the engine in the package.")
    ] = False,
    show: Annotated[
        str | None, typer.Option(help="One of those, as a node of the configuration.")
    ] = None,
    remove: Annotated[str | None, typer.Option(help="Forget one of those.")] = None,
    json: Json = False,
) -> None:
    """Make a model of another one: system prompt, sampling, template, adapter (a Modelfile)."""
    asked = [each for each in (name, show, remove, listed or None) if each is not None]
    if len(asked) != 1:
        raise ConfigError("say the new model's NAME, or one of --list, --show and --remove")
    if name is not None:
        from homeward.cli.provision.creating import make

        made = make(name, file, embedded=embedded, ollama=ollama, quiet=json)
        _print(made.as_json(), made.words(), json=json)
        return
    _kept(show, remove, json=json)


def _kept(show: str | None, remove: str | None, *, json: bool) -> None:
    from homeward.backends import variants

    if remove is not None:
        variants.remove(remove)
        _print({"removed": remove}, f"{remove} is forgotten; the model under it stays", json=json)
    elif show is not None:
        variant = variants.find(show)
        if variant is None:
            raise ModelMissing(
                f"no variant {show!r} was made here: `homeward create --list` tells those that "
                f"were, and of one in Ollama `ollama show --modelfile {show}`"
            )
        _print({"name": show, **_node(variant)}, _yaml(show, variant), json=json)
    else:
        rows = {name: _node(variant) for name, variant in variants.kept().items()}
        lines = [f"{name}  from {row['model']}{_about(row)}" for name, row in rows.items()]
        shown = [{"name": name, **row} for name, row in rows.items()]
        _print({"variants": shown}, "\n".join(lines) or "none was made yet", json=json)


def _about(row: dict[str, object]) -> str:
    from homeward.cli.text import shorten

    words = " ".join(str(row.get("system", "")).split())
    return f"  {shorten(words, 60)}" if words else ""


def _node(variant: object) -> dict[str, object]:
    import msgspec

    found: dict[str, object] = msgspec.to_builtins(variant)
    return found


def _yaml(name: str, variant: object) -> str:
    """A configuration that has it, to be copied."""
    import msgspec

    from homeward.config import parse

    node = _node(variant)
    node.pop("licences", None)
    text = msgspec.json.encode({"models": {name: {"embedded": node}}, "clearance": "machine"})
    return parse(text.decode(), origin=f"variant {name}", environ=None).as_yaml().rstrip()


def _print(shown: object, words: str, *, json: bool) -> None:
    import msgspec

    from homeward.cli.text import printable

    print(msgspec.json.encode(shown).decode() if json else printable(words))
