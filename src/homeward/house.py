"""The house as it stands: the routes of a file, or of what was found on this machine."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from homeward.config import Around, Config, find, load, parse
from homeward.defaults import RESERVED, Local, default_config
from homeward.errors import ModelMissing
from homeward.model import Clearance, Model

FOUND = "what was found on this machine"


@dataclass(frozen=True)
class House:
    """Open routes by name. ``origin`` says where they come from, for people to read."""

    models: Mapping[str, Model]
    default: str
    clearance: Clearance
    origin: str

    def __getitem__(self, name: str) -> Model:
        """The route or model of that name; `ModelMissing` names those that there are."""
        return pick(self.models, name)


Entry = TypeVar("Entry")


def pick(models: Mapping[str, Entry], name: str) -> Entry:
    """The entry of that name; `ModelMissing` names those that there are."""
    if name in models:
        return models[name]
    near = get_close_matches(name, models, 1)
    guess = f" did you mean {near[0]!r}?" if near else ""
    names = ", ".join(models)
    raise ModelMissing(f"there is no model or route {name!r} here;{guess} there are {names}")


@asynccontextmanager
async def open_house(
    path: str | Path | Config | None = None,
    extra: Mapping[str, Any] | None = None,
    around: Around | None = None,
) -> AsyncGenerator[House]:
    """Build the routes, and close what they hold (connections, child processes) at the end.

    ``path`` (or its `configuration`), or the first configuration file that is found, decides;
    without one the local servers that answer, the models that were pulled and the box make the
    default routes. ``extra`` are further nodes by name, as they would stand in the file;
    ``around`` is put around each leaf.
    """
    config = path if isinstance(path, Config) else await configuration(path)
    if extra:
        config = config.with_models(extra)
    async with config.open(around) as models:
        yield House(models, config.default, config.clearance, config.origin)


async def configuration(path: str | Path | None = None) -> Config:
    """The file's configuration, or the one made of what was found."""
    if path is not None or find() is not None:
        return load(path)
    found = default_config([*await _served(), *_pulled()])
    found["models"] = {**_created(), **found["models"]}
    return parse(msgspec.json.encode(found).decode(), origin=FOUND, environ=None)


async def _served() -> list[Local]:
    """Chat models of the local servers that answer, less those that only pass on to a cloud."""
    from homeward.backends.discovery import discover
    from homeward.backends.http import Http

    async with Http() as http:
        servers = await discover(http)
    locals_: dict[str, Local] = {}
    for server in servers:
        if server.needs_key or server.kind == "homeward":  # itself: a question would go round
            continue
        for model in server.models:
            if model.where is Clearance.WORLD or not model.chats:
                continue
            name = _short(model.name)
            name = name if name not in {*locals_, *RESERVED} else f"{server.kind}/{name}"
            node = {server.kind: {"model": model.name, "base_url": server.base_url}}
            locals_[name] = Local(name, node, model.size_bytes or 0, model.where)
    return list(locals_.values())


def _short(name: str) -> str:
    """llama.cpp's server calls a model by the path of its file."""
    return Path(name).stem if name.endswith(".gguf") else name


def _pulled() -> list[Local]:
    from homeward.backends.hub import installed

    return [Local(file.name, {"embedded": {"model": file.name}}, file.size) for file in installed()]


def _created() -> dict[str, Any]:
    """Variants, which are asked by their names alone: ``auto`` is not made of them."""
    from homeward.backends.variants import kept

    return {name: {"embedded": {"model": name}} for name in kept()}
