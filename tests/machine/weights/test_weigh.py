import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from homeward.errors import ConfigError
from homeward.machine.catalogue import entries
from homeward.machine.estimate import How, Weights
from homeward.machine.formats.gguf_shapes import shapes_of
from homeward.machine.shapes import Shapes
from homeward.machine.weights.by_rule import types
from homeward.machine.weights.quants import QUANTS
from homeward.machine.weights.tensors import Tensor
from homeward.machine.weights.weigh import Row, of_size, of_tensors, projector, weigh
from tests.machine.weights.models import (
    ALL,
    DEEPSEEK_V3,
    GEMMA_4B,
    GPT_OSS_20B,
    LLAMA_3B,
    LLAMA_8B,
    LLAMA_70B,
    QWEN3_30B,
)


def rows(shapes: Shapes, quant: str) -> list[Row]:
    return [(tensor.name, tensor.shape, kind) for tensor, kind in types(shapes, quant)]


def parts(weights: Weights) -> int:
    """Of a model without tables of its own for each layer."""
    again = weights.embedding if weights.tied else 0
    return weights.embedding + weights.on_device - again


def test_exact_shapes_need_no_band() -> None:
    basis = weigh(LLAMA_8B, "Q4_K_M").basis
    assert (basis.how, basis.low, basis.high) == (How.SHAPES, None, None)


def test_a_tied_model_has_its_table_on_the_device_too() -> None:
    weights = weigh(LLAMA_3B, "Q8_0")
    assert weights.embedding < weights.output < 1.001 * weights.embedding
    assert weights.total == parts(weights)


def test_a_token_of_a_dense_model_reads_all_but_the_embedding() -> None:
    weights = weigh(LLAMA_8B, "Q4_K_M")
    assert weights.active == weights.total - weights.embedding


def test_a_token_reads_k_of_n_experts() -> None:
    weights = weigh(QWEN3_30B, "F16")
    experts = sum(layer.experts for layer in weights.layers)
    assert weights.on_device - weights.active == experts - experts * 8 // 128


@pytest.mark.parametrize(
    ("shapes", "published"),
    [(GPT_OSS_20B, 3.6e9), (DEEPSEEK_V3, 37e9), (QWEN3_30B, 3.0e9)],
)
def test_active_parameters_are_as_published(shapes: Shapes, published: float) -> None:
    assert weigh(shapes, "F16").active_parameters == pytest.approx(published, rel=0.03)


def test_an_unknown_architecture_has_a_band() -> None:
    known, unknown = weigh(LLAMA_8B, "Q4_0"), weigh(replace(LLAMA_8B, architecture="x"), "Q4_0")
    assert unknown.total == known.total
    assert unknown.basis.low is not None
    assert unknown.basis.high is not None
    assert "x is not known" in unknown.basis.source


def test_what_the_general_form_misses_is_taken_from_the_published_number() -> None:
    shapes = replace(LLAMA_8B, architecture="x", parameters=8_400_000_000)
    assert weigh(shapes, "F16").total == pytest.approx(2 * 8.4e9, rel=1e-3)


@pytest.mark.parametrize(
    "shapes", [LLAMA_3B, LLAMA_8B, LLAMA_70B, GEMMA_4B, QWEN3_30B, DEEPSEEK_V3]
)
def test_the_number_of_parameters_and_the_sort_suffice_within_six_percent(shapes: Shapes) -> None:
    whole = weigh(shapes, "Q4_K_M")
    active = whole.active_parameters if shapes.experts else 0
    sort = Shapes(
        parameters=whole.parameters, architecture=shapes.architecture, active_parameters=active
    )
    assert weigh(sort, "Q4_K_M").total == pytest.approx(whole.total, rel=0.06)


def test_without_shapes_there_is_a_band() -> None:
    basis = weigh(Shapes(parameters=8_030_261_248), "Q4_K_M").basis
    assert basis.how is How.PARAMETERS
    assert basis.low is not None
    assert basis.high is not None
    assert basis.low < weigh(LLAMA_8B, "Q4_K_M").total < basis.high


@given(
    st.integers(10**6, 2 * 10**12), st.sampled_from(QUANTS), st.sampled_from(["", "llama", "x moe"])
)
def test_an_estimate_is_inside_its_band(number: int, quant: str, architecture: str) -> None:
    weights = weigh(Shapes(parameters=number, architecture=architecture), quant)
    assert weights.basis.low is not None
    assert weights.basis.high is not None
    assert weights.basis.low <= weights.total <= weights.basis.high
    assert weights.total == parts(weights)
    assert 0 < weights.active <= weights.on_device


def test_nothing_known_is_said() -> None:
    with pytest.raises(ConfigError, match="nor the number of parameters of Nova are known: name"):
        weigh(Shapes(name="Nova"), "Q4_K_M")


def test_dynamic_quantisations_have_a_band() -> None:
    basis = weigh(LLAMA_8B, "UD-Q4_K_XL").basis
    assert basis.low is not None
    assert basis.high is not None
    assert basis.low < weigh(LLAMA_8B, "Q4_K_M").total < basis.high


@pytest.mark.parametrize("shapes", ALL)
def test_a_file_s_own_list_is_weighed_as_the_rules_would(shapes: Shapes) -> None:
    ours = weigh(shapes, "Q4_K_M")
    found = of_tensors(shapes, rows(shapes, "Q4_K_M"), "Q4_K_M", "a.gguf")
    assert found == replace(ours, basis=found.basis)


def test_a_file_is_the_basis_of_its_own_list() -> None:
    found = of_tensors(LLAMA_8B, rows(LLAMA_8B, "Q8_0"), "Q8_0", "a.gguf")
    assert (found.basis.how, found.basis.source) == (How.FILE, "a.gguf")


def test_experts_that_lie_one_by_one_are_experts() -> None:
    listed = [("blk.0.ffn_up.7.weight", (256, 256), "Q8_0")]
    (layer,) = of_tensors(Shapes(layers=1), listed, "Q8_0", "old.gguf").layers
    assert layer.experts == 256 * 272
    assert layer.dense == 0


def test_a_layer_that_predicts_several_tokens_is_left_out() -> None:
    extra: list[Row] = [
        ("blk.32.nextn.eh_proj.weight", (8192, 4096), "Q8_0"),
        ("blk.32.attn_q.weight", (4096, 4096), "Q8_0"),
    ]
    listed = rows(LLAMA_8B, "Q8_0")
    found = of_tensors(LLAMA_8B, [*listed, *extra], "Q8_0", "a.gguf")
    assert found == of_tensors(LLAMA_8B, listed, "Q8_0", "a.gguf")


def test_what_sees_is_weighed_by_itself() -> None:
    eye: Row = ("v.blk.0.attn_q.weight", (1024, 1024), "F16")
    listed = rows(LLAMA_8B, "Q8_0")
    found = of_tensors(LLAMA_8B, [*listed, eye], "Q8_0", "a.gguf")
    assert found.total == weigh(LLAMA_8B, "Q8_0").total
    assert projector([*listed, eye]) == 2 * 2**20


def test_a_type_that_is_not_known_is_said() -> None:
    with pytest.raises(ConfigError, match="has the type type 99, which this version"):
        of_tensors(LLAMA_8B, [("output.weight", (8,), "type 99")], "Q8_0", "a.gguf")


@given(st.integers(10**6, 10**12), st.sampled_from(QUANTS), st.sampled_from(range(len(ALL))))
def test_a_size_is_spread_to_the_byte(size: int, quant: str, which: int) -> None:
    weights = of_size(ALL[which], quant, size, "manifest")
    assert weights.total == size
    assert (weights.basis.how, weights.basis.source) == (How.MANIFEST, "manifest")
    if not ALL[which].per_layer:
        assert size == parts(weights)


def test_a_size_alone_is_read_for_each_token() -> None:
    weights = of_size(Shapes(name="Nova"), "Q4_K_M", 10**9, "manifest")
    assert (weights.total, weights.active, weights.layers) == (10**9, 10**9, ())


def test_tensors_name_themselves_as_in_the_file() -> None:
    first = next(tensor for tensor, _ in types(LLAMA_8B, "Q8_0"))
    assert first == Tensor("token_embd.weight", (4096, 128256), None)


@pytest.mark.parametrize("quant", ["Q2_K", "Q4_K_M", "Q8_0", "F16", "UD-Q4_K_XL", "MXFP4_MOE"])
def test_every_band_of_the_catalogue_contains_its_number(quant: str) -> None:
    for entry in entries():
        weights = weigh(entry.shapes, quant)
        low, high = weights.basis.low, weights.basis.high
        assert low is None or high is None or low <= weights.total <= high, entry.name


@pytest.mark.parametrize("name", ["v.blk.0.w", "mm.0.w", "a.blk.0.w", "s.blk.0.w", "model.mm.w"])
def test_what_sees_and_hears_is_no_part_of_the_language_model(name: str) -> None:
    rows = [("token_embd.weight", (32, 8), "F16"), (name, (32, 4), "F16")]
    said = {"general.architecture": "llama", "llama.embedding_length": 32, "llama.block_count": 1}
    assert projector(rows) == 32 * 4 * 2
    assert shapes_of(said, rows).parameters == 32 * 8
