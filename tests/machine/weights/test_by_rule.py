"""Sizes that ``llama-quantize --dry-run`` gives (llama.cpp 0c1e57098), in MiB, over the shapes."""

from collections import Counter

import pytest
from msgspec.structs import replace

from homeward import ggml
from homeward.machine.shapes import Shapes
from homeward.machine.weights.by_rule import complete, types
from homeward.machine.weights.quants import DYNAMIC, QUANTS
from homeward.machine.weights.weigh import weigh
from tests.machine.weights.models import (
    ALL,
    DEEPSEEK_LITE,
    DEEPSEEK_V3,
    GEMMA_4B,
    GPT_OSS_20B,
    LLAMA_3B,
    LLAMA_8B,
    LLAMA_70B,
    MIXTRAL,
    QWEN3_30B,
)


def kinds(shapes: Shapes, quant: str) -> dict[str, str]:
    return {tensor.name: kind for tensor, kind in types(shapes, quant)}


@pytest.mark.parametrize(
    ("shapes", "quant", "size"),
    [
        (LLAMA_8B, "Q4_K_M", 4685.30),
        (LLAMA_8B, "IQ2_M", 2804.23),
        (LLAMA_3B, "Q2_K", 1293.28),  # tied
        (LLAMA_70B, "Q3_K_M", 32672.53),  # as a 70B, with better values
        (GEMMA_4B, "IQ3_XXS", 1661.95),  # two query heads to a key
    ],
)
def test_sizes_are_those_of_llama_quantize(shapes: Shapes, quant: str, size: float) -> None:
    assert weigh(shapes, quant).total / 2**20 == pytest.approx(size, abs=0.006)


@pytest.mark.parametrize(
    ("shapes", "quant", "size"),
    [
        (DEEPSEEK_LITE, "Q4_K_M", 9877.34),  # experts whose rows need another type
        (DEEPSEEK_LITE, "MXFP4_MOE", 8596.76),
        (DEEPSEEK_V3, "IQ1_S", 127339.75),
        (QWEN3_30B, "IQ3_M", 12857.37),
    ],
)
def test_sizes_with_experts_are_too(shapes: Shapes, quant: str, size: float) -> None:
    """Measured over files whose routers had 16 bits; the converter gives them 32."""
    routers = (shapes.layers - shapes.dense_layers) * shapes.hidden * shapes.experts
    assert (weigh(shapes, quant).total - 2 * routers) / 2**20 == pytest.approx(size, abs=0.006)


def test_a_publisher_s_gpt_oss_is_as_big_as_its_file() -> None:
    assert round(weigh(GPT_OSS_20B, "mxfp4").total / 2**30, 2) == 11.27  # llama-bench


@pytest.mark.parametrize("quant", [quant for quant in QUANTS if quant not in DYNAMIC])
@pytest.mark.parametrize("shapes", ALL)
def test_layers_added_up_once_are_all_tensors(shapes: Shapes, quant: str) -> None:
    each = sum(ggml.size(tensor.shape, kind) for tensor, kind in types(shapes, quant))
    assert weigh(shapes, quant).total == each


def test_norms_stay_as_they_are() -> None:
    assert kinds(LLAMA_8B, "Q4_K_M")["blk.0.attn_norm.weight"] == "F32"


def test_the_router_stays_as_it_is() -> None:
    assert kinds(QWEN3_30B, "Q2_K")["blk.0.ffn_gate_inp.weight"] == "F32"


def test_half_of_q4_k_m_s_down_projections_have_six_bits() -> None:
    found = kinds(LLAMA_8B, "Q4_K_M")
    down = Counter(kind for name, kind in found.items() if "ffn_down" in name)
    assert down == {"Q4_K": 16, "Q6_K": 16}


def test_a_model_of_eight_experts_has_values_of_eight_bits() -> None:
    assert kinds(MIXTRAL, "Q4_K_M")["blk.9.attn_v.weight"] == "Q8_0"


def test_rows_that_do_not_divide_get_a_type_with_smaller_blocks() -> None:
    assert kinds(DEEPSEEK_LITE, "Q4_K_S")["blk.20.ffn_down_exps.weight"] == "Q5_0"


def test_rows_that_divide_by_nothing_stay_at_16_bits() -> None:
    shapes = replace(LLAMA_3B, ffn=1000)
    assert kinds(shapes, "Q4_0")["blk.0.ffn_down.weight"] == "F16"


def test_a_tied_embedding_is_as_fine_as_an_output() -> None:
    assert kinds(LLAMA_3B, "Q4_K_M")["token_embd.weight"] == "Q6_K"
    assert kinds(LLAMA_8B, "Q4_K_M")["token_embd.weight"] == "Q4_K"


def test_q4_k_l_has_tables_of_eight_bits() -> None:
    found = kinds(LLAMA_8B, "Q4_K_L")
    assert (found["output.weight"], found["token_embd.weight"]) == ("Q8_0", "Q8_0")
    assert found["blk.0.ffn_up.weight"] == "Q4_K"


@pytest.mark.parametrize("missing", ["layers", "hidden", "vocab", "heads", "kv_heads", "ffn"])
def test_shapes_with_a_gap_are_not_complete(missing: str) -> None:
    assert complete(LLAMA_8B)
    assert not complete(replace(LLAMA_8B, **{missing: 0}))
