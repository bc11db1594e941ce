"""What kind each layer of a ``config.json`` is, and the state of those that are recurrent."""

from typing import Any

from homeward.machine.formats import attention_patterns as patterns
from homeward.machine.formats.config_file import Config
from homeward.machine.shapes import Recurrent

LETTERS = {
    **dict.fromkeys(("full_attention", "attention", "global_attention", "global", "*", "G"), "F"),
    **dict.fromkeys(("sliding_attention", "chunked_attention", "local_attention", "L"), "W"),
    **dict.fromkeys(("linear_attention", "conv", "mamba", "mamba2", "recurrent", "M"), "R"),
    **dict.fromkeys(("mlp", "moe", "-", "E"), "-"),
    "hybrid": "B",
}
"""Kinds of layers, as the fields `LISTS` name them."""

LISTS = ("layer_types", "layers_block_type", "hybrid_override_pattern", "block_types")
WINDOW = ("sliding_window", "attention_chunk_size", "sliding_window_size", "attention_window_size")
PERIOD = ("sliding_window_pattern", "_sliding_window_pattern", "global_attn_every_n_layers")


def window(config: Config) -> int:
    """In tokens; 0 where it has none, or llama.cpp knows of none."""
    if config.get("use_sliding_window") is False:
        return 0
    has = config.architecture in patterns.PERIODS or "W" in _listed(config)
    return config.number(*WINDOW) if has else 0


def pattern(config: Config) -> str:
    """The letters of `homeward.machine.shapes.Layer`."""
    found = _listed(config) or _indexed(config) or _periodic(config)
    if not window(config):
        found = found.replace("W", "F")
    return patterns.shortest(found)


def _listed(config: Config) -> str:
    for name in LISTS:
        kinds = config.each(name)
        if kinds and all(isinstance(kind, str) and kind in LETTERS for kind in kinds):
            return "".join(LETTERS[kind] for kind in kinds)
    return ""


def _indexed(config: Config) -> str:
    """Where the layers with attention are told by their numbers."""
    linear = config.get("linear_attn_config")
    if isinstance(linear, dict) and isinstance(linear.get("full_attn_layers"), list):
        attends: Any = [at - 1 for at in linear["full_attn_layers"] if type(at) is int]  # from 1
    else:
        attends = config.get("full_attn_idxs", "attn_layer_indices")
    if isinstance(attends, list):
        return "".join("F" if layer in attends else "R" for layer in range(config.layers))
    if kinds := config.numbers("attn_type_list"):  # MiniMax
        return "".join("F" if kind else "R" for kind in kinds)
    if period := config.number("attn_layer_period"):  # Jamba
        offset = config.number("attn_layer_offset")
        return "".join("F" if at % period == offset else "R" for at in range(config.layers))
    return ""


def _periodic(config: Config) -> str:
    if config.architecture in patterns.RECURRENT:
        return "R"
    if config.architecture in patterns.SIDE_BY_SIDE:
        return "B"
    usual = patterns.INTERVALS.get(config.architecture, 0)
    if interval := config.number("full_attention_interval") or usual:
        return patterns.every(min(interval, config.layers + 1))[: config.layers]
    period = patterns.windowed(config.architecture, config.layers)
    said = config.get(*PERIOD)
    if isinstance(said, str) and said and all(letter in LETTERS for letter in said):
        return "".join(LETTERS[letter] for letter in said)
    full_first = period.startswith("F")
    if type(said) is int and said > 0 and period != "F":
        length = min(said, config.layers + 1)  # of a longer one no more is drawn out
        return patterns.of_period(length, full_first=full_first)[: config.layers]
    return period


def recurrent(config: Config) -> Recurrent | None:
    """The state of a recurrent layer; None where the fields do not say it."""
    if length := config.number("conv_L_cache"):  # LFM2
        return Recurrent(conv=length, inner=config.hidden)
    if heads := config.within("linear_attn_config", "num_heads"):  # Kimi Linear
        width = config.within("linear_attn_config", "head_dim")
        kernel = config.within("linear_attn_config", "short_conv_kernel_size") or 4
        return Recurrent(conv=kernel, inner=heads * width, state=width, groups=heads, heads=heads)
    if heads := config.number("linear_num_value_heads"):  # gated delta rule
        return Recurrent(
            conv=config.number("linear_conv_kernel_dim") or 4,
            inner=heads * config.number("linear_value_head_dim"),
            state=config.number("linear_key_head_dim"),
            groups=config.number("linear_num_key_heads"),
            heads=heads,
        )
    return _mamba(config)


def _mamba(config: Config) -> Recurrent | None:
    kernel = config.number("mamba_d_conv", "conv_kernel", "d_conv")
    state = config.number("mamba_d_state", "ssm_state_size", "state_size", "d_state")
    if not (kernel and state):
        return None
    heads = config.number("mamba_n_heads", "mamba_num_heads")
    if config.architecture == "mamba2":
        heads = heads or config.number("num_heads")
    wide = config.number("mamba_expand", "expand") or 2
    each = config.number("mamba_d_head", "mamba_head_dim")  # or "auto"
    inner = config.number("mamba_d_ssm") or heads * each or wide * config.hidden
    if not heads:  # Mamba 1, where a step's rank takes their place
        rank = config.number("mamba_dt_rank", "time_step_rank") or -(-config.hidden // 16)
        return Recurrent(conv=kernel, inner=inner, state=state, groups=0, heads=rank)
    groups = config.number("mamba_n_groups", "n_groups", "mamba_ngroups") or 1
    return Recurrent(conv=kernel, inner=inner, state=state, groups=groups, heads=heads)
