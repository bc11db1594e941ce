"""Writes GGUF headers with the shapes of real models and no weights: the file ends with holes."""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from homeward import ggml

NUMBERS = {name: number for number, (name, _, _) in ggml.TENSORS.items()}
Row = tuple[str, Sequence[int], str]


def header(metadata: Mapping[str, Any], rows: Sequence[Row]) -> tuple[bytes, int]:
    """The header, and the size of the file that it begins."""
    out = bytearray(b"GGUF" + struct.pack("<IQQ", 3, len(rows), len(metadata)))
    for key, value in metadata.items():
        out += _text(key) + _typed(value)
    offset = 0
    for name, shape, kind in rows:
        out += _text(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        out += struct.pack("<IQ", NUMBERS[kind], offset)
        size = ggml.size(shape, kind)
        offset += size + -size % 32
    out += bytes(-len(out) % 32)
    return bytes(out), len(out) + offset


def write(path: Path, metadata: Mapping[str, Any], rows: Sequence[Row]) -> Path:
    head, size = header(metadata, rows)
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size)
    return path


def _typed(value: Any) -> bytes:
    match value:
        case str():
            return struct.pack("<I", 8) + _text(value)
        case bool():
            return struct.pack("<I?", 7, value)
        case int():
            return struct.pack("<II", 4, value)
        case float():
            return struct.pack("<If", 6, value)
    if value and isinstance(value[0], str):
        return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(_text, value))
    if value and isinstance(value[0], bool):
        return struct.pack(f"<IIQ{len(value)}?", 9, 7, len(value), *value)
    return struct.pack(f"<IIQ{len(value)}i", 9, 5, len(value), *value)


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw
