"""What to type to ask a model that was just fetched or made."""

import re
import shlex
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homeward.errors import HomewardError

if TYPE_CHECKING:
    from homeward.config import Config


def engine(model: str, route: str | None = None) -> str:
    """Of the engine in the package; ``route`` is what it is called where there is no file."""
    return _told({"embedded": {"model": model}}, route or model)


def ollama(model: str, url: str) -> str:
    """Of the Ollama server at ``url``, whose list has a tag on every name."""
    from homeward.backends.ollama_server import tagged
    from homeward.backends.ollama_stock import server_url

    name = tagged(model.removeprefix("library/"))
    usual = _same(url, server_url())
    fields = {"model": name} if usual else {"model": name, "base_url": url}
    return _told({"ollama": fields}, name, "" if usual else f"OLLAMA_HOST={shlex.quote(url)} ")


def _same(url: str, other: str) -> bool:
    def plain(text: str) -> str:
        return re.sub(r"(?<=//)(?:localhost|0\.0\.0\.0|\[::1?\])(?=[:/]|$)", "127.0.0.1", text)

    return plain(url) == plain(other)


def _told(node: dict[str, dict[str, Any]], name: str, before: str = "") -> str:
    """With a file only what stands in it is asked: the line that puts it there, if it is not."""
    file = _file()
    if file is None:
        return f"ask it: {before}{_ask(name)}"
    config = None
    with suppress(HomewardError):  # whoever asks will be told what is wrong with it
        config = _read(file)
    if config is not None and (route := _stands(config, node)):
        return f"ask it: {_ask(route)}"
    [(kind, fields)] = node.items()
    if config is not None and name in config.models:
        name = f"{kind}/{name}"
    indent = " " * _indent(config)
    return (
        f"{file} decides what is asked, and does not have it: add below its `models:` the line\n"
        f"{indent}{_quoted(name)}: {{{kind}: {{{_flow(fields)}}}}}\nand ask it: {_ask(name)}"
    )


def _ask(route: str) -> str:
    return f'homeward ask --route {shlex.quote(route)} "..."'


def _file() -> Path | None:
    from homeward.config import find

    with suppress(HomewardError):
        return find()
    return None


def _read(file: Path) -> "Config":
    from homeward.config import load

    return load(file)


def _stands(config: "Config", node: dict[str, dict[str, Any]]) -> str:
    """The name of a node there for the same model; empty if there is none."""
    from homeward.backends.ollama_server import tagged

    [(kind, fields)] = node.items()
    for name, item in config.models.items():
        if not isinstance(item.value, dict) or kind not in item.value:
            continue
        arguments = item.value[kind]
        held = arguments.value if isinstance(arguments.value, dict) else {"model": arguments}
        model, url = (held[key].text if key in held else None for key in ("model", "base_url"))
        if kind == "ollama" and model:
            model = tagged(model)
        if (model, url) == (fields["model"], fields.get("base_url")):
            return name
    return ""


def _indent(config: "Config | None") -> int:
    """As the models of the file have it."""
    columns = [item.named_at.column - 1 for item in config.models.values()] if config else []
    return min(columns, default=2) or 2


def _flow(fields: dict[str, Any]) -> str:
    return ", ".join(f"{name}: {_quoted(value)}" for name, value in fields.items())


def _quoted(text: str) -> str:
    """For YAML, which reads JSON's strings."""
    import msgspec

    return msgspec.json.encode(text).decode()
