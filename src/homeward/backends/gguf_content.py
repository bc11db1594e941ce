"""All that a GGUF file says before its weights: metadata, and every tensor's name, shape and type.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little-endian).
The file comes from a stranger: every length in it is checked against what is left of the file. It
is read from its beginning, no further than the header goes, so that it may lie far away.
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

from msgspec import Struct

from homeward.backends.gguf_reader import (
    Foreign,
    Read,
    Reader,
    Truncated,
    human,
)
from homeward.backends.shelf import SHARD
from homeward.errors import BadModelFile
from homeward.ggml import FILE_TYPES, TENSORS

MOST_ENTRIES = 1 << 16  # metadata entries, tensors
STEP = 1 << 20  # bytes that are read from a disk at a time
MEND = "download or copy it again"


class TensorInfo(Struct, frozen=True):
    """``shape`` has the dimension first that lies closest together, ``offset`` is in bytes.

    ``kind`` is ggml's name of the type, or ``type 77`` for one that is newer than this program.
    """

    name: str
    shape: tuple[int, ...]
    kind: str
    offset: int  # from the beginning of the data
    length: int  # bytes; 0 for an unknown type

    @property
    def count(self) -> int:
        return prod(self.shape)


class Content(Struct, frozen=True):
    """``metadata`` has numbers, texts (cut at 4 KiB), tuples of numbers, and `Long`.

    ``size`` is that of the file, or of all files of a split model together.
    """

    metadata: Mapping[str, Any]
    tensors: tuple[TensorInfo, ...]
    size: int

    @property
    def architecture(self) -> str:
        return text(self.metadata, "general.architecture") or ""

    @property
    def quantization(self) -> str:
        """The mix that the file says it is, else its commonest type; empty without tensors."""
        commonest = Counter[str]()
        for tensor in self.tensors:
            commonest[tensor.kind] += tensor.length
        said = FILE_TYPES.get(integer(self.metadata, "general.file_type") or 0)
        return said or (commonest.most_common(1)[0][0] if commonest else "")

    @property
    def rows(self) -> list[tuple[str, tuple[int, ...], str]]:
        """Name, shape and type of each tensor, as `homeward.machine` takes them."""
        return [(each.name, each.shape, each.kind) for each in self.tensors]


def read_file(path: Path, *, mend: str = MEND) -> Content:
    """Of one file that is whole; `BadModelFile` for any other, with ``mend`` as the advice."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return read_from(lambda least: file.read(max(least, STEP)), size, str(path), mend=mend)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BadModelFile(f"{path} cannot be read ({reason}): name a .gguf file") from None


def read_model(path: Path, *, mend: str = MEND) -> Content:
    """Of a model, whichever of its files is named: the tensors of all, the first's metadata."""
    match = SHARD.search(path.stem)
    if match is None:
        return read_file(path, mend=mend)
    count = int(match[2])
    if not 1 <= int(match[1]) <= count <= MOST_ENTRIES:
        raise BadModelFile(f"{path} says that it is file {match[1]} of {match[2]}: {mend}")
    stem = path.stem[: match.start()]
    names = [f"{stem}-{each:05}-of-{count:05}{path.suffix}" for each in range(1, count + 1)]
    return together([read_file(path.with_name(name), mend=mend) for name in names])


def together(parts: list[Content]) -> Content:
    """A split model, from the contents of its files in their order."""
    tensors = tuple(tensor for part in parts for tensor in part.tensors)
    return Content(parts[0].metadata, tensors, sum(part.size for part in parts))


def read_from(read: Read, size: int, name: str, *, mend: str = MEND) -> Content:
    """Of a file of ``size`` bytes that ``read`` gives piece by piece. BadModelFile."""
    with _told(name, mend):
        return _read(Reader(read, size))


@contextmanager
def _told(name: str, mend: str) -> Iterator[None]:
    try:
        yield
    except Truncated as error:
        raise BadModelFile(f"{name} is truncated: {error}; {mend}") from None
    except Foreign as error:
        raise BadModelFile(f"{name} is no model file that can be used: {error}; {mend}") from None


def _read(reader: Reader) -> Content:
    if reader.size == 0:
        raise Foreign("it is empty")
    if reader.size < 4 or reader.numbers("4s")[0] != b"GGUF":
        raise Foreign("it does not begin with GGUF")
    version, tensors, entries = reader.numbers("IQQ")
    if version not in (2, 3):
        raise Foreign(f"GGUF version {version} is not 2 or 3 (big-endian files are not read)")
    if tensors > MOST_ENTRIES or entries > MOST_ENTRIES:
        raise Foreign(f"it announces {entries} metadata entries and {tensors} tensors")
    said: dict[str, Any] = {}
    for _ in range(entries):
        key = reader.string()
        said[key] = reader.value(reader.numbers("I")[0])
    found = tuple(_tensor(reader) for _ in range(tensors))
    _complete(reader, found, integer(said, "general.alignment") or 32)
    if not text(said, "general.architecture") and not integer(said, "split.count"):
        raise Foreign("it does not say its architecture")
    return Content(said, found, reader.size)


def _tensor(reader: Reader) -> TensorInfo:
    name = reader.string()
    (dimensions,) = reader.numbers("I")
    if dimensions > 4:
        raise Foreign(f"it has a tensor of {dimensions} dimensions")
    shape = reader.numbers(f"{dimensions}Q")
    number, offset = reader.numbers("IQ")
    kind, weights, size = TENSORS.get(number, (f"type {number}", 1, 0))
    return TensorInfo(name, shape, kind, offset, -(-prod(shape) // weights) * size)


def _complete(reader: Reader, tensors: tuple[TensorInfo, ...], alignment: int) -> None:
    if alignment & (alignment - 1) or alignment < 1 or alignment > 1 << 20:
        raise Foreign(f"its alignment is {alignment}")
    begin = -(-reader.at // alignment) * alignment
    needed = max((begin + each.offset + each.length for each in tensors), default=0)
    if needed > reader.size:
        raise Truncated(f"{human(reader.size)} of {human(needed)} are there")


def integer(said: Mapping[str, Any], key: str) -> int | None:
    """A count; None where there is none."""
    value = said.get(key)
    return value if type(value) is int and value > 0 else None  # a bool is no count


def text(said: Mapping[str, Any], key: str) -> str | None:
    value = said.get(key)
    return value if isinstance(value, str) else None
