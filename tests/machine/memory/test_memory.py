"""Compute buffers were measured with ``llama-fit-params`` of llama.cpp at commit 0c1e57098."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from homeward.errors import ConfigError
from homeward.machine.estimate import How, Use
from homeward.machine.memory.memory import HEADROOM, compute, compute_basis, memory, overhead
from homeward.machine.shapes import Shapes
from tests.machine.samples import (
    DEEPSEEK_V3,
    GEMMA_27B,
    GPT_OSS_20B,
    LLAMA_8B,
    MIB,
    MODELS,
    QWEN3_30B,
    QWEN35_9B,
    weights,
)


@pytest.mark.parametrize(
    ("shapes", "use", "measured"),
    [
        (LLAMA_8B, Use(context=8192), 266),
        (LLAMA_8B, Use(context=131072), 266),
        (LLAMA_8B, Use(context=8192, flash_attention=False), 572),
        (LLAMA_8B, Use(context=8192, ubatch=2048), 1066),
        (LLAMA_8B, Use(context=8192, kv="q8_0"), 274),
        (QWEN3_30B, Use(context=8192, flash_attention=False), 558),
        (GEMMA_27B, Use(context=8192, parallel=4), 533),
        (GPT_OSS_20B, Use(context=8192, kv="q8_0"), 412),
        (GPT_OSS_20B, Use(context=8192, flash_attention=False), 1078),
        (DEEPSEEK_V3, Use(context=8192), 416),
        (DEEPSEEK_V3, Use(context=8192, flash_attention=False), 2472),
        (QWEN35_9B, Use(context=8192), 509),
    ],
)
def test_the_compute_buffer_is_near_llama_cpps(shapes: Shapes, use: Use, measured: int) -> None:
    assert compute(shapes, use) / MIB == pytest.approx(measured, rel=0.05)


def test_a_long_mask_outgrows_the_logits() -> None:
    """70 billion parameters at 131,072 tokens: 0.35 GiB where 8,192 tokens take 0.28."""
    large = replace(LLAMA_8B, layers=80, hidden=8192, heads=64, ffn=28672)
    assert compute(large, Use(context=131072)) / MIB == pytest.approx(360, abs=5)


@given(
    shapes=st.sampled_from(MODELS),
    context=st.integers(1, 200_000),
    flash_attention=st.booleans(),
)
def test_its_band_holds_it(shapes: Shapes, context: int, *, flash_attention: bool) -> None:
    use = Use(context=context, flash_attention=flash_attention)
    basis = compute_basis(shapes, use)
    assert basis.low is not None
    assert basis.high is not None
    assert 0 < basis.low <= compute(shapes, use) <= basis.high


@given(
    st.sampled_from(MODELS),
    st.integers(1, 200_000),
    st.integers(1, 100_000),
    st.sampled_from(["f16", "q8_0", "q4_0"]),
)
def test_more_context_never_needs_less(shapes: Shapes, context: int, more: int, kv: str) -> None:
    short = memory(shapes, weights(), Use(context=context, kv=kv))
    long = memory(shapes, weights(), Use(context=context + more, kv=kv))
    assert short.total <= long.total


@given(st.sampled_from(MODELS), st.integers(1, 200_000))
def test_a_smaller_cache_needs_less_in_all(shapes: Shapes, context: int) -> None:
    totals = [
        memory(shapes, weights(), Use(context=context, kv=kv)).total
        for kv in ("q4_0", "q8_0", "f16")
    ]
    assert totals == sorted(set(totals))


def test_every_number_says_how_it_came_to_be() -> None:
    needed = memory(LLAMA_8B, weights(), Use(context=8192))
    assert set(needed.basis) == {"weights", "kv", "compute", "projector", "overhead"}
    assert needed.basis["kv"].how is How.SHAPES
    assert needed.basis["overhead"].how is How.ASSUMED
    assert needed.kv == sum(needed.kv_layers)


def test_a_projector_brings_room_to_work_in() -> None:
    needed = memory(GEMMA_27B, weights(), Use(context=256), projector=800 * MIB)
    assert needed.projector == 800 * MIB + HEADROOM
    assert memory(GEMMA_27B, weights(), Use(context=256)).projector == 0


@pytest.mark.parametrize(
    ("vendor", "size"), [("nvidia", 457), ("amd", 457), ("apple", 512), ("other", 457)]
)
def test_each_driver_takes_its_own(vendor: str, size: int) -> None:
    assert overhead(vendor) == size * MIB


def test_a_process_without_a_gpu_takes_little() -> None:
    assert overhead(None) < overhead("nvidia")


def test_the_number_of_parameters_may_come_with_the_weights() -> None:
    unknown = Shapes(name="new")
    known = replace(weights(), parameters=8_000_000_000)
    assert memory(unknown, known, Use(context=8192)).kv > 0
    with pytest.raises(ConfigError, match="too little is known of new"):
        memory(unknown, weights(), Use(context=8192))
