"""Writes a GGUF file of tensors of 32 bits that lie in another file.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (version 3, little-endian).
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, BinaryIO

from homeward.backends.gguf import ARRAY, STRING

UINT32, INT32, FLOAT32, BOOL = 4, 5, 6, 7
F32 = 0
ALIGNMENT = 32
CHUNK = 1 << 20  # bytes that are copied at a time


@dataclass(frozen=True)
class Tensor:
    """``shape`` has the dimension first that lies closest together; ``at`` is in bytes."""

    name: str
    shape: tuple[int, ...]
    source: BinaryIO
    at: int

    @property
    def size(self) -> int:
        return 4 * prod(self.shape)


def write(file: BinaryIO, metadata: Mapping[str, Any], tensors: Sequence[Tensor]) -> None:
    """Values are texts, counts, fractions, booleans, or lists of texts or of small integers.

    ValueError where a tensor is not whole.
    """
    file.write(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata)))
    for key, value in metadata.items():
        file.write(_text(key) + _typed(value))
    offset = 0
    for tensor in tensors:
        file.write(_text(tensor.name))
        file.write(struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape))
        file.write(struct.pack("<IQ", F32, offset))
        offset += tensor.size + -tensor.size % ALIGNMENT
    for tensor in tensors:
        file.write(bytes(-file.tell() % ALIGNMENT))
        _copy(tensor, file)


def _copy(tensor: Tensor, file: BinaryIO) -> None:
    tensor.source.seek(tensor.at)
    left = tensor.size
    while left:
        data = tensor.source.read(min(left, CHUNK))
        if not data:
            raise ValueError(f"{tensor.name} is cut short")
        file.write(data)
        left -= len(data)


def _typed(value: Any) -> bytes:
    match value:
        case str():
            return struct.pack("<I", STRING) + _text(value)
        case bool():
            return struct.pack("<I?", BOOL, value)
        case int():
            return struct.pack("<II", UINT32, value)
        case float():
            return struct.pack("<If", FLOAT32, value)
    if isinstance(value[0], str):
        return struct.pack("<IIQ", ARRAY, STRING, len(value)) + b"".join(map(_text, value))
    return struct.pack(f"<IIQ{len(value)}i", ARRAY, INT32, len(value), *value)


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw
