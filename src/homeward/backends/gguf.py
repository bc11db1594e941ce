"""Reads the header of a GGUF file: what model it is, and whether all of it is there.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little-endian).
The file comes from a stranger: every length in it is checked against what is left of the file.
"""

import os
import struct
from collections import Counter
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct

from homeward.errors import BadModelFile


class Header(Struct, frozen=True):
    """What a GGUF file says of itself. ``context`` is in tokens, ``size`` in bytes."""

    architecture: str
    name: str
    context: int | None  # what the model was trained for
    parameters: int  # in this file; a split model has more of them
    quantization: str
    license: str | None
    chat_template: bool
    shards: int
    size: int
    cache: int  # bytes of 16-bit attention cache for each token; 0 where it is not known
    pooling: str = ""  # how it embeds: mean, cls or last; empty where it was not made to
    causal: bool = True  # whether it can say a next word


def read_header(path: Path, *, mend: str = "download or copy it again") -> Header:
    """The header of a complete file; `BadModelFile` for any other, with ``mend`` as the advice."""
    try:
        with path.open("rb") as file:
            return _read(_Reader(file, os.fstat(file.fileno()).st_size), path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BadModelFile(f"{path} cannot be read ({reason}): name a .gguf file") from None
    except _Truncated as error:
        raise BadModelFile(f"{path} is truncated: {error}; {mend}") from None
    except _Foreign as error:
        raise BadModelFile(f"{path} is no model file that can be used: {error}; {mend}") from None


class _Foreign(Exception):
    """Not GGUF, or not one that can be right."""


class _Truncated(Exception):
    pass


SCALARS = ("B", "b", "H", "h", "I", "i", "f", "?", None, None, "Q", "q", "d")
"""Metadata value types by number, in struct's letters; 8 is a string and 9 an array."""
STRING, ARRAY = 8, 9

TENSORS = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36),
}
"""ggml's tensor types by number: name, weights in a block, bytes of a block."""

FILE_TYPES = {
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
}
"""``general.file_type`` where the commonest tensor type does not say it all."""

POOLING = {1: "mean", 2: "cls", 3: "last"}
"""How the vectors of tokens become one; 0 is none, and 4 is for models that rank."""

MOST_ENTRIES = 1 << 16  # metadata entries, tensors
MOST_ITEMS = 1 << 22  # of an array of strings; the largest vocabularies have 2^18 tokens
MOST_KEPT = 4096  # bytes of a string that is kept


@dataclass
class _Reader:
    file: BinaryIO
    size: int
    at: int = 0

    def numbers(self, layout: str) -> tuple[Any, ...]:
        length = struct.calcsize("<" + layout)
        return struct.unpack("<" + layout, self.bytes(length))

    def bytes(self, length: int) -> bytes:
        self._reserve(length)
        data = self.file.read(length)
        if len(data) != length:  # the file shrank meanwhile
            raise _Truncated(f"it ends after {human(self.at)}")
        return data

    def string(self) -> str:
        """Long ones (chat templates) are cut at `MOST_KEPT`."""
        (length,) = self.numbers("Q")
        kept = self.bytes(min(length, MOST_KEPT))
        self.skip(length - len(kept))
        return kept.decode(errors="replace")

    def skip(self, length: int) -> None:
        if length:
            self._reserve(length)
            self.file.seek(length, os.SEEK_CUR)

    def _reserve(self, length: int) -> None:
        self.at += length
        if self.at > self.size:
            raise _Truncated(f"it ends after {human(self.size)}, within its header")

    def value(self, kind: int) -> Any:
        """A value; None for an array, of which none is needed."""
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            return self._skip_array()
        return self.numbers(_letter(kind))[0]

    def _skip_array(self) -> None:
        kind, count = self.numbers("IQ")
        if kind != STRING:
            return self.skip(count * struct.calcsize("<" + _letter(kind)))
        if count > MOST_ITEMS:
            raise _Foreign(f"it has an array of {count} strings")
        for _ in range(count):
            self.skip(self.numbers("Q")[0])
        return None


def _letter(kind: int) -> str:
    letter = SCALARS[kind] if kind < len(SCALARS) else None
    if letter is None:  # an array of arrays is allowed, and llama.cpp reads none either
        raise _Foreign(f"its metadata has a value of type {kind}")
    return letter


def _read(reader: _Reader, path: Path) -> Header:
    magic = reader.file.read(4)
    if magic != b"GGUF":
        raise _Foreign("it does not begin with GGUF" if magic else "it is empty")
    reader.at = 4
    version, tensors, entries = reader.numbers("IQQ")
    if version not in (2, 3):
        raise _Foreign(f"GGUF version {version} is not 2 or 3 (big-endian files are not read)")
    if tensors > MOST_ENTRIES or entries > MOST_ENTRIES:
        raise _Foreign(f"it announces {entries} metadata entries and {tensors} tensors")
    said: dict[str, Any] = {}
    for _ in range(entries):
        key = reader.string()
        said[key] = reader.value(reader.numbers("I")[0])
    weights = [_tensor(reader) for _ in range(tensors)]
    _complete(reader, weights, _integer(said, "general.alignment") or 32)

    architecture = _text(said, "general.architecture")
    if not architecture:
        raise _Foreign("it does not say its architecture")
    commonest = Counter[str]()
    for weight in weights:
        commonest[weight.kind] += weight.length
    file_type = _integer(said, "general.file_type")
    return Header(
        architecture=architecture,
        name=_text(said, "general.name") or path.stem,
        context=_integer(said, f"{architecture}.context_length"),
        parameters=sum(weight.count for weight in weights),
        quantization=FILE_TYPES.get(file_type or 0)
        or (commonest.most_common(1)[0][0] if weights else ""),
        license=_text(said, "general.license"),
        chat_template="tokenizer.chat_template" in said,
        shards=_integer(said, "split.count") or 1,
        size=reader.size,
        cache=_cache(said, architecture),
        pooling=POOLING.get(_integer(said, f"{architecture}.pooling_type") or 0, ""),
        causal=said.get(f"{architecture}.attention.causal") is not False,
    )


def _cache(said: dict[str, Any], architecture: str) -> int:
    """Too high for what keeps less than every key and value of each layer; never too low."""

    def told(key: str) -> int:
        return _integer(said, f"{architecture}.{key}") or 0

    heads = told("attention.head_count")
    width = told("embedding_length") // heads if heads else 0
    key, value = told("attention.key_length") or width, told("attention.value_length") or width
    return told("block_count") * (told("attention.head_count_kv") or heads) * (key + value) * 2


@dataclass(frozen=True)
class _Tensor:
    kind: str
    count: int
    offset: int  # from the beginning of the data
    length: int


def _tensor(reader: _Reader) -> _Tensor:
    reader.string()
    (dimensions,) = reader.numbers("I")
    if dimensions > 4:
        raise _Foreign(f"it has a tensor of {dimensions} dimensions")
    shape = reader.numbers(f"{dimensions}Q")
    kind, offset = reader.numbers("IQ")
    name, weights, size = TENSORS.get(kind, (f"type {kind}", 1, 0))  # a newer type: not measured
    count = prod(shape)
    return _Tensor(name, count, offset, -(-count // weights) * size)


def _complete(reader: _Reader, weights: list[_Tensor], alignment: int) -> None:
    if alignment & (alignment - 1) or alignment < 1 or alignment > 1 << 20:
        raise _Foreign(f"its alignment is {alignment}")
    begin = -(-reader.at // alignment) * alignment
    needed = max((begin + weight.offset + weight.length for weight in weights), default=0)
    if needed > reader.size:
        raise _Truncated(f"{human(reader.size)} of {human(needed)} are there")


def _integer(said: dict[str, Any], key: str) -> int | None:
    value = said.get(key)
    return value if type(value) is int and value > 0 else None  # a bool is no count


def _text(said: dict[str, Any], key: str) -> str | None:
    value = said.get(key)
    return value if isinstance(value, str) else None


def human(size: float) -> str:
    """Bytes as people say them: ``812 bytes``, ``4.7 GB``."""
    power = 0
    while size >= 999.95 and power < 4:
        size /= 1000
        power += 1
    return f"{size:.1f} {' kMGT'[power]}B" if power else f"{size:.0f} bytes"
