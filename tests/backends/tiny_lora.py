"""Writes a LoRA for the model of `tiny_gguf`, byte for byte the same each time.

As convert_lora_to_gguf.py of llama.cpp writes it: ``general.type`` adapter, ``adapter.lora.alpha``,
and for a weight of i rows of o numbers ``.lora_a`` (i, rank) and ``.lora_b`` (rank, o).
"""

import random
import struct
from array import array
from pathlib import Path

from tests.backends.tiny_gguf import WIDTH

RANK = 2
FLOAT32, STRING = 6, 8


def write(path: Path) -> Path:
    dice = random.Random(1)
    names = (b"blk.0.attn_q.weight", b"blk.0.attn_output.weight")
    tensors: list[tuple[bytes, tuple[int, int]]] = []
    for name in names:
        tensors += [(name + b".lora_a", (WIDTH, RANK)), (name + b".lora_b", (RANK, WIDTH))]
    words = {b"general.type": b"adapter", b"general.architecture": b"llama"}
    words[b"adapter.type"] = b"lora"
    entries = [_text(key) + struct.pack("<I", STRING) + _text(word) for key, word in words.items()]
    entries.append(_text(b"adapter.lora.alpha") + struct.pack("<If", FLOAT32, 64.0))
    table, data = b"", b""
    for name, shape in tensors:
        table += _text(name) + struct.pack("<I2QIQ", 2, *shape, 0, len(data))
        data += array("f", (dice.gauss(0, 1) for _ in range(shape[0] * shape[1]))).tobytes()
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries)) + b"".join(entries)
    header += table
    path.write_bytes(header + bytes(-len(header) % 32) + data)
    return path


def _text(raw: bytes) -> bytes:
    return struct.pack("<Q", len(raw)) + raw
