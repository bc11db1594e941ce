import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from homeward.machine.hardware import Hardware
from homeward.machine.recommend.capped import capped, has_gpu, on_processor
from tests.machine.machines import GIB, LAPTOP, with_gpu

SIZES = st.none() | st.integers(min_value=0, max_value=200 * GIB)
SHARED = replace(
    with_gpu(24, ram=32), gpus=(replace(with_gpu(24).gpus[0], unified=True, integrated=True),)
)


@given(SIZES, SIZES, st.sampled_from([LAPTOP, with_gpu(24), SHARED]))
def test_it_is_never_more_than_there_is(vram: int | None, ram: int | None, there: Hardware) -> None:
    found = capped(there, vram=vram, ram=ram)
    assert len(found.gpus) <= len(there.gpus)
    assert found.ram_total <= there.ram_total
    assert found.ram_free <= min(there.ram_free, there.ram_free if ram is None else ram)
    for gpu, before in zip(found.gpus, there.gpus, strict=False):
        assert gpu.total <= before.total
        assert gpu.free <= min(before.free, before.free if vram is None else vram)


def test_a_gpu_that_is_not_there_is_not_invented() -> None:
    assert capped(LAPTOP, vram=24 * GIB) == LAPTOP


def test_less_of_a_card_is_used() -> None:
    [gpu] = capped(with_gpu(24), vram=8 * GIB).gpus
    assert (gpu.total, gpu.free) == (8 * GIB, 8 * GIB)
    assert gpu.basis["total"].source == "no more than given"


def test_none_of_a_card_is_no_card() -> None:
    assert not has_gpu(capped(with_gpu(24), vram=0))


def test_a_gpu_that_shares_main_memory_is_held_to_its_limit() -> None:
    [gpu] = capped(SHARED, ram=16 * GIB).gpus
    assert gpu.free == 16 * GIB


@pytest.mark.parametrize(("counted", "found"), [(True, True), (False, False)])
def test_a_gpu_that_does_not_count_is_none(counted: bool, found: bool) -> None:  # noqa: FBT001
    there = with_gpu(24)
    assert has_gpu(replace(there, gpus=(replace(there.gpus[0], counted=counted),))) is found


def test_a_runtime_on_the_processor_has_the_same_main_memory() -> None:
    there = with_gpu(24)
    assert on_processor(there) == replace(there, gpus=())
