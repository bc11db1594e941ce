"""The scheduler, played through in simulated time: no task, no clock, no sleep."""

import heapq
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.machine.scheduler.schedule import Let, Machine, Rules, Runner, next_in, swap

GB = 10**9
RULES = Rules(overtakes=4, patience=20.0, residency=2.0, linger=0.2)


@dataclass(frozen=True)
class Asks:
    at: float
    runner: int
    takes: float


@dataclass
class Played:
    """``loads`` are the names in their order, ``waits`` the seconds of each, by its place."""

    loads: list[str] = field(default_factory=list)
    waits: dict[int, float] = field(default_factory=dict)
    served: dict[str, list[int]] = field(default_factory=dict)
    most_running: dict[str, int] = field(default_factory=dict)
    excess: list[tuple[int, float]] = field(default_factory=list)  # models, bytes of them together


def play(machine: Machine, asks: list[Asks]) -> Played:
    """Every promise that can be seen at a moment is checked at each."""
    runners = list(machine.runners.values())
    played = Played()
    moments: list[tuple[float, int, int, str]] = []
    for place, ask in enumerate(asks):
        heapq.heappush(moments, (ask.at, 1, place, "comes"))
    who: dict[int, int] = {}
    step = 0
    while moments:
        now, _, place, what = heapq.heappop(moments)
        step += 1
        assert step < 10_000, "it goes round without letting anybody in"
        if what == "comes":
            who[machine.arrive(runners[asks[place].runner], now).order] = place
        elif what == "leaves":
            machine.leave(runners[asks[place].runner], now)
        while isinstance(decided := next_in(machine, now), Let):
            runner = decided.runner
            assert all(victim.running == 0 for victim in decided.evict), "evicted while it ran"
            if not runner.loads:
                played.loads.append(runner.name)
            waiter = machine.admit(decided, now)
            served = who[waiter.order]
            played.waits[served] = now - waiter.since
            played.served.setdefault(runner.name, []).append(served)
            played.most_running[runner.name] = max(
                played.most_running.get(runner.name, 0), runner.running
            )
            assert runner.loads
            assert all(each.loads for each in runners if each.running), "runs, but is not loaded"
            loaded = machine.loaded
            played.excess.append((len(loaded), sum(each.size for each in loaded)))
            assert len({each.place for each in loaded}) == len(loaded)
            heapq.heappush(moments, (now + asks[served].takes, 0, served, "leaves"))
        if now < decided < inf:
            heapq.heappush(moments, (decided, 2, -1, "asks again"))
    return played


def machine(
    *sizes: float, memory: float = inf, most: float = inf, limit: float = 4, rules: Rules = RULES
) -> Machine:
    made = Machine(memory * GB, most, rules)
    for name, size in zip("abcdefg", sizes, strict=False):
        made.add(Runner(name, size=round(size * GB), limit=limit))
    return made


asked = st.lists(
    st.builds(
        Asks,
        at=st.floats(0, 60),
        runner=st.integers(0, 3),
        takes=st.floats(0.01, 8),
    ),
    max_size=60,
)
machines = st.builds(
    lambda sizes, memory, most, limit: machine(*sizes, memory=memory, most=most, limit=limit),
    st.lists(st.floats(0, 12), min_size=4, max_size=4),
    st.floats(1, 24),
    st.integers(1, 4),
    st.integers(1, 5),
)


@given(machines, asked)
def test_everybody_is_served(made: Machine, asks: list[Asks]) -> None:
    played = play(made, asks)
    assert len(played.waits) == len(asks)
    assert (made.waiting, [runner.running for runner in made.runners.values()]) == (0, [0] * 4)


@given(machines, asked)
def test_memory_is_exceeded_by_one_model_alone_at_most(made: Machine, asks: list[Asks]) -> None:
    for count, size in play(made, asks).excess:
        assert count == 1 or (size <= made.memory and count <= made.most)


@given(machines, asked)
def test_no_more_than_the_limit_run(made: Machine, asks: list[Asks]) -> None:
    played = play(made, asks)
    for name, most in played.most_running.items():
        assert most <= made.runners[name].limit


@given(machines, asked)
def test_first_come_first_served_within_a_model(made: Machine, asks: list[Asks]) -> None:
    for places in play(made, asks).served.values():
        assert all((asks[a].at, a) <= (asks[b].at, b) for a, b in pairwise(places))


@given(machines, st.lists(st.floats(0.01, 3), min_size=1, max_size=40), st.floats(0, 5))
def test_one_who_waits_for_a_swap_waits_no_longer_than_patience_and_what_runs(
    made: Machine, takes: list[float], at: float
) -> None:
    """Whatever the others, who come without a pause for one model, do."""
    asks = [Asks(place / 2, 0, each) for place, each in enumerate(takes)]
    asks.append(Asks(at, 1, 1.0))
    resident = 12 + RULES.residency  # the largest model's, at 1 GB/s
    bound = RULES.patience + 2 * max(takes) + resident + RULES.linger
    assert play(made, asks).waits[len(takes)] <= bound


@settings(max_examples=30)
@given(st.integers(5, 40), st.floats(0.1, 4))
def test_nobody_is_overtaken_for_ever(many: int, takes: float) -> None:
    """A model that is asked for without end lets the other in after ``overtakes``, or sooner."""
    rules = Rules(overtakes=4, patience=inf, residency=0.0, disk=inf)
    made = machine(5, 5, memory=8, limit=1, rules=rules)
    asks = [Asks(0.0, 0, takes), Asks(0.01, 1, takes)]
    asks += [Asks(0.02, 0, takes) for _ in range(many)]
    served = play(made, asks)
    assert served.waits[1] <= takes * (1 + rules.overtakes) + 0.01


def fifo_loads(asks: list[Asks]) -> int:
    """What one place for one model costs when the next is always whoever came first."""
    order = [ask.runner for ask in sorted(asks, key=lambda ask: ask.at)]
    return 1 + sum(before != after for before, after in pairwise(order))


@given(st.integers(10, 60), st.floats(0.05, 2.0))
def test_alternating_models_are_gathered(many: int, takes: float) -> None:
    """ABAB ... at once: first come, first served would load at every single request."""
    asks = [Asks(place / 1000, place % 2, takes) for place in range(many)]
    rules = Rules()
    played = play(machine(5, 5, memory=8, limit=4, rules=rules), asks)
    assert fifo_loads(asks) == many
    # each load serves for at least as long as it took (5 GB at 1 GB/s), and two seconds more
    assert len(played.loads) <= 2 + many * takes / 4 / (5 + rules.residency)


def test_a_pair_of_clients_that_ask_again_at_once_does_not_swap_at_each_answer() -> None:
    """Closed loops, one of A and one of B: without lingering each answer would be a swap."""
    asks = []
    for place in range(20):
        asks += [Asks(place * 0.5, 0, 0.4), Asks(place * 0.5 + 0.05, 1, 0.4)]
    played = play(machine(5, 5, memory=8, limit=1, rules=Rules()), asks)
    assert len(played.loads) <= 4
    assert fifo_loads(asks) == 40


# ---------------------------------------------------------------- batches for a panel


def panel(prompts: int, takes: float, models: int = 3) -> list[Asks]:
    """So many prompts at once, each for every model."""
    return [Asks(0, model, takes) for _ in range(prompts) for model in range(models)]


def loads(prompts: int, takes: float, rules: Rules) -> int:
    return len(play(machine(5, 5, 5, memory=8, rules=rules), panel(prompts, takes)).loads)


def test_a_batch_goes_through_a_panel_model_by_model() -> None:
    """16 prompts of 5 seconds to three models, each for itself would load 48 times."""
    assert loads(16, 5.0, Rules()) == 3


def test_without_turns_a_batch_would_swap_as_soon_as_a_load_has_paid_off() -> None:
    without = Rules(turn=0.0, worth=0.0)
    assert (loads(16, 5.0, without), loads(64, 5.0, without)) == (5, 11)
    assert loads(64, 5.0, Rules()) == 4


@given(st.integers(1, 60), st.floats(0.1, 20))
def test_a_batch_loads_each_model_once_in_the_time_of_a_turn(prompts: int, takes: float) -> None:
    """And what the first one, loaded for a single prompt, had to leave for later."""
    rules = Rules()
    rounds = 1 + prompts * takes / 4 / rules.patience
    assert loads(prompts, takes, rules) <= 3 * (1 + rounds)


@given(st.floats(0.1, 20), st.integers(1, 60))
def test_one_who_comes_behind_a_batch_waits_for_it_and_its_swaps_alone(
    takes: float, prompts: int
) -> None:
    rules = Rules()
    asks = [*panel(prompts, takes, 2), Asks(1.0, 2, takes)]
    played = play(machine(5, 5, 5, memory=8, rules=rules), asks)
    work = 2 * prompts * takes / 4
    swap_ = 2 * takes + rules.residency + 5 + rules.linger  # what runs, and what has to pay off
    assert played.waits[len(asks) - 1] <= work + len(played.loads) * swap_


def test_a_turn_is_for_those_who_were_in_line_before_it_began() -> None:
    """Whoever comes later for the model that is loaded does not make it longer."""
    asks = [Asks(0, 0, 1), *(Asks(0.5 + place, 0, 1) for place in range(200)), Asks(0.1, 1, 1)]
    played = play(machine(5, 5, memory=8, limit=1), asks)
    assert played.waits[len(asks) - 1] <= RULES.patience + 5 + RULES.residency + 2


def test_a_swap_costs_what_loads_were_seen_to_take() -> None:
    made = machine(5)
    runner = made.runners["a"]
    assert swap(runner, made.rules) == 5
    for took in (2.0, 4.0):
        made.unload(runner)
        made.arrive(runner, 0.0)
        made.admit(Let(runner), 0.0)
        made.leave(runner, 1.0, took=took)
    assert swap(runner, made.rules) == 0.7 * 2 + 0.3 * 4
    assert runner.swaps == 2


def test_only_the_first_answer_since_a_load_tells_what_it_took() -> None:
    made = machine(5)
    runner = made.runners["a"]
    for _ in range(2):
        made.arrive(runner, 0.0)
        made.admit(Let(runner), 0.0)
    made.leave(runner, 1.0, took=2.0)
    made.leave(runner, 1.0, took=1.9)
    assert swap(runner, made.rules) == 2


def test_a_model_that_loads_quickly_makes_room_sooner() -> None:
    made = machine(5, 5, memory=8)
    made.runners["a"].took = 0.05
    played = play(made, [Asks(0, 0, 1), Asks(0.5, 1, 1)])
    assert played.waits[1] == 0.5 + 0.05 * (RULES.worth + 1)


def test_models_that_fit_together_run_together() -> None:
    played = play(machine(3, 4, memory=8), [Asks(0, 0, 5), Asks(0, 1, 5), Asks(0, 0, 5)])
    assert (played.loads, max(played.waits.values())) == (["a", "b"], 0)


def test_a_model_that_answers_is_not_evicted() -> None:
    played = play(machine(5, 5, memory=8), [Asks(0, 0, 19), Asks(1, 1, 1)])
    assert played.waits[1] == 18 + RULES.residency + 5  # its residency begins with its answer


def test_a_third_that_fits_runs_while_the_second_waits() -> None:
    played = play(machine(5, 5, 1, memory=8), [Asks(0, 0, 9), Asks(1, 1, 1), Asks(2, 2, 1)])
    assert played.waits[2] == 0


def test_nobody_takes_the_room_of_one_who_is_overdue() -> None:
    asks = [Asks(0, 0, 30), Asks(1, 1, 1), Asks(25, 2, 60), Asks(26, 0, 10)]
    played = play(machine(5, 6, 3, memory=8), asks)
    assert played.waits[1] < 30 + RULES.residency + 5
    assert played.waits[2] > 0


def test_no_more_models_than_there_are_places() -> None:
    played = play(machine(0, 0, 0, most=2), [Asks(0, 0, 9), Asks(0, 1, 9), Asks(0, 2, 9)])
    assert played.waits[2] > 9


def test_two_ways_to_load_a_model_are_never_there_together() -> None:
    made = Machine(rules=RULES)
    for context in ("4096", "8192"):
        made.add(Runner(context, place="qwen", limit=4))
    played = play(made, [Asks(0, 0, 3), Asks(1, 1, 3)])
    assert played.waits[1] == 2 + RULES.residency


def test_a_model_too_large_for_the_memory_runs_alone() -> None:
    played = play(machine(20, 1, memory=8), [Asks(0, 0, 3), Asks(1, 1, 1)])
    assert played.excess == [(1, 20 * GB), (1, GB)]


def test_a_small_one_stays_when_the_large_one_makes_room_enough() -> None:
    made = machine(1, 6, 5, memory=8)
    play(made, [Asks(0, 0, 1), Asks(1, 1, 1), Asks(60, 2, 1)])
    assert [runner.name for runner in made.loaded] == ["a", "c"]


def test_a_limit_halves_when_the_server_has_too_many_and_grows_again() -> None:
    made = Machine()
    runner = made.add(Runner("a"))
    runner.running = 20
    made.leave(runner, 0.0, busy=True)
    assert runner.limit == 10
    runner.running = 10
    for _ in range(10):
        made.leave(runner, 0.0)
        runner.running += 1
    assert 10.9 < runner.limit < 11


def test_a_limit_never_falls_below_one() -> None:
    made = Machine()
    runner = made.add(Runner("a", limit=1, most=1, running=1))
    made.leave(runner, 0.0, busy=True)
    assert runner.limit == 1


def test_a_full_round_that_went_well_grows_no_fixed_limit() -> None:
    made = Machine()
    runner = made.add(Runner("a", limit=2, most=2, running=2))
    made.leave(runner, 0.0)
    assert runner.limit == 2
