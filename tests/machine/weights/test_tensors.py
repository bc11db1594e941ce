import pytest
from msgspec.structs import replace

from homeward.machine.shapes import Shapes
from homeward.machine.weights.tensors import tensors
from tests.machine.weights.models import (
    ALL,
    DEEPSEEK_LITE,
    DEEPSEEK_V3,
    FALCON_H1,
    GEMMA_3N_E4B,
    GEMMA_4_26B,
    GEMMA_4B,
    GPT_OSS_20B,
    LLAMA_3B,
    LLAMA_8B,
    NEMOTRON_9B,
    PUBLISHED,
    QWEN3_NEXT,
)


def names(shapes: Shapes, layer: int) -> set[str]:
    return {each.name.split(".", 2)[2] for each in tensors(shapes) if each.layer == layer}


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_as_many_as_published(name: str) -> None:
    shapes, published = PUBLISHED[name]
    assert sum(each.numbers for each in tensors(shapes)) == published


@pytest.mark.parametrize(
    ("shapes", "published"),
    [(GEMMA_4_26B, 25.2e9), (GEMMA_3N_E4B, 6.87e9), (FALCON_H1, 7.586e9), (QWEN3_NEXT, 79.7e9)],
)
def test_parameters_are_as_many_as_rounded_ones_say(shapes: Shapes, published: float) -> None:
    assert sum(each.numbers for each in tensors(shapes)) == pytest.approx(published, rel=2e-3)


@pytest.mark.parametrize("shapes", ALL)
def test_no_name_comes_twice(shapes: Shapes) -> None:
    found = [each.name for each in tensors(shapes)]
    assert len(found) == len(set(found))


def test_shapes_are_innermost_first() -> None:
    found = {each.name: each.shape for each in tensors(LLAMA_8B)}
    assert found["blk.0.ffn_down.weight"] == (14336, 4096)


def test_a_tied_model_has_no_output() -> None:
    assert "output.weight" not in {each.name for each in tensors(LLAMA_3B)}


def test_gemma_has_norms_after_both_parts() -> None:
    assert {"post_attention_norm.weight", "post_ffw_norm.weight"} <= names(GEMMA_4B, 0)


def test_gpt_oss_has_sinks_and_biases() -> None:
    assert {"attn_sinks.weight", "attn_q.bias", "ffn_down_exps.bias"} <= names(GPT_OSS_20B, 0)


def test_the_first_layer_of_deepseek_is_dense() -> None:
    assert "ffn_down.weight" in names(DEEPSEEK_LITE, 0)
    assert "ffn_down_exps.weight" in names(DEEPSEEK_LITE, 1)


def test_deepseek_v3_compresses_queries() -> None:
    assert "attn_q_b.weight" in names(DEEPSEEK_V3, 0)
    assert "attn_q.weight" in names(DEEPSEEK_LITE, 0)


def test_recurrent_layers_have_no_attention_of_their_own() -> None:
    assert "attn_k.weight" not in names(QWEN3_NEXT, 0)
    assert "attn_k.weight" in names(QWEN3_NEXT, 3)


def test_a_layer_of_nemotron_is_one_part() -> None:
    assert names(NEMOTRON_9B, 1) == {"attn_norm.weight", "ffn_up.weight", "ffn_down.weight"}


def test_every_second_layer_of_maverick_has_experts() -> None:
    found = replace(PUBLISHED["Llama-4-Scout"][0], expert_every=2, ffn=16384)
    assert "ffn_up.weight" in names(found, 0)
    assert "ffn_up_exps.weight" in names(found, 1)


def test_widths_may_differ_by_layer() -> None:
    shapes = replace(LLAMA_3B, layers=2, ffn=(1024, 2048), kv_heads=(4, 8))
    found = {each.name: each.shape for each in tensors(shapes)}
    assert found["blk.1.ffn_up.weight"] == (3072, 2048)
    assert found["blk.0.attn_k.weight"] == (3072, 512)
