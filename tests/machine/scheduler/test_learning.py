from math import inf

from homeward.machine.scheduler.learning import Loaded, saw
from homeward.machine.scheduler.schedule import Machine, Runner

LATE = 1000.0
"""Until when a server would keep them."""


def machine(*names: str) -> Machine:
    made = Machine(most=3)
    for name in names:
        made.add(Runner(name, size=5, idle_since=0.0))
    return made


def loaded(**sizes: int) -> dict[str, Loaded]:
    return {name: Loaded(size, LATE) for name, size in sizes.items()}


def test_a_model_that_was_pushed_out_did_not_fit_beside_the_other() -> None:
    made = machine("a", "b")
    saw(made, loaded(a=5), 1.0, 1.0)
    saw(made, loaded(b=6), 2.0, 2.0)
    assert made.memory == 10  # less than both together
    assert [runner.name for runner in made.loaded] == ["b"]


def test_those_that_are_there_together_fit_together() -> None:
    made = machine("a", "b")
    made.memory = 8
    saw(made, loaded(a=5, b=6), 1.0, 1.0)
    assert (made.memory, len(made.loaded)) == (11, 2)


def test_a_model_whose_time_had_come_says_nothing_of_the_memory() -> None:
    made = machine("a", "b")
    saw(made, {"a": Loaded(5, until=1.5)}, 1.0, 1.0)
    saw(made, loaded(b=6), 2.0, 2.0)
    assert (made.memory, made.runners["a"].loads) == (inf, 0)


def test_a_model_whose_requests_wait_in_the_runtime_is_not_loaded() -> None:
    made = machine("a", "b")
    saw(made, loaded(a=5), 1.0, 1.0)
    made.runners["a"].running = 2
    saw(made, loaded(b=5), 2.0, 2.0)
    assert (made.memory, made.runners["a"].loads) == (9, 0)


def test_a_model_that_is_being_loaded_is_left_as_it_is() -> None:
    made = machine("a")
    runner = made.runners["a"]
    runner.loads, runner.fresh, runner.since = 1, True, 0.5
    saw(made, {}, 1.0, 1.0)
    assert runner.loads == 1


def test_a_model_that_was_let_in_while_it_was_asked_is_left_as_it_is() -> None:
    made = machine("a")
    runner = made.runners["a"]
    runner.loads, runner.since = 1, 1.5
    saw(made, {}, 1.0, 2.0)
    assert runner.loads == 1


def test_a_model_that_makes_room_is_not_taken_back_for_being_there_still() -> None:
    made = machine("a", "b")
    made.memory = 8
    made.runners["b"].loads, made.runners["b"].fresh = 1, True
    saw(made, loaded(a=5), 1.0, 1.0)
    assert [runner.name for runner in made.loaded] == ["b"]


def test_more_models_than_were_thought_possible_are_believed() -> None:
    made = machine("a")
    saw(made, loaded(a=1, b=1, c=1, d=1), 1.0, 1.0)
    assert made.most == 4


def test_the_size_that_a_loaded_model_really_has_counts() -> None:
    made = machine("a")
    saw(made, loaded(a=7), 1.0, 1.0)
    assert made.runners["a"].size == 7
