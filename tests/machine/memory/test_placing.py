import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from homeward.machine.estimate import Fits, Memory, Placement, Use
from homeward.machine.hardware import Gpu, Hardware, Vendor
from homeward.machine.memory.memory import memory as needed_by
from homeward.machine.memory.placing import place, ram_room, vendor
from homeward.machine.shapes import Shapes
from homeward.machine.weights.weigh import weigh
from tests.machine.samples import (
    DEEPSEEK_LITE,
    GEMMA_27B,
    GIB,
    GPT_OSS_20B,
    MIB,
    gpu,
    machine,
    memory,
    weights,
)


def placed(needed: Memory, hardware: Hardware) -> tuple[Fits, Placement]:
    return place(needed, hardware)


# What llama.cpp needs in all (weights, cache and compute buffer, measured with it): 19.03 GiB,
# 14.69 GiB and 13.68 GiB.
@pytest.mark.parametrize(
    ("shapes", "quant", "context", "cards"),
    [
        (GEMMA_27B, "Q4_K_M", 32768, {24}),
        (GPT_OSS_20B, "MXFP4_MOE", 131072, {16, 24}),
        (DEEPSEEK_LITE, "Q4_K_M", 131072, {16, 24}),
    ],
)
def test_the_verdict_is_that_of_physics(
    shapes: Shapes, quant: str, context: int, cards: set[int]
) -> None:
    needed = needed_by(shapes, weigh(shapes, quant), Use(context=context), vendor="nvidia")
    fitting = {size for size in (16, 24) if placed(needed, machine(gpu(size)))[0].gpu}
    assert fitting == cards


def test_what_has_room_on_one_gpu_lies_there_but_for_the_embedding() -> None:
    fits, found = placed(memory(weights(layers=4), kv=MIB, overhead=MIB), machine(gpu(8)))
    assert fits == Fits(gpu=True, ram=True, split=True)
    assert (found.where, found.gpu_layers, found.expert_layers) == ("gpu", 4, 4)
    assert found.gpu_bytes == {0: 5 * GIB + 5 * MIB}
    assert found.ram_bytes == GIB


def test_a_tight_fit_fits_and_is_called_tight() -> None:
    fits, found = placed(memory(weights(layers=4)), machine(gpu(5.5)))
    assert fits.gpu
    assert "tight: 512 MiB stay free where llama.cpp would leave 1.0 GiB" in found.because
    assert "tight" not in placed(memory(weights(layers=4)), machine(gpu(6)))[1].because


def test_to_the_last_byte_it_fits() -> None:
    needed = memory(weights(layers=4))
    assert placed(needed, machine(gpu(5)))[0].gpu
    assert not placed(needed, machine(gpu(5 - 1 / GIB)))[0].gpu


def test_what_is_free_counts_and_what_would_be_is_said() -> None:
    fits, found = placed(memory(weights(layers=4)), machine(gpu(8, free=3)))
    assert (fits.gpu, fits.split) == (False, True)
    assert "it would fit on the GPU if nothing else were loaded" in found.because


def test_the_largest_gpu_comes_first() -> None:
    _, found = placed(memory(weights(layers=4)), machine(gpu(8), gpu(24), gpu(12)))
    assert set(found.gpu_bytes) == {1}


def test_several_gpus_each_have_buffers_of_their_own() -> None:
    needed = memory(weights(layers=8), compute=GIB, overhead=GIB)
    fits, found = placed(needed, machine(gpu(9), gpu(9)))
    assert fits.gpu
    assert sum(found.gpu_bytes.values()) == 9 * GIB + 2 * (GIB + GIB)
    assert "too large for one GPU" in found.because


def test_gpus_are_not_summed_where_a_layer_has_no_room() -> None:
    needed = memory(weights(layers=4, dense=3 * GIB))
    fits, _ = placed(needed, machine(gpu(4), gpu(4), gpu(4), gpu(4)))
    assert fits.gpu  # one layer on each, the last with the output
    assert not placed(needed, machine(*[gpu(3.5)] * 8))[0].gpu


def test_gpus_of_two_vendors_are_not_used_together() -> None:
    needed = memory(weights(layers=8))
    fits, _ = placed(needed, machine(gpu(6), gpu(6, vendor="amd")))
    assert not fits.gpu


def test_slices_of_a_card_are_not_used_together() -> None:
    mig = gpu(6, name="A100 MIG 1g.5gb")
    assert not placed(memory(weights(layers=8)), machine(mig, mig))[0].gpu


def test_an_integrated_gpu_is_left_alone_where_there_is_another() -> None:
    hardware = machine(gpu(40, integrated=True, unified=True), gpu(12))
    _, found = placed(memory(weights(layers=20)), hardware)
    assert set(found.gpu_bytes) == {1}


def test_the_first_layers_stay_in_main_memory() -> None:
    """As llama.cpp counts ``-ngl``: from the last, which goes with the output."""
    fits, found = placed(memory(weights(layers=10)), machine(gpu(8)))
    assert fits == Fits(gpu=False, ram=True, split=True)
    assert (found.where, found.gpu_layers, found.expert_layers) == ("split", 6, 6)
    assert found.gpu_bytes == {0: 7 * GIB}  # with a GiB in reserve
    assert found.ram_bytes == 4 * GIB + GIB


def test_the_cache_of_a_layer_lies_where_the_layer_does() -> None:
    _, found = placed(memory(weights(layers=10), kv=GIB), machine(gpu(8)))
    assert (found.gpu_layers, found.ram_bytes) == (3, 7 * 2 * GIB + GIB)


def test_the_experts_of_the_last_layers_go_to_main_memory_first() -> None:
    needed = memory(weights(layers=10, dense=GIB // 4, experts=GIB), kv=GIB // 4)
    _, found = placed(needed, machine(gpu(12)))
    assert (found.gpu_layers, found.expert_layers) == (10, 5)
    assert found.gpu_bytes == {0: GIB + 10 * GIB // 2 + 5 * GIB}
    assert "the experts of the last 5" in found.because


def test_where_not_even_the_rest_has_room_all_experts_do() -> None:
    _, found = placed(memory(weights(layers=10, dense=GIB, experts=GIB)), machine(gpu(8)))
    assert (found.gpu_layers, found.expert_layers) == (6, 0)
    assert found.ram_bytes == GIB + 4 * GIB + 10 * GIB


def test_the_reserve_goes_before_the_model_does() -> None:
    needed = memory(weights(layers=10))
    fits, found = placed(needed, machine(gpu(8), ram=5))
    assert not fits.ram
    assert (found.where, found.gpu_layers) == ("split", 7)
    assert "nothing of the GPU stays free" in found.because


def test_without_a_gpu_it_lies_in_main_memory() -> None:
    needed = memory(weights(layers=4), kv=MIB)
    fits, found = placed(needed, machine())
    assert fits == Fits(gpu=False, ram=True, split=False)
    assert (found.where, found.ram_bytes) == ("ram", needed.total)


def test_a_gpu_without_room_for_a_layer_is_of_no_use() -> None:
    fits, found = placed(memory(weights(layers=4), overhead=GIB), machine(gpu(2)))
    assert (fits.split, found.where) == (False, "ram")


def test_what_fits_nowhere_says_what_it_lacks() -> None:
    fits, found = placed(memory(weights(layers=40)), machine(gpu(8), ram=16))
    assert fits == Fits(gpu=False, ram=False, split=False)
    assert (found.where, found.gpu_bytes, found.ram_bytes) == ("none", {}, 0)
    assert "it needs 42.0 GiB, and 8.0 GiB on RTX and 15.0 GiB of main memory" in found.because


def test_the_system_keeps_its_share_of_main_memory() -> None:
    assert ram_room(machine(ram=32)) == 30 * GIB
    assert ram_room(machine(ram=32, free=20)) == 20 * GIB
    assert ram_room(machine(ram=2)) == 2 * GIB - 512 * MIB
    assert ram_room(machine(ram=1024)) == 1020 * GIB


VENDORS: tuple[Vendor, ...] = ("apple", "nvidia")
APPLE, CUDA = (gpu(12, vendor=vendor, unified=True) for vendor in VENDORS)


@pytest.mark.parametrize(("shared", "copies"), [(APPLE, 0), (CUDA, 1)])
def test_shared_memory_counts_weights_once(shared: Gpu, copies: int) -> None:
    """A tied matrix is mapped once on Apple's; CUDA copies it."""
    needed = memory(weights(layers=4, tied=True))
    _, found = placed(needed, machine(shared, ram=16))
    assert found.where == "gpu"
    assert found.gpu_bytes[0] + found.ram_bytes == needed.total + copies * GIB


def test_shared_memory_is_one_pool() -> None:
    needed = memory(weights(layers=10))
    hardware = machine(gpu(48, unified=True), ram=64, free=11)
    fits, _ = placed(needed, hardware)
    assert fits == Fits(gpu=False, ram=False, split=False)


def test_beyond_what_a_shared_gpu_may_address_layers_go_to_the_processor() -> None:
    hardware = machine(gpu(8, vendor="apple", unified=True), ram=16)
    fits, found = placed(memory(weights(layers=10)), hardware)
    assert fits == Fits(gpu=False, ram=True, split=True)
    assert found.where == "split"


def test_memory_that_this_machine_has_not_is_not_shared_with_it() -> None:
    hardware = machine(gpu(96, vendor="amd", unified=True), ram=31)
    assert placed(memory(weights(layers=60)), hardware)[0].gpu


def test_a_gpu_that_does_not_count_is_not_used() -> None:
    weak = replace(gpu(48, vendor="intel", unified=True), counted=False)
    _, found = placed(memory(weights(layers=4)), machine(weak))
    assert (found.where, vendor(machine(weak))) == ("ram", None)


def test_the_driver_is_that_of_the_gpus_that_would_be_used() -> None:
    hardware = machine(gpu(30, vendor="intel", integrated=True), gpu(8, vendor="amd"), gpu(24))
    assert vendor(hardware) == "nvidia"


MEMORIES = st.builds(
    memory,
    st.builds(
        weights,
        layers=st.integers(1, 40),
        dense=st.integers(1, 4 * GIB),
        experts=st.sampled_from([0, MIB, GIB]),
        output=st.integers(0, 2 * GIB),
        tied=st.booleans(),
    ),
    kv=st.integers(0, GIB),
    compute=st.integers(0, GIB),
    projector=st.sampled_from([0, GIB]),
    overhead=st.integers(0, GIB),
)
GPUS = st.builds(
    gpu, st.floats(0, 96), st.just(None) | st.floats(0, 1),
    vendor=st.sampled_from(["nvidia", "amd", "apple"]), unified=st.booleans(),
)  # fmt: skip
MACHINES = st.builds(
    lambda gpus, ram: machine(*gpus, ram=ram), st.lists(GPUS, max_size=4), st.floats(1, 256)
)


@given(MEMORIES, MACHINES)
def test_nothing_is_placed_where_it_has_no_room(needed: Memory, hardware: Hardware) -> None:
    _, found = placed(needed, hardware)
    for number, size in found.gpu_bytes.items():
        assert size <= hardware.gpus[number].free
    if found.where in ("ram", "split"):
        assert found.ram_bytes <= hardware.ram_free


@given(MEMORIES, MACHINES)
def test_what_is_placed_adds_up_to_what_is_needed(needed: Memory, hardware: Hardware) -> None:
    _, found = placed(needed, hardware)
    there = sum(found.gpu_bytes.values()) + found.ram_bytes
    copy = needed.weights.embedding if needed.weights.tied else 0
    each = (needed.compute + needed.overhead) * max(len(found.gpu_bytes) - 1, 0)
    if found.where == "none":
        assert there == 0
    elif found.where == "ram":
        assert there == needed.total
    else:
        assert there - each in (needed.total, needed.total + copy)


@given(MEMORIES, MACHINES)
def test_the_place_is_one_where_it_fits(needed: Memory, hardware: Hardware) -> None:
    fits, found = placed(needed, hardware)
    by_place = {"gpu": fits.gpu, "ram": fits.ram, "split": fits.split}
    by_place["none"] = not any(by_place.values())
    assert by_place[found.where]
    assert found.expert_layers <= found.gpu_layers <= len(needed.weights.layers)
    assert found.because


@given(MEMORIES, MACHINES, st.integers(0, 3 * GIB))
def test_the_reserve_decides_no_verdict(needed: Memory, hardware: Hardware, reserve: int) -> None:
    verdict, _ = place(needed, hardware, reserve=reserve)
    assert verdict == placed(needed, hardware)[0]


def test_what_stays_in_main_memory_needs_room_there() -> None:
    """Mapped pages may be dropped, so that all of main memory counts and not what is free now."""
    needed = memory(weights(layers=4))  # an embedding of 1 GiB beside the GPU
    small, loaded = machine(gpu(8), ram=1), machine(gpu(8), ram=16, free=0.5)
    assert placed(needed, small)[0] == Fits(gpu=False, ram=False, split=False)
    assert placed(needed, loaded)[0].gpu
    assert not placed(memory(weights(layers=8)), machine(gpu(6), gpu(6), ram=1))[0].gpu


def test_main_memory_that_is_not_known_hinders_no_gpu() -> None:
    assert placed(memory(weights(layers=4)), machine(gpu(8), ram=0))[0].gpu
