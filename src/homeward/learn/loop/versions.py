"""Versions of a router on disk: added, tried, promoted and rolled back.

A version is written whole or not at all, and its router is never changed. Whoever reads while
`homeward learn` writes finds the version before or the one after.
"""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

import msgspec
from msgspec.structs import replace

from homeward.errors import ConfigError
from homeward.learn.loop.record import Trial
from homeward.signals.learned.versions import CURRENT, Current, current, routers

TRIAL = "trial.json"
PROMISE = "promise.json"


def folder(name: str, version: int) -> Path:
    return routers(name) / str(version)


def trials(name: str) -> list[Trial]:
    """Of all versions, the oldest first; ConfigError where one cannot be read."""
    try:
        found = [int(path.name) for path in routers(name).iterdir() if path.name.isdecimal()]
    except FileNotFoundError:
        return []
    return [_read(folder(name, version) / TRIAL) for version in sorted(found)]


def _read(path: Path) -> Trial:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Trial)
    except OSError as error:
        why = error.strerror or str(error)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        why = str(error)
    raise ConfigError(
        f"{path} cannot be read ({why}); if this version is not in use, delete its folder"
    )


@contextmanager
def draft(name: str) -> Generator[Path]:
    """A folder beside the versions, to write one in; what is left of it at the end is deleted."""
    try:
        routers(name).mkdir(parents=True, exist_ok=True)
        path = Path(mkdtemp(prefix=".draft-", dir=routers(name)))
    except OSError as error:
        raise ConfigError(f"{routers(name)} cannot be written to: {error.strerror}") from None
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def add(name: str, path: Path, trial: Trial) -> Trial:
    """Make a draft the next version. Its number is in the trial that comes back."""
    version = trial.version
    while True:
        numbered = replace(trial, version=version)
        _write(path / TRIAL, numbered)
        try:
            path.rename(folder(name, version))
        except OSError as error:
            if not folder(name, version).exists():
                raise ConfigError(
                    f"{folder(name, version)} cannot be written: {error.strerror}"
                ) from None
            version += 1  # another `homeward learn` was quicker
        else:
            return numbered


def note(name: str, trial: Trial) -> None:
    """Write down what has become of a version."""
    _write(folder(name, trial.version) / TRIAL, trial)


def promote(name: str, version: int, at: float) -> Current:
    """Use this version from now on. A running gateway does so with its next decision."""
    was = current(name)
    before = () if was is None else (*was.before, was.version)
    return _use(name, Current(version, before, at))


def roll_back(name: str, at: float) -> tuple[int, int]:
    """Use the version before again: which was in use, and which is. ConfigError for the first."""
    was = current(name)
    if was is None:
        raise ConfigError(f"no router {name!r} is in use, so there is nothing to roll back")
    if not was.before:
        raise ConfigError(
            f"version {was.version} of the router {name!r} is the first that is in use: there is "
            "none before it; to do without a router, change the route"
        )
    *rest, version = was.before
    if not folder(name, version).is_dir():
        raise ConfigError(f"version {version} of the router {name!r} is gone; nothing was changed")
    _use(name, Current(version, tuple(rest), at))
    return was.version, version


def _use(name: str, wanted: Current) -> Current:
    _write(routers(name) / CURRENT, wanted)
    return wanted


def _write(path: Path, value: Trial | Current) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(msgspec.json.format(msgspec.json.encode(value)) + b"\n")
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
