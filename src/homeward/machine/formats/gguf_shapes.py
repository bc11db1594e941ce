"""Shapes from what a GGUF file says of itself, or Ollama of its file: metadata and tensors."""

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Any

from homeward.machine.formats import gguf_layers
from homeward.machine.formats.gguf_metadata import Metadata, Row
from homeward.machine.shapes import Layer, Shapes

__all__ = ["Row", "shapes_of"]


def shapes_of(metadata: Mapping[str, Any], tensors: Iterable[Row] = ()) -> Shapes:
    """ConfigError where it is no language model, or contradicts itself.

    ``tensors`` may be missing (older servers do not tell them): what only they say, the vocabulary
    of some and whether one matrix is embedding and output, is then not known.
    """
    said = Metadata(metadata, tensors)
    pattern = gguf_layers.pattern(said)
    some = Shapes(layers=said.layers, pattern=pattern)
    windowed = Layer.WINDOW in some.kinds
    stateful = bool({Layer.RECURRENT, Layer.BOTH} & set(some.kinds))
    return Shapes(
        name=said.text("general.name") or said.text("general.basename"),
        architecture=said.architecture,
        parameters=sum(prod(shape) for name, shape in said.tensors.items() if "rope_" not in name),
        context=said.number("context_length"),
        layers=said.layers,
        hidden=said.hidden,
        vocab=said.vocab,
        heads=said.heads,
        ffn=_alike(said.each("feed_forward_length")),
        tied=bool(said.tensors) and "output.weight" not in said.tensors,
        per_layer=said.number("embedding_length_per_layer_input"),
        pattern=pattern,
        window=gguf_layers.window(said) if windowed else 0,
        shared_kv_layers=_sharing(said),
        recurrent=gguf_layers.recurrent(said) if stateful else None,
        **(_latent(said) or _heads(said, some.kinds)),
        **_experts(said),
    )


def _latent(said: Metadata) -> dict[str, Any]:
    """Multi-head latent attention. What else the file says of heads is of the compressed cache.

    Nothing for files from before llama.cpp had that cache: they do not say the uncompressed
    lengths, and are run with all keys and values of every head.
    """
    rank, rope = said.number("attention.kv_lora_rank"), said.number("rope.dimension_count")
    key = said.number("attention.key_length_mla")
    if not (rank and key > rope > 0):
        return {}
    return {
        "kv_lora_rank": rank,
        "q_lora_rank": said.number("attention.q_lora_rank"),
        "rope_dim": rope,
        "nope_dim": key - rope,
        "value_dim": said.number("attention.value_length_mla"),
    }


def _heads(said: Metadata, kinds: Sequence[Layer]) -> dict[str, Any]:
    key = said.number("attention.key_length")
    key = key or (said.hidden // said.heads if said.heads else 0)
    value = said.number("attention.value_length") or key
    narrow = said.number("attention.key_length_swa")
    wide = bool(narrow) and narrow != key and Layer.WINDOW in kinds
    return {
        "head_dim": narrow if wide else key,
        "full_head_dim": key if wide else 0,
        "value_dim": 0 if value == key else value,
        **_kv_heads(said, kinds),
    }


def _kv_heads(said: Metadata, kinds: Sequence[Layer]) -> dict[str, Any]:
    """One number where layers that have any have the same, or all with full attention have."""
    values = said.each("attention.head_count_kv") or (said.heads,) * said.layers
    if len(held := {value for value in values if value}) < 2:
        return {"kv_heads": max(held, default=0)}
    paired = list(zip(values, kinds, strict=True))
    full = {value for value, kind in paired if kind is Layer.FULL}
    narrow = {value for value, kind in paired if kind is Layer.WINDOW}
    if len(full) == len(narrow) == 1:
        return {"kv_heads": narrow.pop(), "full_kv_heads": full.pop()}
    return {"kv_heads": values}


def _sharing(said: Metadata) -> int:
    """Gemma 3n's files may leave it out: its first 20 layers have a cache of their own."""
    usual = max(said.layers - 20, 0) if said.architecture == "gemma3n" else 0
    return said.number("attention.shared_kv_layers") or usual


def _experts(said: Metadata) -> dict[str, int]:
    experts = said.number("expert_count")
    if not experts:
        return {}
    wide = said.width("ffn_up_exps", "ffn_gate_exps") or said.number("expert_feed_forward_length")
    wide = wide or said.number("feed_forward_length")  # Mixtral's files
    step = max(said.number("interleave_moe_layer_step"), 1)
    lead = said.number("leading_dense_block_count")
    count = said.number("expert_shared_count") or (said.architecture == "llama4")
    shared = said.width("ffn_up_shexp", "ffn_gate_shexp")
    return {
        "experts": experts,
        "experts_used": said.number("expert_used_count"),
        "expert_ffn": wide,
        "expert_hidden": said.number("moe_latent_size"),
        "shared_expert_ffn": shared
        or said.number("expert_shared_feed_forward_length")
        or wide * count,
        "dense_layers": lead if step > 1 else _leading(said, lead),
        "expert_every": step,
    }


def _leading(said: Metadata, told: int) -> int:
    """Layers before the first with experts, if they have a dense part instead (Nemotron-H's do
    not); what the metadata say, where there are no tensors.
    """
    for layer in range(said.layers):
        parts = said.parts(layer)
        if any(part.endswith("_exps") for part in parts):
            return layer if any("ffn_up" in said.parts(at) for at in range(layer)) else 0
    return told


def _alike(values: tuple[int, ...]) -> int | tuple[int, ...]:
    """One number where all are the same."""
    return values if len(set(values)) > 1 else max(values, default=0)
