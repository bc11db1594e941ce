"""Which models lie in which memory."""

from itertools import product

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.machine.fleet.packing import needs, pack, places, split
from homeward.machine.hardware import Hardware
from homeward.machine.memory.placing import place
from tests.machine.fleet.sets import (
    CARD_16,
    CARD_24,
    GEMMA_27B,
    GIB,
    LLAMA_8B,
    MIB,
    NO_GPU,
    QWEN_14B,
    SMALL,
    TWO_CARDS,
    card,
    embedding,
    machine,
    model,
)


def test_a_card_of_24_gib_holds_8b_14b_and_an_embedding_model() -> None:
    packing = pack([model(LLAMA_8B), model(QWEN_14B), embedding()], CARD_24)
    assert packing is not None
    assert set(packing.used[0]) == {"llama3.1:8b", "qwen3:14b", "nomic-embed-text"}


def test_with_32k_of_context_each_it_does_not() -> None:
    assert pack([model(LLAMA_8B, 32768), model(QWEN_14B, 32768), embedding()], CARD_24) is None


def test_gemma_27b_at_32k_fits_a_card_of_24_gib() -> None:
    assert pack([model(GEMMA_27B, 32768)], CARD_24) is not None


def test_two_gpus_are_not_one_large_one() -> None:
    three = [model(QWEN_14B, name=name, size=14 * GIB) for name in "abc"]
    assert pack(three[:2], TWO_CARDS) is not None
    assert pack(three, TWO_CARDS) is None


def test_a_model_that_one_gpu_does_not_hold_is_split() -> None:
    packing = pack([model(QWEN_14B, size=30 * GIB)], TWO_CARDS)
    assert packing is not None
    assert all(packing.used)


def test_the_parts_of_a_split_model_are_the_whole_and_what_each_gpu_needs() -> None:
    large = model(QWEN_14B, size=30 * GIB)
    parts = split(large, [GIB, GIB])
    assert sum(parts) == large.on_gpu + large.memory.compute + large.memory.overhead


def test_a_gpu_that_is_full_has_no_part() -> None:
    assert split(model(LLAMA_8B), [0, GIB])[0] == 0


def test_main_memory_holds_them_where_there_is_no_gpu() -> None:
    packing = pack([model(LLAMA_8B, vendor=None)], NO_GPU)
    assert packing is not None
    assert packing.places[0].gpu is None
    member = model(LLAMA_8B, vendor=None)
    assert packing.used[0]["llama3.1:8b"] == member.memory.total


def test_in_shared_memory_the_embedding_counts_too() -> None:
    shared = machine(msgspec.structs.replace(card(16), unified=True, integrated=True))
    member = model(LLAMA_8B)
    assert needs(member, places(shared)[0]) - needs(member, places(CARD_16)[0]) == (
        member.memory.weights.embedding
    )


def test_what_main_memory_does_not_have_free_a_gpu_without_its_own_has_not_either() -> None:
    shared = machine(msgspec.structs.replace(card(31), unified=True, integrated=True), ram=32)
    assert places(shared)[0].budget == 30 * GIB


def test_an_integrated_gpu_is_left_alone_beside_one_with_its_own_memory() -> None:
    both = machine(msgspec.structs.replace(card(8), integrated=True), card(24))
    assert [place.gpu for place in places(both)] == [1]


def test_a_margin_stays_free_where_there_are_several() -> None:
    assert places(CARD_24)[0].budget == 23 * GIB
    one = model(LLAMA_8B, size=23 * GIB)
    alone = pack([one], CARD_24)
    assert alone is not None
    assert alone.places[0].budget == 24 * GIB


def test_a_model_alone_fits_where_it_is_said_to_fit() -> None:
    for gib, hardware in product(range(4, 32), (CARD_16, CARD_24, TWO_CARDS, NO_GPU)):
        one = model(LLAMA_8B, size=gib * GIB, vendor="nvidia" if hardware.gpus else None)
        fits, _ = place(one.memory, hardware)
        assert (pack([one], hardware) is not None) == (fits.gpu if hardware.gpus else fits.ram)


sizes = st.lists(st.integers(1, 20), min_size=1, max_size=6)
cards = st.lists(st.integers(4, 24), min_size=1, max_size=3)


@settings(max_examples=100, deadline=None)
@given(sizes, cards)
def test_no_memory_is_overfull_and_every_way_is_tried(gib: list[int], gpus: list[int]) -> None:
    hardware = Hardware(
        system="linux",
        cpu="",
        cores=1,
        threads=1,
        ram_total=64 * GIB,
        ram_free=64 * GIB,
        gpus=tuple(card(each) for each in gpus),
    )
    members = [model(SMALL, name=f"m{n}", size=each * GIB) for n, each in enumerate(gib)]
    budgets = [place.budget for place in places(hardware)]
    small = [m for m in members if any(m.on_gpu <= budget for budget in budgets)]
    packing = pack(small, hardware)
    possible = any(
        all(
            sum(m.on_gpu for m, at in zip(small, way, strict=True) if at == gpu) <= budget
            for gpu, budget in enumerate(budgets)
        )
        for way in product(range(len(budgets)), repeat=len(small))
    )
    assert (packing is not None) == possible
    if packing is not None:
        assert all(
            sum(used.values()) <= place.budget
            for used, place in zip(packing.used, packing.places, strict=True)
        )
        assert sorted(name for used in packing.used for name in used) == [m.name for m in small]


def test_the_compute_buffer_of_each_process_counts() -> None:
    one, two = model(SMALL, name="a"), model(SMALL, name="b")
    packing = pack([one, two], CARD_24)
    assert packing is not None
    assert sum(packing.used[0].values()) == 2 * one.on_gpu
    assert one.beside > 457 * MIB


def test_a_large_model_is_split_over_what_small_ones_leave() -> None:
    """Split first, in proportion, it would leave neither card the room for the other."""
    small, large = model(SMALL, name="s", size=5 * GIB), model(SMALL, name="l", size=23 * GIB)
    packing = pack([large, small], machine(card(16), card(16)))
    assert packing is not None
    assert sorted(len(used) for used in packing.used) == [1, 2]
    assert all(
        sum(used.values()) <= place.budget
        for used, place in zip(packing.used, packing.places, strict=True)
    )


def test_what_a_gpu_leaves_in_main_memory_needs_room_there() -> None:
    two = [model(LLAMA_8B, name="a", size=8 * GIB), model(LLAMA_8B, name="b", size=8 * GIB)]
    assert pack(two, machine(card(24))) is not None
    assert pack(two, machine(card(24), ram=1.25)) is None
