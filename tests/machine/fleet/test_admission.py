"""Ollama's scheduler, played through on machines of the usual sizes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.machine.fleet.admission import Admission, Step
from homeward.machine.fleet.chosen import Runner
from homeward.machine.fleet.member import Member
from homeward.machine.fleet.server import Server
from tests.machine.fleet.sets import (
    CARD_16,
    CARD_24,
    GEMMA_27B,
    GIB,
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


def asked(admission: Admission, *members: Member) -> tuple[list[Step], tuple[Runner, ...]]:
    steps, loaded = [], tuple[Runner, ...]()
    for member in members:
        step, loaded = admission.ask(member, loaded)
        steps.append(step)
    return steps, loaded


def names(loaded: tuple[Runner, ...]) -> list[str]:
    return [runner.name for runner in loaded]


def test_a_card_of_24_gib_keeps_8b_14b_and_an_embedding_model() -> None:
    steps, loaded = asked(Admission(CARD_24), model(LLAMA_8B), model(QWEN_14B), embedding())
    assert names(loaded) == ["llama3.1:8b", "qwen3:14b", "nomic-embed-text"]
    assert all(step.on_gpu == 1 for step in steps)


def test_with_the_context_that_is_usual_there_one_of_them_goes() -> None:
    window = Server().window(CARD_24, LLAMA_8B)
    steps, loaded = asked(
        Admission(CARD_24), model(LLAMA_8B, window), model(QWEN_14B, window), embedding()
    )
    assert steps[1].evicts == ("llama3.1:8b",)
    assert names(loaded) == ["qwen3:14b", "nomic-embed-text"]


def test_the_first_loads_unchecked_and_spills() -> None:
    steps, loaded = asked(Admission(CARD_16), model(QWEN_30B_A3B, 32768))
    assert names(loaded) == ["qwen3:30b"]
    assert 0 < steps[0].on_gpu < 1
    assert steps[0].predicted > steps[0].available


def test_what_has_spilt_leaves_no_room_for_another() -> None:
    steps, loaded = asked(Admission(CARD_16), model(QWEN_30B_A3B, 32768), embedding())
    assert steps[1].evicts == ()  # a quarter of a GiB still goes into what llama.cpp leaves free
    steps, loaded = asked(Admission(CARD_16), model(QWEN_30B_A3B, 32768), model(LLAMA_8B))
    assert steps[1].evicts == ("qwen3:30b",)
    assert names(loaded) == ["llama3.1:8b"]


def test_without_a_gpu_three_are_kept_and_nothing_is_compared() -> None:
    four = [model(SMALL, name=name, vendor=None) for name in "abcd"]
    steps, loaded = asked(Admission(NO_GPU), *four)
    assert steps[3].evicts == ("a",)
    assert names(loaded) == ["b", "c", "d"]
    assert [step.available for step in steps] == [0, 0, 0, 0]


def test_without_a_gpu_even_too_much_is_let_in() -> None:
    two = [model(QWEN_14B, name=name, size=15 * GIB, vendor=None) for name in "ab"]
    _, loaded = asked(Admission(NO_GPU), *two)
    assert names(loaded) == ["a", "b"]


def test_what_is_larger_than_all_memory_fails() -> None:
    steps, loaded = asked(Admission(NO_GPU), model(QWEN_14B, size=30 * GIB, vendor=None))
    assert steps[0].failed
    assert loaded == ()


def test_out_of_memory_evicts_all_and_is_tried_once_more() -> None:
    small = machine(card(8), ram=16)
    huge = model(LLAMA_8B, name="huge", size=30 * GIB)
    admission = Admission(NO_GPU)
    steps, loaded = asked(
        admission,
        model(SMALL, name="a", vendor=None),
        model(QWEN_14B, name="huge", size=30 * GIB, vendor=None),
    )
    assert steps[1].failed
    assert steps[1].evicts == ("a",)
    assert loaded == ()
    assert asked(Admission(small), huge)[0][0].failed


def test_two_gpus_take_one_each() -> None:
    _, loaded = asked(Admission(TWO_CARDS), model(QWEN_14B, name="a"), model(QWEN_14B, name="b"))
    assert [[bool(size) for size in runner.taken] for runner in loaded] == [
        [True, False],
        [False, True],
    ]


def test_what_one_gpu_does_not_hold_is_split_among_all() -> None:
    steps, loaded = asked(Admission(TWO_CARDS), model(QWEN_14B, size=30 * GIB))
    assert all(loaded[0].taken)
    assert steps[0].on_gpu == 1


def test_spread_uses_all() -> None:
    _, loaded = asked(Admission(TWO_CARDS, Server(spread=True)), model(LLAMA_8B))
    assert all(loaded[0].taken)


def test_three_for_each_gpu_are_kept() -> None:
    many = [model(SMALL, name=name) for name in "abcdefg"]
    _, loaded = asked(Admission(TWO_CARDS), *many)
    assert names(loaded) == ["b", "c", "d", "e", "f", "g"]


def test_the_environment_says_how_many_are_kept() -> None:
    many = [model(SMALL, name=name) for name in "abcd"]
    assert len(asked(Admission(CARD_24, Server(most=4)), *many)[1]) == 4
    assert len(asked(Admission(CARD_24, Server(most=1)), *many)[1]) == 1


def test_whoever_is_kept_shortest_goes_first() -> None:
    admission = Admission(CARD_24, keep={"a": float("inf"), "b": 60.0, "c": 300.0})
    steps, _ = asked(admission, *(model(SMALL, name=name) for name in "abcd"))
    assert steps[3].evicts == ("b",)


def test_where_the_times_are_equal_the_name_decides() -> None:
    steps, _ = asked(Admission(CARD_24), *(model(SMALL, name=name) for name in "cabd"))
    assert steps[3].evicts == ("a",)


def test_what_is_loaded_is_not_loaded_again() -> None:
    steps, loaded = asked(Admission(CARD_24), model(SMALL), model(SMALL))
    assert not steps[1].loads
    assert len(loaded) == 1


def test_a_window_that_it_does_not_know_keeps_out_what_would_fit() -> None:
    """Gemma 3 27B at 32K takes about 20 GiB, and is predicted to take 36."""
    steps, _ = asked(Admission(machine(card(40))), model(LLAMA_8B), model(GEMMA_27B, 32768))
    assert steps[1].evicts == ("llama3.1:8b",)
    assert "80 %" in steps[1].because


def test_heads_that_are_wider_than_it_takes_them_let_in_what_does_not_fit() -> None:
    """Qwen3 30B-A3B: the cache is twice what is predicted, and a part stays in main memory."""
    wide = model(QWEN_30B_A3B, 32768, size=10 * GIB, parallel=4)
    steps, loaded = asked(Admission(CARD_24), model(SMALL), wide)
    assert names(loaded) == ["small", "qwen3:30b"]
    assert steps[1].on_gpu < 1


def test_eighty_per_cent_are_enough_and_one_byte_more_is_not() -> None:
    tight = machine(card(16))
    first = model(SMALL)
    _, loaded = asked(Admission(tight), first)
    free = tight.gpus[0].free - sum(loaded[0].taken)
    most = free * 80 // 100
    fits, too_much = (model(QWEN_14B, 1, size=most - 163840 + more) for more in (0, 1))
    assert Admission(tight).ask(fits, loaded)[0].evicts == ()
    assert Admission(tight).ask(too_much, loaded)[0].evicts == ("small",)


def test_a_long_context_is_computed_in_larger_batches() -> None:
    short, long = (
        asked(Admission(CARD_24), model(LLAMA_8B, context))[1][0].taken[0]
        for context in (4096, 4352)
    )
    assert long - short > 200 << 20


sets = st.lists(
    st.tuples(
        st.sampled_from([SMALL, LLAMA_8B, QWEN_14B, GEMMA_27B]),
        st.sampled_from([2048, 8192, 32768]),
        st.integers(1, 30),
    ),
    min_size=1,
    max_size=6,
)
machines = st.sampled_from([NO_GPU, CARD_16, CARD_24, TWO_CARDS, machine(card(12), card(24))])


@settings(max_examples=60, deadline=None)
@given(sets, machines, st.integers(0, 4))
def test_its_set_never_goes_beyond_its_limits(
    drawn: list[tuple[object, int, int]], hardware: object, most: int
) -> None:
    admission = Admission(hardware, Server(most=most))  # type: ignore[arg-type]
    loaded: tuple[Runner, ...] = ()
    for number, (shapes, context, gib) in enumerate(drawn):
        member = model(shapes, context, name=f"m{number}", size=gib * GIB)  # type: ignore[arg-type]
        before = {runner.name for runner in loaded}
        step, loaded = admission.ask(member, loaded)
        assert len(loaded) <= admission.most
        assert {runner.name for runner in loaded} == before - {*step.evicts} | (
            set() if step.failed else {member.name}
        )
        for at, gpu in enumerate(admission.gpus):
            free = admission.hardware.gpus[gpu].free
            assert sum(runner.taken[at] for runner in loaded) <= free
        if len(loaded) > 1 and step.available and not step.evicts:
            assert step.predicted <= step.available * 80 // 100
