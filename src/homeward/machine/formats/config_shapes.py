"""Shapes from a model's ``config.json``, as Hugging Face's transformers reads it."""

from collections.abc import Mapping
from typing import Any

from homeward.machine.formats import config_layers
from homeward.machine.formats.config_file import TIED, Config
from homeward.machine.shapes import Layer, Shapes

EXPERTS = ("n_routed_experts", "num_local_experts", "num_experts", "moe_num_experts")
USED = (
    *("num_experts_per_tok", "num_experts_per_token", "experts_per_token", "moe_k", "moe_topk"),
    *("top_k_experts", "num_selected_experts"),
)
FFN = ("intermediate_size", "block_ff_dim", "ffn_hidden_size", "n_inner", "ffn_dim")
SHARED = (
    *("moe_shared_expert_intermediate_size", "shared_expert_intermediate_size"),
    "shared_intermediate_size",
)
SHARED_COUNT = ("n_shared_experts", "num_shared_experts", "moe_num_shared_experts")
DENSE = ("first_k_dense_replace", "num_dense_layers", "moe_layer_start_index")
EVERY = (
    *("interleave_moe_layer_step", "expert_layer_period", "decoder_sparse_step"),
    *("moe_layer_interval", "moe_layer_freq"),
)


def shapes_of_config(said: Mapping[str, Any]) -> Shapes:
    """ConfigError where it is no language model's, or contradicts itself."""
    config = Config(said)
    pattern = config_layers.pattern(config)
    some = Shapes(layers=config.layers, pattern=pattern)
    stateful = bool({Layer.RECURRENT, Layer.BOTH} & set(some.kinds))
    tied = config.get("tie_word_embeddings", "tie_embeddings")
    name = said.get("_name_or_path")
    experts = _experts(config)
    architecture = config.architecture
    if architecture == "nemotron_h" and experts:
        architecture = "nemotron_h_moe"
    return Shapes(
        name=name if isinstance(name, str) else "",
        architecture=architecture,
        context=config.number("max_position_embeddings", "n_positions", "seq_length"),
        layers=config.layers,
        hidden=config.hidden,
        vocab=config.number("vocab_size"),
        heads=config.heads,
        ffn=_ffn(config, dense=not experts),
        tied=bool(tied) if tied is not None else architecture in TIED,
        per_layer=config.number("hidden_size_per_layer_input"),
        pattern=pattern,
        window=config_layers.window(config) if Layer.WINDOW in some.kinds else 0,
        shared_kv_layers=config.number("num_kv_shared_layers"),
        recurrent=config_layers.recurrent(config) if stateful else None,
        **(_latent(config) or _heads(config)),
        **experts,
    )


def _latent(config: Config) -> dict[str, int]:
    rank = config.number("kv_lora_rank")
    if not rank:
        return {}
    return {
        "kv_lora_rank": rank,
        "q_lora_rank": config.number("q_lora_rank"),
        "rope_dim": config.number("qk_rope_head_dim"),
        "nope_dim": config.number("qk_nope_head_dim"),
        "value_dim": config.number("v_head_dim"),
    }


def _heads(config: Config) -> dict[str, Any]:
    heads = config.heads
    head = config.number("head_dim", "attention_head_dim", "kv_channels")
    head = head or (config.hidden // heads if heads else 0)
    listed = config.numbers("num_key_value_heads")
    kv_heads = config.number(
        "num_key_value_heads", "num_kv_heads", "n_head_kv", "multi_query_group_num"
    )
    if not kv_heads:
        kv_heads = 1 if config.get("multi_query") is True else heads
    wide = config.number("global_head_dim")
    full = config.number("num_global_key_value_heads")
    return {
        "head_dim": head,
        "kv_heads": tuple(listed) if len(set(listed)) > 1 else kv_heads,
        "full_head_dim": 0 if wide == head else wide,
        "full_kv_heads": 0 if full == kv_heads else full,
    }


def _ffn(config: Config, *, dense: bool) -> int | tuple[int, ...]:
    if config.architecture == "llama4":
        return config.number("intermediate_size_mlp", "intermediate_size")
    if config.architecture == "granitehybrid" and dense:
        return config.number("shared_intermediate_size", *FFN)
    listed = config.numbers("intermediate_size")
    if len(set(listed)) > 1:
        return tuple(listed)
    wide = config.number(*FFN)
    if config.architecture == "lfm2" and config.get("block_auto_adjust_ff_dim"):
        return _adjusted(config, wide)
    return wide


def _adjusted(config: Config, wide: int) -> int:
    """LFM2's: two thirds, times a factor, up to a multiple."""
    wide, factor = 2 * wide // 3, config.get("block_ffn_dim_multiplier")
    if isinstance(factor, int | float) and 0 < factor < 100:
        wide = int(factor * wide)
    multiple = config.number("block_multiple_of") or 1
    return -(-wide // multiple) * multiple


def _experts(config: Config) -> dict[str, int]:
    experts = config.number(*EXPERTS)
    if experts < 2 or config.get("enable_moe_block") is False:
        return {}
    wide = config.number("moe_intermediate_size", "expert_ffn_hidden_size", "intermediate_size")
    shared = config.number(*SHARED) or wide * config.number(*SHARED_COUNT)
    if config.architecture == "llama4":
        shared = wide
    return {
        "experts": experts,
        "experts_used": config.number(*USED),
        "expert_ffn": wide,
        "expert_hidden": config.number("moe_latent_size"),
        "shared_expert_ffn": shared,
        "dense_layers": config.number(*DENSE),
        "expert_every": max(config.number(*EVERY), 1),
    }
