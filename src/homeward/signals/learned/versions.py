"""Versions: which of the routers that `homeward learn` keeps under a name is in use.

They lie in ``routers/NAME`` of the data folder, each in a folder of its own (``1``, ``2`` ...),
beside a small file that names the one in use: a file, because links are not for every Windows.
"""

import re
from pathlib import Path

import msgspec
from msgspec import Struct

from homeward.errors import ConfigError
from homeward.folder import data_folder

CURRENT = "current.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Current(Struct, frozen=True):
    """``before`` are the versions that were in use before this one, the latest last.

    ``at`` is when it was put in use, in seconds since 1970.
    """

    version: int
    before: tuple[int, ...] = ()
    at: float = 0.0


def routers(name: str) -> Path:
    """The folder of a name's versions, whether there is one or not; ConfigError for no name."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} cannot be the name of a router; use letters, digits, dots, - and _"
        )
    return data_folder() / "routers" / name


def current(name: str) -> Current | None:
    """The version in use; None where none was promoted. ConfigError where the file is damaged."""
    path = routers(name) / CURRENT
    try:
        return msgspec.json.decode(path.read_bytes(), type=Current)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(
            f'{path} is damaged ({error}); write the version to use into it: {{"version": 1}}'
        ) from None


def path_of(name: str) -> Path:
    """The folder of the version in use; ConfigError where there is none."""
    found = current(name)
    if found is None:
        raise ConfigError(
            f"no router {name!r} is in use; `homeward learn --name {name}` makes one from history"
        )
    return routers(name) / str(found.version)
