import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from homeward.machine.estimate import Basis, How, Use, Weights
from homeward.machine.memory.longest import fits, longest, remedies
from homeward.machine.shapes import Shapes
from homeward.machine.subject import Subject
from homeward.machine.weights.weigh import weigh
from tests.machine.samples import GEMMA_27B, LLAMA_8B, MODELS, QWEN3_30B, gpu, machine


def subject(shapes: Shapes, quant: str) -> Subject:
    basis = Basis(how=How.GIVEN, source="a test")
    weights = weigh(shapes, quant)
    return Subject(name="it", quant=quant, shapes=shapes, weights=weights, basis=basis)


LLAMA_Q4 = subject(LLAMA_8B, "Q4_K_M")
USE = Use(context=8192)


@settings(deadline=None)
@given(
    st.sampled_from(MODELS),
    st.floats(1, 80),
    st.floats(1, 128),
    st.sampled_from(["gpu", "ram", "split"]),
    st.sampled_from([1, 3, 4]),
)
def test_it_fits_and_one_step_more_does_not(
    shapes: Shapes, vram: float, ram: float, where: str, parallel: int
) -> None:
    model, hardware = subject(shapes, "Q4_K_M"), machine(gpu(vram), ram=ram)
    use = Use(context=1, parallel=parallel)
    found = longest(model, use, hardware, where)
    step, most = 256 * parallel, shapes.context * parallel
    assert found == most or found % step == 0
    if found:
        assert fits(model, replace(use, context=found), hardware, where)
    if found < most:
        longer = replace(use, context=min(found + step, most))
        assert not fits(model, longer, hardware, where)


def test_it_is_no_longer_than_what_the_model_was_trained_for() -> None:
    assert longest(LLAMA_Q4, USE, machine(gpu(80)), "gpu") == 131072


def test_the_training_counts_for_each_slot() -> None:
    use = replace(USE, parallel=2)
    assert longest(LLAMA_Q4, use, machine(gpu(80)), "gpu") == 2 * 131072


def test_where_the_weights_have_no_room_there_is_none() -> None:
    assert longest(LLAMA_Q4, USE, machine(gpu(4)), "gpu") == 0


def test_a_smaller_cache_makes_it_longer() -> None:
    hardware = machine(gpu(8))
    usual = longest(LLAMA_Q4, USE, hardware, "gpu")
    assert longest(LLAMA_Q4, replace(USE, kv="q8_0"), hardware, "gpu") > 1.5 * usual


def test_an_unknown_place_is_any() -> None:
    hardware = machine(gpu(4), ram=64)
    assert longest(LLAMA_Q4, USE, hardware, "") == 131072


def _weigh_llama(quant: str) -> Weights:
    return weigh(LLAMA_8B, quant)


def test_everything_that_would_help_is_told() -> None:
    use = Use(context=131072)
    told = remedies(LLAMA_Q4, use, machine(gpu(14)), where="gpu", weigh=_weigh_llama)
    assert told == (
        "leave a part of it in main memory: that fits, and is slower",
        "keep the cache in a smaller type: --kv q8_0",
        "ask for a shorter context: 73,472 tokens fit (--context 73472)",
    )


def test_what_it_says_of_the_context_fits() -> None:
    hardware = machine(gpu(14))
    assert fits(LLAMA_Q4, Use(context=73472), hardware, "gpu")
    assert not fits(LLAMA_Q4, Use(context=73472 + 256), hardware, "gpu")


def test_a_smaller_quantisation_is_the_largest_that_fits() -> None:
    told = remedies(subject(LLAMA_8B, "F16"), USE, machine(ram=12), weigh=_weigh_llama)
    assert told == ("take a smaller quantisation: --quant Q8_0 (7.9 GiB)",)


def test_what_is_loaded_can_be_unloaded() -> None:
    told = remedies(LLAMA_Q4, USE, machine(ram=32, free=4))
    assert told[0].startswith("unload what else is loaded")


def test_slots_cost_windows() -> None:
    use = Use(context=16384, parallel=4)
    told = remedies(subject(GEMMA_27B, "Q4_K_M"), use, machine(gpu(20)), where="gpu")
    assert "serve one at a time instead of 4: --parallel 1" in told


@pytest.mark.parametrize("ram", [8, 16])
def test_where_nothing_helps_it_says_what_is_missing(ram: float) -> None:
    told = remedies(subject(QWEN3_30B, "Q8_0"), USE, machine(ram=ram))
    assert len(told) == 1
    assert "too small for the weights alone" in told[0]
