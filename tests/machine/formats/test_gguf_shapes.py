"""Shapes from GGUF metadata and tensors, family by family."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from homeward.errors import ConfigError
from homeward.machine.catalogue import entries
from homeward.machine.formats.gguf_shapes import Row, shapes_of
from homeward.machine.shapes import Layer, Recurrent, Shapes
from homeward.machine.weights.by_rule import complete
from homeward.machine.weights.tensors import tensors


def told(architecture: str, layers: int = 4, **fields: Any) -> dict[str, Any]:
    """Metadata; two underscores stand for a dot."""
    usual = {"block_count": layers, "embedding_length": 64, "attention__head_count": 8}
    return {"general.architecture": architecture} | {
        f"{architecture}.{key.replace('__', '.')}": value for key, value in (usual | fields).items()
    }


def shapes(architecture: str, layers: int = 4, **fields: Any) -> Shapes:
    return shapes_of(told(architecture, layers, **fields))


def as_gguf(known: Shapes) -> tuple[dict[str, Any], Sequence[Row]]:
    """What llama.cpp's converter writes of a model."""
    fields: dict[str, Any] = {
        "context_length": known.context,
        "embedding_length": known.hidden,
        "attention__head_count": known.heads,
        "attention__head_count_kv": [
            (known.kv_heads_at(layer) or 1) if kind in "FWB" else 0
            for layer, kind in enumerate(known.kinds)
        ],
        "attention__key_length": known.full_head_dim or known.head_dim,
        "attention__value_length": known.value_dim or known.full_head_dim or known.head_dim,
        "attention__shared_kv_layers": known.shared_kv_layers,
        "feed_forward_length": known.ffn,
        "embedding_length_per_layer_input": known.per_layer,
        "expert_count": known.experts,
        "expert_used_count": known.experts_used,
        "expert_feed_forward_length": known.expert_ffn,
        "moe_latent_size": known.expert_hidden,
        "interleave_moe_layer_step": known.expert_every,
        "leading_dense_block_count": known.dense_layers,
    }
    if known.window:
        fields["attention__sliding_window"] = known.window
        fields["attention__sliding_window_pattern"] = [kind == "W" for kind in known.kinds]
        fields["attention__key_length_swa"] = known.head_dim
    if known.kv_lora_rank:
        fields |= {
            "attention__kv_lora_rank": known.kv_lora_rank,
            "attention__q_lora_rank": known.q_lora_rank,
            "attention__key_length_mla": known.nope_dim + known.rope_dim,
            "attention__value_length_mla": known.value_dim,
            "rope__dimension_count": known.rope_dim,
        }
    if state := known.recurrent:
        fields |= {
            "ssm__conv_kernel": state.conv,
            "ssm__inner_size": state.inner,
            "ssm__state_size": state.state,
            "ssm__group_count": state.groups,
            "ssm__time_step_rank": state.heads,
        }
        if not state.state:
            fields["shortconv__l_cache"] = state.conv
        if known.architecture == "kimi-linear":
            fields["kda__head_dim"] = state.state
    rows = [(each.name, each.shape, "F16") for each in tensors(known)]
    return told(known.architecture, known.layers, **fields), rows


WHOLE = [entry.shapes for entry in entries() if complete(entry.shapes)]
READ = [field for field in Shapes.__struct_fields__ if field not in ("name", "active_parameters")]


@pytest.mark.parametrize("known", WHOLE, ids=lambda known: known.name)
def test_every_model_of_the_catalogue_is_read_back(known: Shapes) -> None:
    found = shapes_of(*as_gguf(known))
    count = sum(prod(each.shape) for each in tensors(known))
    wanted = structs.replace(known, parameters=count)
    if known.kv_lora_rank:  # what is said of heads is of the compressed cache
        wanted = structs.replace(wanted, kv_heads=0, head_dim=0)
    assert list(found.kinds) == list(known.kinds)
    different = {
        field: (getattr(found, field), getattr(wanted, field))
        for field in READ
        if field != "pattern" and getattr(found, field) != getattr(wanted, field)
    }
    assert different == {}


@pytest.mark.parametrize(
    ("architecture", "layers", "fields", "pattern"),
    [
        # llama.cpp's src/models: the period that holds where the file says none
        ("gemma2", 4, {}, "WF"),
        ("gemma3", 12, {"attention__sliding_window": 1024}, "WWWWWF"),
        ("gemma3", 12, {}, "F"),
        ("gemma3n", 10, {"attention__sliding_window": 512}, "WWWWF"),
        ("gpt-oss", 4, {"attention__sliding_window": 128}, "WF"),
        ("gptoss", 4, {"attention__sliding_window": 128}, "WF"),
        ("cohere2", 8, {"attention__sliding_window": 4096}, "WWWF"),
        ("llama4", 8, {}, "WWWF"),
        ("llama4", 8, {"attention__sliding_window": 0}, "F"),
        ("olmo2", 8, {"attention__sliding_window": 4096}, "WWWF"),
        ("olmo2", 8, {}, "F"),
        ("exaone4", 64, {}, "WWWF"),
        ("exaone4", 30, {"attention__sliding_window": 4096}, "F"),
        ("smallthinker", 8, {}, "FWWW"),
        ("phi3", 4, {"attention__sliding_window": 2047}, "F"),
        ("qwen2", 4, {"attention__sliding_window": 4096}, "F"),
        (
            "gemma3",
            4,
            {"attention__sliding_window": 512, "attention__sliding_window_pattern": 2},
            "WF",
        ),
        (
            "somebody-new",
            3,
            {
                "attention__sliding_window": 512,
                "attention__sliding_window_pattern": [True, False, True],
            },
            "WF",
        ),
        ("qwen35", 8, {"ssm__inner_size": 64}, "RRRF"),
        ("qwen3next", 8, {"ssm__inner_size": 64, "full_attention_interval": 2}, "RF"),
        ("mamba", 4, {"ssm__inner_size": 64}, "R"),
        ("falcon-h1", 4, {"ssm__inner_size": 64}, "B"),
        ("granitehybrid", 3, {"attention__head_count_kv": [0, 0, 4], "ssm__inner_size": 64}, "RRF"),
        ("lfm2", 3, {"attention__head_count_kv": [0, 0, 4], "shortconv__l_cache": 3}, "RRF"),
        (
            "nemotron_h",
            3,
            {
                "attention__head_count_kv": [0, 4, 0],
                "feed_forward_length": [0, 0, 256],
                "ssm__inner_size": 64,
            },
            "RF-",
        ),
        ("deci", 3, {"attention__head_count_kv": [8, 0, 8]}, "F-"),
    ],
)
def test_the_kind_of_each_layer(
    architecture: str, layers: int, fields: Mapping[str, Any], pattern: str
) -> None:
    assert shapes(architecture, layers, **fields).pattern == pattern


def test_tensors_tell_recurrent_layers_where_a_short_answer_leaves_arrays_out() -> None:
    rows = [
        ("blk.0.ssm_in.weight", (64, 64), "F16"),
        ("blk.1.attn_k.weight", (64, 64), "F16"),
        ("blk.2.ffn_up.weight", (64, 64), "F16"),
    ]
    said = told("nemotron_h", 3, attention__head_count_kv=None, ssm__inner_size=64)
    assert shapes_of(said, rows).pattern == "RF-"


def test_gemma_4_has_other_heads_where_attention_is_full() -> None:
    found = shapes(
        "gemma4",
        4,
        attention__head_count_kv=[4, 4, 4, 1],
        attention__key_length=512,
        attention__key_length_swa=256,
        attention__sliding_window=1024,
        attention__sliding_window_pattern=[True, True, True, False],
        attention__shared_kv_layers=2,
    )
    assert (found.head_dim, found.full_head_dim) == (256, 512)
    assert (found.kv_heads, found.full_kv_heads) == (4, 1)
    assert found.shared_kv_layers == 2


def test_kv_heads_that_differ_without_rule_are_one_for_each_layer() -> None:
    assert shapes("deci", 3, attention__head_count_kv=[8, 4, 2]).kv_heads == (8, 4, 2)


def test_latent_attention_needs_the_uncompressed_lengths() -> None:
    said = {
        "attention__kv_lora_rank": 512,
        "attention__key_length": 192,
        "attention__value_length": 128,
        "rope__dimension_count": 64,
    }
    old = shapes("deepseek2", **said)
    assert (old.kv_lora_rank, old.head_dim, old.value_dim, old.kv_heads) == (0, 192, 128, 8)
    mla = {"attention__key_length_mla": 192, "attention__value_length_mla": 128}
    new = shapes("deepseek2", **said, **mla)
    assert (new.kv_lora_rank, new.rope_dim, new.nope_dim, new.value_dim) == (512, 64, 128, 128)


def test_layers_that_predict_several_tokens_are_not_counted() -> None:
    assert shapes("glm4moe", 47, nextn_predict_layers=1).layers == 46


def test_mamba_1_has_no_groups() -> None:
    found = shapes("mamba", ssm__conv_kernel=4, ssm__inner_size=128, ssm__state_size=16)
    assert found.recurrent == Recurrent(conv=4, inner=128, state=16, groups=0)


def test_mixtral_says_the_width_of_experts_as_of_any_layer() -> None:
    found = shapes("llama", expert_count=8, expert_used_count=2, feed_forward_length=14336)
    assert (found.experts, found.experts_used, found.expert_ffn) == (8, 2, 14336)


def test_shared_experts_are_told_by_their_tensor() -> None:
    rows = [
        ("blk.0.ffn_up.weight", (64, 128), "F16"),
        ("blk.1.ffn_up_exps.weight", (64, 32, 8), "F16"),
        ("blk.1.ffn_up_shexp.weight", (64, 96), "F16"),
    ]
    said = told("deepseek2", expert_count=8, expert_shared_count=2, expert_feed_forward_length=32)
    found = shapes_of(said, rows)
    assert (found.dense_layers, found.expert_ffn, found.shared_expert_ffn) == (1, 32, 96)


def test_the_vocabulary_is_that_of_the_embedding_else_of_the_tokens() -> None:
    rows = [("token_embd.weight", (64, 1000), "F16")]
    said = told("llama") | {"tokenizer.ggml.tokens": ["a"] * 990}
    assert shapes_of(said, rows).vocab == 1000
    assert shapes_of(said).vocab == 990


def test_without_an_output_the_embedding_is_it() -> None:
    rows = [("token_embd.weight", (64, 1000), "F16")]
    assert shapes_of(told("llama"), rows).tied
    assert not shapes_of(told("llama"), [*rows, ("output.weight", (64, 1000), "F16")]).tied


def test_what_sees_in_the_same_file_is_not_counted() -> None:
    rows = [("token_embd.weight", (64, 10), "F16"), ("v.blk.0.attn_q.weight", (64, 64), "F16")]
    assert shapes_of(told("gemma3"), rows).parameters == 640


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "architecture 'unknown'"),
        (told("clip", block_count=0), "no projector"),
        (told("llama", block_count=1 << 31), "cannot be"),
        (told("llama", 3, attention__head_count_kv=[1, 2]), "has 2 numbers for 3 layers"),
    ],
)
def test_what_is_no_language_model_is_refused(said: Mapping[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        shapes_of(said)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 70),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.integers(-1, 9), max_size=8),
)
KEYS = st.sampled_from(
    [key for known in WHOLE for key in as_gguf(known)[0]] or ["general.architecture"]
)


@given(st.dictionaries(KEYS, VALUES), st.sampled_from([entry.architecture for entry in WHOLE]))
def test_any_metadata_is_read_or_refused(said: Mapping[str, Any], architecture: str) -> None:
    whole = {**told(architecture), **said, "general.architecture": architecture}
    try:
        found = shapes_of(whole)
    except ConfigError:
        return
    assert len(found.kinds) == found.layers
    assert all(isinstance(kind, Layer) for kind in found.kinds)


@pytest.mark.parametrize("number", [2**63, 2**64 - 1])
@pytest.mark.parametrize(
    "field", ["attention__sliding_window_pattern", "feed_forward_length", "context_length"]
)
def test_numbers_that_cannot_be_are_refused(field: str, number: int) -> None:
    with pytest.raises(ConfigError, match="cannot be"):
        shapes("llama4", **{field: number})


def test_a_period_longer_than_the_model_is_no_longer_than_it() -> None:
    found = shapes(
        "llama4", attention__sliding_window=8192, attention__sliding_window_pattern=2**31
    )
    assert found.kinds == (Layer.WINDOW,) * 4


@pytest.mark.parametrize("shape", [(2**63, 64), (2**20,) * 3, (-1, 64), (1,) * 5])
def test_tensors_that_cannot_be_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="cannot be that large"):
        shapes_of(told("llama"), [("blk.0.attn_q.weight", shape, "type 77")])
