"""Measured sizes are of ``llama-fit-params``, llama.cpp at commit 0c1e57098."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from homeward.errors import ConfigError
from homeward.machine.estimate import How, Use
from homeward.machine.memory.cache import TYPES, cache, cache_basis
from homeward.machine.shapes import Recurrent, Shapes
from tests.machine.samples import (
    DEEPSEEK_LITE,
    DEEPSEEK_V3,
    GEMMA_12B,
    GEMMA_27B,
    GPT_OSS_20B,
    LLAMA_8B,
    LLAMA_70B,
    MIB,
    MODELS,
    QWEN35_9B,
)

USES = st.builds(
    Use,
    context=st.integers(1, 300_000),
    parallel=st.integers(1, 8),
    ubatch=st.integers(1, 4096),
    unified=st.booleans(),
)


def mib(shapes: Shapes, use: Use) -> float:
    return sum(cache(shapes, use)) / MIB


@pytest.mark.parametrize(
    ("shapes", "use", "measured"),
    [
        (LLAMA_8B, Use(context=8192), 1024),
        (LLAMA_8B, Use(context=8192, kv="q8_0"), 544),
        (LLAMA_8B, Use(context=8192, kv="q4_0"), 288),
        (LLAMA_8B, Use(context=8192, parallel=4), 1024),
        (LLAMA_70B, Use(context=32768, kv="q4_0"), 2880),
        (GEMMA_12B, Use(context=8192, ubatch=2048), 1472),
        (GEMMA_27B, Use(context=8192), 1264),
        (GEMMA_27B, Use(context=8192, parallel=4), 3136),
        (GPT_OSS_20B, Use(context=8192, kv="q8_0"), 111),
        (GPT_OSS_20B, Use(context=8192, parallel=4), 264),
        (DEEPSEEK_V3, Use(context=8192), 549),
        (QWEN35_9B, Use(context=8192), 306),
        (QWEN35_9B, Use(context=8192, parallel=4), 457),
    ],
)
def test_it_is_what_llama_cpp_allocates(shapes: Shapes, use: Use, measured: int) -> None:
    assert mib(shapes, use) == pytest.approx(measured, abs=1)


def test_a_context_is_rounded_up_to_256_cells() -> None:
    assert mib(LLAMA_8B, Use(context=1)) == mib(LLAMA_8B, Use(context=256)) == 32


def test_slots_that_share_a_cache_share_one_window_for_all_of_them() -> None:
    """4 x 128 tokens and a batch of 512 are 1,024 cells in 12 layers, 8,192 in the others."""
    shared = Use(context=8192, parallel=4, unified=True)
    assert mib(GPT_OSS_20B, shared) == 12 * (1024 + 8192) * 2 / 1024


def test_a_batch_is_no_longer_than_the_context() -> None:
    small = replace(GPT_OSS_20B, window=8)
    assert cache(small, Use(context=300))[0] == 512 * 2048


def test_a_window_longer_than_the_context_takes_what_full_attention_takes() -> None:
    full = replace(GEMMA_27B, pattern="F")
    assert cache(GEMMA_27B, Use(context=1024)) == cache(full, Use(context=1024))


def test_layers_without_attention_keep_nothing_of_the_tokens() -> None:
    shapes = replace(QWEN35_9B, pattern="-RRF")
    few, many = cache(shapes, Use(context=256)), cache(shapes, Use(context=131072))
    assert few[0] == many[0] == 0
    assert few[1] == many[1] > 0
    assert few[3] < many[3]


def test_both_kinds_side_by_side_add_up() -> None:
    state = Recurrent(conv=4, inner=1024, state=16)
    both = replace(LLAMA_8B, pattern="B", recurrent=state)
    assert cache(both, Use(context=256))[0] == cache(LLAMA_8B, Use(context=256))[0] + 4 * (
        state.numbers
    )


def test_heads_may_differ_from_layer_to_layer() -> None:
    shapes = replace(LLAMA_8B, kv_heads=(0, 2, *[8] * 30))
    nothing, some, usual, *_ = cache(shapes, Use(context=256))
    assert (nothing, some) == (0, usual // 4)


def test_full_layers_may_have_heads_of_their_own() -> None:
    gemma4 = replace(GEMMA_12B, full_head_dim=512, full_kv_heads=2)
    window, full = cache(gemma4, Use(context=256))[4:6]
    assert (window, full) == (256 * 2 * 8 * 256 * 2, 256 * 2 * 2 * 512 * 2)


def test_layers_that_share_a_cache_have_none_of_their_own() -> None:
    sizes = cache(replace(LLAMA_8B, shared_kv_layers=10), Use(context=256))
    assert sizes[21] > 0
    assert sizes[22:] == (0,) * 10


def test_sparse_attention_keeps_keys_to_pick_by() -> None:
    sparse = replace(DEEPSEEK_V3, architecture="deepseek32")
    assert cache(sparse, Use(context=256))[0] == 256 * (576 + 128) * 2


def test_a_model_that_sees_the_text_at_once_keeps_nothing() -> None:
    assert sum(cache(replace(LLAMA_8B, architecture="nomic-bert"), Use(context=8192))) == 0


@given(st.sampled_from(MODELS), USES, st.integers(1, 100_000), st.sampled_from(TYPES))
def test_more_context_never_takes_less(shapes: Shapes, use: Use, more: int, kv: str) -> None:
    use = replace(use, kv=kv)
    longer = cache(shapes, replace(use, context=use.context + more))
    assert all(a <= b for a, b in zip(cache(shapes, use), longer, strict=True))


@given(st.sampled_from(MODELS), USES)
def test_a_smaller_type_takes_less(shapes: Shapes, use: Use) -> None:
    sizes = [sum(cache(shapes, replace(use, kv=kv))) for kv in ("q4_0", "q8_0", "f16", "f32")]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize(
    ("use", "sentence"),
    [
        (Use(context=0), "context is 0"),
        (Use(context=-1), "context is -1"),
        (Use(context=8, parallel=0), "parallel is 0"),
        (Use(context=8, ubatch=0), "ubatch is 0"),
        (Use(context=8, kv="q6_k"), "no cache of type 'q6_k'; use one of f32, f16"),
        (Use(context=8, kv="q8_0", flash_attention=False), "needs flash attention"),
    ],
)
def test_what_no_runtime_could_do_is_refused(use: Use, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        cache(LLAMA_8B, use)


def test_heads_must_divide_into_the_blocks_of_a_type() -> None:
    phi = replace(LLAMA_8B, head_dim=80)
    assert sum(cache(phi, Use(context=256)))
    with pytest.raises(ConfigError, match="blocks of 32 numbers"):
        cache(phi, Use(context=256, kv="q8_0"))


def test_latent_attention_divides_by_what_it_stores() -> None:
    assert sum(cache(DEEPSEEK_LITE, Use(context=256, kv="q8_0")))
    odd = replace(DEEPSEEK_LITE, rope_dim=80)
    with pytest.raises(ConfigError, match="have 592"):
        cache(odd, Use(context=256, kv="q8_0"))


def test_without_shapes_it_is_a_guess_with_a_band() -> None:
    unknown = Shapes(name="new", parameters=8_000_000_000)
    basis = cache_basis(unknown, Use(context=8192))
    assert basis.how is How.PARAMETERS
    assert basis.low is not None
    assert basis.high is not None
    assert basis.low < mib(LLAMA_8B, Use(context=8192)) * MIB < basis.high


def test_without_anything_it_asks_for_the_shapes() -> None:
    with pytest.raises(ConfigError, match="--arch"):
        cache(Shapes(name="new"), Use(context=8192))


def test_more_slots_than_llama_cpp_has_are_refused() -> None:
    """``LLAMA_MAX_SEQ`` in ``llama-cparams.h``; each of more slots would have no cell at all."""
    assert sum(cache(LLAMA_8B, Use(context=256, parallel=256))) > 0
    with pytest.raises(ConfigError, match=r"parallel is 257; .* at most 256 slots"):
        cache(LLAMA_8B, Use(context=256, parallel=257))


def test_more_tokens_than_any_memory_holds_are_refused() -> None:
    with pytest.raises(ConfigError, match="say fewer"):
        cache(LLAMA_8B, Use(context=10**30))
