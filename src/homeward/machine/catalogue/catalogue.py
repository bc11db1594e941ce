"""The rows of the catalogue as it is shipped, read once, when they are asked for."""

from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

from homeward.machine.catalogue.entry import Entry

T = TypeVar("T")

FOLDER = Path(__file__).parent


@cache
def entries() -> tuple[Entry, ...]:
    """All models, in the order of the file: by family, as they were written down."""
    return read("models.json", tuple[Entry, ...])


def read(name: str, kind: type[T]) -> T:
    """A file of the catalogue, as a ``kind``."""
    return msgspec.json.decode((FOLDER / name).read_bytes(), type=kind)
