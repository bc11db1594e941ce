"""Reads GGUF's values one after the other, from bytes that come piece by piece.

Every length is checked against what is left of the file before anything is read or kept.
"""

import struct
from collections.abc import Callable
from typing import Any, TypeAlias

from msgspec import Struct

Read: TypeAlias = Callable[[int], bytes]
"""The next bytes: at least so many, if there are, and more where that costs nothing."""

SCALARS = ("B", "b", "H", "h", "I", "i", "f", "?", None, None, "Q", "q", "d")
"""Metadata value types by number, in struct's letters; 8 is a string and 9 an array."""
STRING, ARRAY = 8, 9

MOST_ITEMS = 1 << 22  # of an array of strings; the largest vocabularies have 2^18 tokens
MOST_KEPT = 4096  # bytes of a string, numbers of an array that are kept
MOST_NUMBERS = 1 << 18  # of all arrays that are kept: eight times their bytes in memory
MOST_HEADER = 1 << 28  # bytes; the longest, with 2^18 tokens, have 2^24


class Long(Struct, frozen=True):
    """An array that was not kept: of strings, or of very many numbers. It has a length."""

    count: int

    def __len__(self) -> int:
        return self.count


class Foreign(Exception):
    """Not GGUF, or not one that can be right."""


class Truncated(Exception):
    """It ends too early."""


class Reader:
    """What was read so far, and where in it the next value begins. Foreign, Truncated."""

    def __init__(self, read: Read, size: int) -> None:
        self.size = size
        self.at = 0
        self._read = read
        self._there = bytearray()
        self._kept = 0  # numbers of arrays

    def numbers(self, layout: str) -> tuple[Any, ...]:
        begin = self.skip(struct.calcsize("<" + layout))
        return struct.unpack_from("<" + layout, self._there, begin)

    def skip(self, length: int) -> int:
        """Where what is skipped begins; it has been read then."""
        begin, end = self.at, self.at + length
        if end > self.size:
            raise Truncated(f"it ends after {human(self.size)}, within its header")
        if end > MOST_HEADER:
            raise Foreign(f"its header is longer than {human(MOST_HEADER)}")
        while len(self._there) < end:
            piece = self._read(end - len(self._there))
            if not piece:  # the file shrank meanwhile
                raise Truncated(f"it ends after {human(len(self._there))}")
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
                raise Foreign(f"it has an array of {count} strings")
            self._skip_strings(count)
        else:
            letter = _letter(kind)
            if count <= MOST_KEPT and self._kept + count <= MOST_NUMBERS:
                self._kept += count
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
        raise Foreign(f"its metadata has a value of type {kind}")
    return letter


def human(size: float) -> str:
    """Bytes as people say them: ``812 bytes``, ``4.7 GB``."""
    power = 0
    while size >= 999.95 and power < 4:
        size /= 1000
        power += 1
    return f"{size:.1f} {' kMGT'[power]}B" if power else f"{size:.0f} bytes"
