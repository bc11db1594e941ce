"""The verdicts on whole sets: memory, Ollama, turns, and what would help."""

from itertools import product
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.errors import ConfigError
from homeward.machine.estimate import Range
from homeward.machine.fleet.grouping import expected, group
from homeward.machine.fleet.loading import RECOVERY, Load, loads, panel
from homeward.machine.fleet.packing import pack
from homeward.machine.fleet.plan import plan
from homeward.machine.fleet.server import Server
from homeward.machine.hardware import Hardware
from tests.machine.fleet.sets import (
    CARD_16,
    CARD_24,
    GEMMA_27B,
    GIB,
    GIVEN,
    LLAMA_8B,
    NO_GPU,
    QWEN_14B,
    QWEN_30B_A3B,
    SMALL,
    TWO_CARDS,
    card,
    embedding,
    machine,
    model,
)

THREE = [model(LLAMA_8B), model(QWEN_14B), embedding()]


def test_where_all_fit_nobody_takes_turns() -> None:
    found = plan(THREE, CARD_24)
    assert found.fits
    assert found.grouping.groups == ()
    assert found.settings.changes == ()


def test_memory_says_yes_and_ollama_no() -> None:
    """Two of 20 GiB each, which are predicted to take 37 each."""
    found = plan([model(GEMMA_27B, 32768, name=name) for name in "ab"], machine(card(48)))
    assert found.fits
    assert found.ollama.together == "never"


def test_memory_says_no_and_ollama_yes() -> None:
    wide = model(QWEN_30B_A3B, 32768, size=10 * GIB, parallel=4)
    found = plan([model(SMALL), wide], CARD_24)
    assert not found.fits
    assert "qwen3:30b" in found.ollama.spills
    assert "qwen3:30b" in found.ollama.stay


def test_it_can_depend_on_who_is_asked_first() -> None:
    found = plan([model(SMALL), model(QWEN_14B)], machine(card(12.5))).ollama
    assert found.together == "sometimes"
    assert found.first == ("qwen3:14b",)
    assert found.example == ("qwen3:14b", "small")


def test_memory_says_no_and_ollama_yes_to_one_order() -> None:
    """What llama.cpp leaves free on the GPU is not part of Ollama's rule."""
    found = plan([model(LLAMA_8B), model(QWEN_14B)], CARD_16)
    assert not found.fits
    assert found.ollama.first == ("qwen3:14b",)


def test_where_an_order_is_enough_nothing_else_is_changed() -> None:
    found = plan([model(LLAMA_8B), model(QWEN_14B)], machine(card(17))).settings
    assert found.order == ("qwen3:14b", "llama3.1:8b")
    assert found.reach == "ollama"
    assert found.contexts == {"llama3.1:8b": 4096, "qwen3:14b": 4096}


def test_of_eight_not_every_order_is_tried() -> None:
    many = [model(SMALL, name=f"m{n}") for n in range(8)]
    found = plan(many, CARD_24, Server(most=8)).ollama
    assert found.orders == 8


def test_on_a_machine_without_a_gpu_a_fourth_makes_one_go() -> None:
    four = [model(SMALL, name=name, vendor=None) for name in "abcd"]
    found = plan(four, NO_GPU)
    assert found.fits
    assert found.ollama.together == "never"
    assert found.settings.reach == "ollama"
    assert found.settings.changes == ("4 models at once instead of 3",)


def test_in_a_round_of_too_many_each_is_loaded_anew() -> None:
    assert plan([model(QWEN_14B), model(GEMMA_27B)], CARD_24).ollama.reloads == 2


def test_the_least_change_is_proposed() -> None:
    found = plan([model(LLAMA_8B, 32768), model(QWEN_14B, 32768)], CARD_24)
    assert found.settings.reach == "ollama"
    assert len(found.settings.changes) == 1
    assert "context" in found.settings.changes[0]  # Ollama does not see another type of cache
    assert pack(found.settled, CARD_24) is not None


def test_with_the_settings_ollama_keeps_them() -> None:
    found = plan([model(LLAMA_8B, 32768), model(QWEN_14B, 32768)], CARD_24)
    assert plan(found.settled, CARD_24, found.settings.server).ollama.together == "always"


def test_where_no_change_is_enough_something_is_left_out() -> None:
    found = plan([model(LLAMA_8B), model(QWEN_14B), model(GEMMA_27B)], CARD_24)
    assert found.settings.leave_out == ("gemma3:27b",)


def test_a_model_that_does_not_fit_alone_is_named() -> None:
    assert plan([model(QWEN_30B_A3B), embedding()], CARD_16).grouping.alone == ("qwen3:30b",)


def test_a_small_one_stays_and_the_large_ones_take_turns() -> None:
    found = plan([embedding(), model(QWEN_14B), model(GEMMA_27B)], CARD_24).grouping
    assert found.residents == ("nomic-embed-text",)
    assert found.groups == (("qwen3:14b",), ("gemma3:27b",))


def test_whoever_is_asked_most_does_not_wait() -> None:
    big = [model(QWEN_14B, name=name, share=share) for name, share in (("a", 8), ("b", 1))]
    third = model(QWEN_14B, name="c", share=1)
    found = plan([*big, third], TWO_CARDS).grouping
    assert found.seconds >= 0


def test_alternating_requests_wait_for_half_of_their_loads() -> None:
    assert expected([[0], [1]], [1, 1], [10, 10]) == 5.0


def test_a_group_alone_never_loads_again() -> None:
    assert expected([[0, 1]], [1, 1], [10, 10]) == 0.0


def test_a_load_takes_the_bytes_over_the_bandwidth_and_the_recovery() -> None:
    [load] = loads([model(QWEN_14B, size=10 * 10**9)], machine(card(24), disk=2e9))
    assert load.seconds.mid == 5.0 + RECOVERY.mid
    assert load.basis.how == "given"


def test_without_a_measured_disk_the_band_is_wide_and_said_to_be_of_a_table() -> None:
    [load] = loads([model(QWEN_14B)], CARD_24)
    assert load.seconds.low < load.seconds.mid < load.seconds.high
    assert load.basis.how == "table"


def costs(*seconds: float) -> list[Load]:
    return [
        Load(name=name, size=1, seconds=Range(each, each, each), basis=GIVEN)
        for name, each in zip("abc", seconds, strict=False)
    ]


def test_a_panel_model_by_model_loads_each_once() -> None:
    assert panel([["a"], ["b"]], costs(10, 20), 100).model_by_model.mid == 30


def test_a_panel_prompt_by_prompt_loads_each_for_every_prompt() -> None:
    assert panel([["a"], ["b"]], costs(10, 20), 100).prompt_by_prompt.mid == 3000


def test_residents_of_a_panel_are_loaded_once() -> None:
    assert panel([["a"], ["b"]], costs(10, 20, 5), 2).prompt_by_prompt.mid == 65


def test_nobody_is_named_twice() -> None:
    with pytest.raises(ConfigError, match="twice"):
        plan([model(SMALL), model(SMALL)], CARD_24)


def test_an_empty_fleet_is_refused() -> None:
    with pytest.raises(ConfigError, match="needs models"):
        plan([], CARD_24)


sets = st.lists(
    st.tuples(st.integers(1, 22), st.floats(0, 10), st.sampled_from([2048, 8192])),
    min_size=1,
    max_size=5,
)
machines = st.sampled_from([NO_GPU, CARD_16, CARD_24, TWO_CARDS])


@settings(max_examples=40, deadline=None)
@given(sets, machines)
def test_a_grouping_has_every_model_once_and_each_group_fits(
    drawn: list[tuple[int, float, int]], hardware: Hardware
) -> None:
    members = [
        model(SMALL, context, name=f"m{n}", size=gib * GIB, share=share)
        for n, (gib, share, context) in enumerate(drawn)
    ]
    found = group(members, hardware, loads(members, hardware))
    every = [*found.residents, *(name for each in found.groups for name in each)]
    assert sorted(every) == sorted(member.name for member in members)
    for each in found.groups or [()]:
        there = [m for m in members if m.name in (*found.residents, *each)]
        assert pack(there, hardware) is not None or len(there) == 1
    assert 0 <= found.seconds < inf


@settings(max_examples=10, deadline=None)
@given(sets, machines)
def test_a_plan_is_the_same_twice(drawn: list[tuple[int, float, int]], hardware: Hardware) -> None:
    members = [
        model(SMALL, context, name=f"m{n}", size=gib * GIB, share=share)
        for n, (gib, share, context) in enumerate(drawn)
    ]
    assert plan(members, hardware) == plan(members, hardware)


def test_more_than_are_compared_are_grouped_all_the_same() -> None:
    many = [model(SMALL, name=f"m{n}", size=4 * GIB) for n in range(11)]
    found = group(many, CARD_24, loads(many, CARD_24))
    assert not found.exact
    every = [*found.residents, *(name for each in found.groups for name in each)]
    assert sorted(every) == sorted(member.name for member in many)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 22), st.integers(1, 5)), min_size=1, max_size=4), machines)
def test_no_other_grouping_waits_less(drawn: list[tuple[int, int]], hardware: Hardware) -> None:
    """Against every set of residents and every partition of the others, written down plainly."""
    members = [
        model(SMALL, name=f"m{n}", size=gib * GIB, share=share)
        for n, (gib, share) in enumerate(drawn)
    ]
    costs = loads(members, hardware)
    seconds = [each.seconds.mid for each in costs]
    shares = [member.share for member in members]

    def fits(chosen: list[int]) -> bool:
        return pack([members[n] for n in chosen], hardware) is not None

    best = inf
    for places in product(range(len(members) + 1), repeat=len(members)):
        residents = [n for n, place in enumerate(places) if not place]
        groups = [[n for n, at in enumerate(places) if at == place] for place in {*places} - {0}]
        if all(
            fits([*residents, *each]) or (len(each) == 1 and not residents)
            for each in groups or [[]]
        ):
            best = min(best, expected(groups, shares, seconds))
    assert group(members, hardware, costs).seconds == pytest.approx(best, abs=1e-3)
