"""Variants that `homeward create` kept: a model with a prompt and settings of its own.

They lie in ``$HOMEWARD_HOME/variants`` (or as `homeward.folder` says), one JSON file each.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from homeward.errors import BadModelFile, ConfigError, ModelMissing
from homeward.folder import data_folder

NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,99}(:[\w.-]{1,99})?")
RESERVED = frozenset({"auto", "council", "demo", "minilm"})


class Variant(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The fields are those of `homeward.backends.embedded.Embedded`. Paths are absolute."""

    model: str
    system: str | None = None
    messages: tuple[Mapping[str, str], ...] = ()
    options: Mapping[str, Any] = {}
    context: int | None = None
    threads: int | None = None
    template: str | None = None
    adapter: str | None = None
    licences: tuple[str, ...] = ()

    def fields(self) -> dict[str, Any]:
        """What is set, as fields of the node."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        found.pop("licences", None)
        return found


def home() -> Path:
    return data_folder() / "variants"


def is_name(text: str) -> bool:
    """Whether a variant can be called so. No name on the hub, in the box or of a file is one."""
    return NAME.fullmatch(text) is not None and not text.lower().endswith(".gguf")


def keep(name: str, variant: Variant) -> Path:
    """Write it, over one of the same name; ConfigError where none can be called so."""
    if not is_name(name) or name in RESERVED:
        raise ConfigError(
            f"{name!r} is no name for a variant: say letters, digits, dots and hyphens, such as "
            f"mario or mario:formal, and none of {', '.join(sorted(RESERVED))}"
        )
    file = _file(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.write_bytes(msgspec.json.format(msgspec.json.encode(variant), indent=2) + b"\n")
    part.replace(file)
    return file


def kept() -> dict[str, Variant]:
    """All of them by name."""
    names = sorted(_named(file) for file in home().glob("*.json"))
    return {name: variant for name in names if (variant := find(name)) is not None}


def find(name: str) -> Variant | None:
    """None where there is none of that name; BadModelFile where its file was damaged."""
    if not is_name(name):
        return None
    try:
        return msgspec.json.decode(_file(name).read_bytes(), type=Variant)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadModelFile(
            f"{_file(name)} is no variant ({error}): create it again, or remove it with "
            f"`homeward create --remove {name}`"
        ) from None


def remove(name: str) -> None:
    """ModelMissing where there is none."""
    try:
        if is_name(name):
            _file(name).unlink()
            return
    except FileNotFoundError:
        pass
    there = ", ".join(sorted(_named(file) for file in home().glob("*.json")))
    raise ModelMissing(
        f"no variant {name!r} was created here: " + (f"there are {there}" if there else "none was")
    )


def _file(name: str) -> Path:
    return home() / f"{name.replace(':', '@')}.json"  # Windows has no colon in a file's name


def _named(file: Path) -> str:
    return file.stem.replace("@", ":")
