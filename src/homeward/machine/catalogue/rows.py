"""The catalogue as it is shipped: its rows and its licences, read once, when they are asked for."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from homeward.errors import ConfigError
from homeward.machine.catalogue.entry import Entry, Licence

FOLDER = Path(__file__).parent


@cache
def entries() -> tuple[Entry, ...]:
    """All models, in the order of the file: by family, as they were written down."""
    return _read("models.json", tuple[Entry, ...])


@cache
def _licences() -> dict[str, Licence]:
    return {each.key: each for each in _read("licences.json", tuple[Licence, ...])}


def licences() -> tuple[Licence, ...]:
    return tuple(_licences().values())


def licence(key: str) -> Licence:
    """The licence of a publisher's tag, or of an SPDX identifier; `ConfigError` if unknown."""
    known = _licences()
    wanted = key.strip().lower()
    for found in _called(wanted):
        return found
    from difflib import get_close_matches

    near = get_close_matches(wanted, [*known, *(each.spdx for each in known.values())], 3, 0.5)
    guess = f"; near ones are {', '.join(near)}" if near else f"; there are {', '.join(known)}"
    raise ConfigError(f"the catalogue has no licence {key!r}{guess}")


def _called(wanted: str) -> Iterator[Licence]:
    known = _licences()
    if wanted in known:
        yield known[wanted]
    yield from (each for each in known.values() if each.spdx.lower() == wanted)


def _read(name: str, kind: Any) -> Any:
    return msgspec.json.decode((FOLDER / name).read_bytes(), type=kind)
