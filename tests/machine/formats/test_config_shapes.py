"""Shapes from config.json files of transformers, family by family.

The fields are as the publishers' own files have them on huggingface.co; numbers are shortened
where they do not matter.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.errors import ConfigError
from homeward.machine.catalogue import find
from homeward.machine.formats.config_shapes import shapes_of_config
from homeward.machine.shapes import Recurrent, Shapes


def shapes(model_type: str, layers: int = 8, **fields: Any) -> Shapes:
    usual = {"hidden_size": 1024, "num_attention_heads": 16, "num_hidden_layers": layers}
    return shapes_of_config({"model_type": model_type} | usual | fields)


def test_llama_3_1_8b() -> None:
    found = shapes_of_config(
        {
            "architectures": ["LlamaForCausalLM"],
            "hidden_size": 4096,
            "intermediate_size": 14336,
            "max_position_embeddings": 131072,
            "model_type": "llama",
            "num_attention_heads": 32,
            "num_hidden_layers": 32,
            "num_key_value_heads": 8,
            "tie_word_embeddings": False,
            "torch_dtype": "bfloat16",
            "vocab_size": 128256,
        }
    )
    known = find("Llama-3.1-8B").shapes
    for field in Shapes.__struct_fields__:
        if field not in ("name", "parameters"):
            assert getattr(found, field) == getattr(known, field)


def test_what_a_model_that_sees_says_of_its_language_model_is_read() -> None:
    # google/gemma-3-4b-it leaves out what is transformers' default
    found = shapes_of_config(
        {
            "model_type": "gemma3",
            "text_config": {
                "hidden_size": 2560,
                "intermediate_size": 10240,
                "model_type": "gemma3_text",
                "num_hidden_layers": 34,
                "sliding_window": 1024,
            },
            "vision_config": {"hidden_size": 1152, "num_hidden_layers": 27},
        }
    )
    known = find("Gemma-3-4B").shapes
    for field in ("layers", "hidden", "vocab", "heads", "kv_heads", "head_dim", "ffn", "tied"):
        assert getattr(found, field) == getattr(known, field)
    assert (found.pattern, found.window) == ("WWWWWF", 1024)


def test_deepseek_v3() -> None:
    found = shapes(
        "deepseek_v3",
        61,
        kv_lora_rank=512,
        q_lora_rank=1536,
        qk_rope_head_dim=64,
        qk_nope_head_dim=128,
        v_head_dim=128,
        n_routed_experts=256,
        n_shared_experts=1,
        num_experts_per_tok=8,
        moe_intermediate_size=2048,
        first_k_dense_replace=3,
        moe_layer_freq=1,
    )
    assert (found.architecture, found.kv_lora_rank, found.rope_dim) == ("deepseek2", 512, 64)
    assert (found.nope_dim, found.value_dim, found.q_lora_rank) == (128, 128, 1536)
    assert (found.experts, found.experts_used, found.expert_ffn) == (256, 8, 2048)
    assert (found.shared_expert_ffn, found.dense_layers, found.expert_every) == (2048, 3, 1)


@pytest.mark.parametrize(
    ("model_type", "fields", "pattern", "window"),
    [
        ("mistral", {"sliding_window": 4096}, "F", 0),
        ("qwen2", {"sliding_window": 4096, "use_sliding_window": False}, "F", 0),
        ("gemma2", {}, "WF", 4096),
        ("gemma3_text", {"sliding_window": 512, "sliding_window_pattern": 4}, "WWWF", 512),
        ("gpt_oss", {"layer_types": ["sliding_attention", "full_attention"] * 4}, "WF", 128),
        ("cohere2", {"sliding_window": 4096, "sliding_window_pattern": 4}, "WWWF", 4096),
        ("exaone4", {"sliding_window": 4096, "sliding_window_pattern": "LLLG"}, "WWWF", 4096),
        ("exaone4", {"sliding_window": None, "layer_types": ["full_attention"] * 8}, "F", 0),
        ("llama4_text", {}, "WWWF", 8192),
        ("afmoe", {"sliding_window": 2048, "global_attn_every_n_layers": 4}, "WWWF", 2048),
        ("qwen3_next", {}, "RRRF", 0),
        ("qwen3_5_text", {"full_attention_interval": 4}, "RRRF", 0),
        ("lfm2", {"full_attn_idxs": [2, 5, 7]}, "RRFRRFRF", 0),
        ("lfm2_moe", {"layer_types": ["conv", "conv", "full_attention", "conv"] * 2}, "RRFR", 0),
        ("granitemoehybrid", {"layer_types": ["mamba", "attention"] * 4}, "RF", 0),
        ("nemotron_h", {"hybrid_override_pattern": "M-M*M-M*"}, "R-RF", 0),
        ("nemotron_h", {"layers_block_type": ["mamba", "moe", "attention", "moe"] * 2}, "R-F-", 0),
        ("jamba", {"attn_layer_period": 8, "attn_layer_offset": 4}, "RRRRFRRR", 0),
        ("kimi_linear", {"linear_attn_config": {"full_attn_layers": [4, 8]}}, "RRRF", 0),
        ("minimax", {"attn_type_list": [0, 0, 0, 1] * 2}, "RRRF", 0),
        ("falcon_h1", {}, "B", 0),
        ("mamba2", {}, "R", 0),
    ],
)
def test_the_kind_of_each_layer(
    model_type: str, fields: dict[str, Any], pattern: str, window: int
) -> None:
    layers = 64 if fields.get("sliding_window_pattern") == "LLLG" else 8
    found = shapes(model_type, layers, **fields)
    assert ("".join(found.kinds), found.window) == (pattern * (layers // len(pattern)), window)


@pytest.mark.parametrize(
    ("model_type", "fields", "state"),
    [
        (
            "qwen3_next",
            {
                "linear_conv_kernel_dim": 4,
                "linear_key_head_dim": 128,
                "linear_num_key_heads": 16,
                "linear_num_value_heads": 32,
                "linear_value_head_dim": 128,
            },
            Recurrent(conv=4, inner=4096, state=128, groups=16, heads=32),
        ),
        (
            "falcon_h1",
            {
                "mamba_d_ssm": 1536,
                "mamba_d_head": 64,
                "mamba_n_heads": 24,
                "mamba_d_state": 256,
                "mamba_n_groups": 1,
                "mamba_d_conv": 4,
            },
            Recurrent(conv=4, inner=1536, state=256, groups=1, heads=24),
        ),
        (
            "nemotron_h",
            {
                "hybrid_override_pattern": "M*M*M*M*",
                "mamba_num_heads": 128,
                "mamba_head_dim": 80,
                "ssm_state_size": 128,
                "n_groups": 8,
                "conv_kernel": 4,
            },
            Recurrent(conv=4, inner=10240, state=128, groups=8, heads=128),
        ),
        (
            "mamba",
            {"state_size": 16, "conv_kernel": 4, "expand": 2, "time_step_rank": 64},
            Recurrent(conv=4, inner=2048, state=16, groups=0, heads=64),
        ),
        ("lfm2", {"conv_L_cache": 3, "full_attn_idxs": [2]}, Recurrent(conv=3, inner=1024)),
        (
            "kimi_linear",
            {
                "linear_attn_config": {
                    "full_attn_layers": [4],
                    "head_dim": 128,
                    "num_heads": 32,
                    "short_conv_kernel_size": 4,
                }
            },
            Recurrent(conv=4, inner=4096, state=128, groups=32, heads=32),
        ),
    ],
)
def test_the_state_of_recurrent_layers(
    model_type: str, fields: dict[str, Any], state: Recurrent
) -> None:
    assert shapes(model_type, **fields).recurrent == state


def test_gemma_4_has_other_heads_where_attention_is_full() -> None:
    found = shapes(
        "gemma4_text",
        head_dim=256,
        num_key_value_heads=8,
        global_head_dim=512,
        num_global_key_value_heads=4,
        num_kv_shared_layers=2,
        hidden_size_per_layer_input=256,
        enable_moe_block=False,
        num_experts=128,
        sliding_window=512,
    )
    assert (found.head_dim, found.full_head_dim) == (256, 512)
    assert (found.kv_heads, found.full_kv_heads) == (8, 4)
    assert (found.shared_kv_layers, found.per_layer, found.experts) == (2, 256, 0)


def test_mixtral_says_the_width_of_experts_as_of_any_layer() -> None:
    found = shapes("mixtral", num_local_experts=8, num_experts_per_tok=2, intermediate_size=14336)
    assert (found.architecture, found.experts, found.expert_ffn) == ("llama", 8, 14336)


def test_llama_4_maverick_has_experts_in_every_second_layer() -> None:
    found = shapes(
        "llama4_text",
        num_local_experts=128,
        num_experts_per_tok=1,
        intermediate_size=8192,
        intermediate_size_mlp=16384,
        interleave_moe_layer_step=2,
    )
    assert (found.expert_ffn, found.ffn, found.shared_expert_ffn) == (8192, 16384, 8192)
    assert [found.has_experts(layer) for layer in range(4)] == [False, True, False, True]


def test_lfm2_adjusts_its_width() -> None:
    # LiquidAI/LFM2-1.2B: 12,288 becomes 8,192
    found = shapes(
        "lfm2",
        block_ff_dim=12288,
        block_auto_adjust_ff_dim=True,
        block_ffn_dim_multiplier=1.0,
        block_multiple_of=256,
    )
    assert found.ffn == 8192


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"model_type": "clip"}, "does not say num_hidden_layers"),
        ({"hidden_size": 8, "num_hidden_layers": 2, "vocab_size": -1}, "vocab_size is -1"),
        (
            {"hidden_size": 8, "num_hidden_layers": 3, "layer_types": ["full_attention"]},
            "layer_types has 1 entries for 3 layers",
        ),
    ],
)
def test_what_cannot_be_is_named(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        shapes_of_config(config)


FIELDS = st.sampled_from(
    [
        *("head_dim", "num_key_value_heads", "num_experts", "layer_types", "sliding_window"),
        *("linear_attn_config", "text_config", "kv_lora_rank", "model_type", "attn_layer_period"),
        *("full_attn_idxs", "intermediate_size", "mamba_d_head", "conv_kernel", "state_size"),
    ]
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 99) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(FIELDS, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(FIELDS, ANY))
def test_any_config_is_read_or_refused(said: dict[str, Any]) -> None:
    try:
        found = shapes_of_config({"hidden_size": 8, "num_hidden_layers": 8} | said)
    except ConfigError:
        return
    assert len(found.kinds) == found.layers


@pytest.mark.parametrize("field", ["full_attention_interval", "sliding_window_pattern"])
@pytest.mark.parametrize("kind", ["gemma3_text", "qwen3_next"])
def test_a_period_longer_than_the_model_is_no_longer_than_it(kind: str, field: str) -> None:
    said = {"model_type": kind, "num_hidden_layers": 4, "hidden_size": 8, "sliding_window": 512}
    assert len(shapes_of_config(said | {field: 2**39}).pattern) <= 4


def test_layers_of_a_kind_that_is_no_text_are_passed_over() -> None:
    said = {"num_hidden_layers": 1, "hidden_size": 8, "layer_types": [["full_attention"]]}
    assert shapes_of_config(said).pattern == "F"
