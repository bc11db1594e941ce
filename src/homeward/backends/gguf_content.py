"""All that a GGUF file says before its weights: metadata, and every tensor's name, shape and type.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little-endian).
The file comes from a stranger: every length in it is checked against what is left of the file. It
is read from its beginning, no further than the header goes, so that it may lie far away.
"""

import os
import struct
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

from msgspec import Struct

from homeward.backends.shelf import SHARD
from homeward.errors import BadModelFile
from homeward.ggml import FILE_TYPES, TENSORS

Read: TypeAlias = Callable[[int], bytes]
"""The next bytes: at least so many, if there are, and more where that costs nothing."""

SCALARS = ("B", "b", "H", "h", "I", "i", "f", "?", None, None, "Q", "q", "d")
"""Metadata value types by number, in struct's letters; 8 is a string and 9 an array."""
STRING, ARRAY = 8, 9

MOST_ENTRIES = 1 << 16  # metadata entries, tensors
MOST_ITEMS = 1 << 22  # of an array of strings; the largest vocabularies have 2^18 tokens
MOST_KEPT = 4096  # bytes of a string, numbers of an array that are kept
MOST_HEADER = 1 << 28  # bytes; the longest, with 2^18 tokens, have 2^24
STEP = 1 << 20  # bytes that are read from a disk at a time
MEND = "download or copy it again"


class Long(Struct, frozen=True):
    """An array that was not kept: of strings, or of very many numbers. It has a length."""

    count: int

    def __len__(self) -> int:
        return self.count


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
        return _read(_Reader(read, size))


@contextmanager
def _told(name: str, mend: str) -> Iterator[None]:
    try:
        yield
    except _Truncated as error:
        raise BadModelFile(f"{name} is truncated: {error}; {mend}") from None
    except _Foreign as error:
        raise BadModelFile(f"{name} is no model file that can be used: {error}; {mend}") from None


class _Foreign(Exception):
    """Not GGUF, or not one that can be right."""


class _Truncated(Exception):
    pass


class _Reader:
    """What was read so far, and where in it the next value begins."""

    def __init__(self, read: Read, size: int) -> None:
        self.size = size
        self.at = 0
        self._read = read
        self._there = bytearray()

    def numbers(self, layout: str) -> tuple[Any, ...]:
        begin = self.skip(struct.calcsize("<" + layout))
        return struct.unpack_from("<" + layout, self._there, begin)

    def skip(self, length: int) -> int:
        """Where what is skipped begins; it has been read then."""
        begin, end = self.at, self.at + length
        if end > self.size:
            raise _Truncated(f"it ends after {human(self.size)}, within its header")
        if end > MOST_HEADER:
            raise _Foreign(f"its header is longer than {human(MOST_HEADER)}")
        while len(self._there) < end:
            piece = self._read(end - len(self._there))
            if not piece:  # the file shrank meanwhile
                raise _Truncated(f"it ends after {human(len(self._there))}")
            self._there += piece
        self.at = end
        return begin

    def string(self) -> str:
        """Long ones (chat templates) are cut."""
        (length,) = self.numbers("Q")
        begin = self.skip(length)
        return self._there[begin : begin + min(length, MOST_KEPT)].decode(errors="replace")

    def value(self, kind: int) -> Any:
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            return self._array()
        return self.numbers(_letter(kind))[0]

    def _array(self) -> "tuple[Any, ...] | Long":
        kind, count = self.numbers("IQ")
        if kind == STRING:
            if count > MOST_ITEMS:
                raise _Foreign(f"it has an array of {count} strings")
            self._skip_strings(count)
        else:
            letter = _letter(kind)
            if count <= MOST_KEPT:
                return self.numbers(f"{count}{letter}")
            self.skip(count * struct.calcsize("<" + letter))
        return Long(count)

    def _skip_strings(self, left: int) -> None:
        """A vocabulary has half a million of them, so this does not go through `skip` for each."""
        length_at = struct.Struct("<Q").unpack_from
        while left:
            there, at, last = self._there, self.at, len(self._there) - 8
            while left and at <= last and (end := at + 8 + length_at(there, at)[0]) <= last + 8:
                at = end
                left -= 1
            self.at = at
            if left:  # the next one is not here yet
                self.skip(self.numbers("Q")[0])
                left -= 1


def _letter(kind: int) -> str:
    letter = SCALARS[kind] if kind < len(SCALARS) else None
    if letter is None:  # an array of arrays is allowed, and llama.cpp reads none either
        raise _Foreign(f"its metadata has a value of type {kind}")
    return letter


def _read(reader: _Reader) -> Content:
    if reader.size == 0:
        raise _Foreign("it is empty")
    if reader.size < 4 or reader.numbers("4s")[0] != b"GGUF":
        raise _Foreign("it does not begin with GGUF")
    version, tensors, entries = reader.numbers("IQQ")
    if version not in (2, 3):
        raise _Foreign(f"GGUF version {version} is not 2 or 3 (big-endian files are not read)")
    if tensors > MOST_ENTRIES or entries > MOST_ENTRIES:
        raise _Foreign(f"it announces {entries} metadata entries and {tensors} tensors")
    said: dict[str, Any] = {}
    for _ in range(entries):
        key = reader.string()
        said[key] = reader.value(reader.numbers("I")[0])
    found = tuple(_tensor(reader) for _ in range(tensors))
    _complete(reader, found, integer(said, "general.alignment") or 32)
    if not text(said, "general.architecture") and not integer(said, "split.count"):
        raise _Foreign("it does not say its architecture")
    return Content(said, found, reader.size)


def _tensor(reader: _Reader) -> TensorInfo:
    name = reader.string()
    (dimensions,) = reader.numbers("I")
    if dimensions > 4:
        raise _Foreign(f"it has a tensor of {dimensions} dimensions")
    shape = reader.numbers(f"{dimensions}Q")
    number, offset = reader.numbers("IQ")
    kind, weights, size = TENSORS.get(number, (f"type {number}", 1, 0))
    return TensorInfo(name, shape, kind, offset, -(-prod(shape) // weights) * size)


def _complete(reader: _Reader, tensors: tuple[TensorInfo, ...], alignment: int) -> None:
    if alignment & (alignment - 1) or alignment < 1 or alignment > 1 << 20:
        raise _Foreign(f"its alignment is {alignment}")
    begin = -(-reader.at // alignment) * alignment
    needed = max((begin + each.offset + each.length for each in tensors), default=0)
    if needed > reader.size:
        raise _Truncated(f"{human(reader.size)} of {human(needed)} are there")


def integer(said: Mapping[str, Any], key: str) -> int | None:
    """A count; None where there is none."""
    value = said.get(key)
    return value if type(value) is int and value > 0 else None  # a bool is no count


def text(said: Mapping[str, Any], key: str) -> str | None:
    value = said.get(key)
    return value if isinstance(value, str) else None


def human(size: float) -> str:
    """Bytes as people say them: ``812 bytes``, ``4.7 GB``."""
    power = 0
    while size >= 999.95 and power < 4:
        size /= 1000
        power += 1
    return f"{size:.1f} {' kMGT'[power]}B" if power else f"{size:.0f} bytes"
