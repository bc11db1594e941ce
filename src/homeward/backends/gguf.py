"""What model a GGUF file is, in short, and whether all of it is there.

How it is read: `homeward.backends.gguf_content`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from homeward.backends.gguf_content import MEND, integer, read_file, text
from homeward.backends.gguf_reader import ARRAY, STRING, human

__all__ = ["ARRAY", "STRING", "Header", "human", "read_header"]

POOLING = {1: "mean", 2: "cls", 3: "last"}
"""How the vectors of tokens become one; 0 is none, and 4 is for models that rank."""


class Header(Struct, frozen=True):
    """What a GGUF file says of itself. ``context`` is in tokens, ``size`` in bytes."""

    architecture: str
    name: str
    context: int | None  # what the model was trained for
    parameters: int  # in this file; a split model has more of them
    quantization: str
    license: str | None
    chat_template: bool
    size: int
    cache: int  # bytes of 16-bit attention cache for each token; 0 where it is not known
    pooling: str = ""  # how it embeds: mean, cls or last; empty where it was not made to
    causal: bool = True  # whether it can say a next word


def read_header(path: Path, *, mend: str = MEND) -> Header:
    """The header of a complete file; `BadModelFile` for any other, with ``mend`` as the advice."""
    content = read_file(path, mend=mend)
    said, architecture = content.metadata, content.architecture
    return Header(
        architecture=architecture,
        name=text(said, "general.name") or path.stem,
        context=integer(said, f"{architecture}.context_length"),
        parameters=sum(tensor.count for tensor in content.tensors),
        quantization=content.quantization,
        license=text(said, "general.license"),
        chat_template="tokenizer.chat_template" in said,
        size=content.size,
        cache=_cache(said, architecture),
        pooling=POOLING.get(integer(said, f"{architecture}.pooling_type") or 0, ""),
        causal=said.get(f"{architecture}.attention.causal") is not False,
    )


def _cache(said: Mapping[str, Any], architecture: str) -> int:
    """Too high for what keeps less than every key and value of each layer; never too low."""

    def told(key: str) -> int:
        value = said.get(f"{architecture}.{key}")
        most = max(value, default=0) if isinstance(value, tuple) else value
        return most if type(most) is int and most > 0 else 0

    heads = told("attention.head_count")
    width = told("embedding_length") // heads if heads else 0
    key, value = told("attention.key_length") or width, told("attention.value_length") or width
    return told("block_count") * (told("attention.head_count_kv") or heads) * (key + value) * 2
