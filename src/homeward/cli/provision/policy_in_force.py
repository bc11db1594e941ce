"""The policy of the configuration that is in force, for what is fetched, made and chosen."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from homeward.errors import ConfigError

if TYPE_CHECKING:
    from homeward.config import Config

HAS_POLICY = re.compile(r"""(?:^|[{,])\s*["']?policy["']?\s*:""", re.MULTILINE)


def in_force(file: Path | None = None) -> "Config | None":
    """The configuration that demands it: ``file`` if that is there, else the one that is found.

    None where none has a policy; such a file is not even built. ConfigError for one that is wrong.
    """
    from homeward.config import find, load

    if file is None or not file.is_file():
        file = find()
    if file is None or not HAS_POLICY.search(file.read_text("utf-8", "replace")):
        return None
    config = load(file)
    return None if config.policy is None else config


def broken(config: "Config", name: str, *, ollama: bool) -> str:
    """Why its policy forbids a model, as Ollama or the engine calls that; empty if it does not."""
    from homeward.backends.embedded import Embedded
    from homeward.backends.ollama import Ollama

    leaf = Ollama(name) if ollama else Embedded(name)
    return next((sentence for _, sentence in config.policy.problems({name: leaf})), "")


def permitted(name: str, *, ollama: bool) -> None:
    """ConfigError where the policy in force forbids it."""
    config = in_force()
    if config is not None and (sentence := broken(config, name, ollama=ollama)):
        raise ConfigError(f"{config.origin} does not allow it: {sentence}")
