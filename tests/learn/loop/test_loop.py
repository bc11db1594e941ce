"""The loop, over a history in a real store."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from homeward.errors import ConfigError
from homeward.learn.history import Case
from homeward.learn.loop import versions
from homeward.learn.loop.loop import learn, roll_back, status
from homeward.learn.loop.step import Options, Step
from homeward.learn.train.fit import train
from homeward.signals.learned.file import load, save
from homeward.signals.learned.versions import path_of, routers
from homeward.signals.promise import read
from tests.learn.loop import asked

NOW = asked.BEGAN + 1e7
OPTIONS = Options("r")


class World:
    """A store that is asked more and more, and the loop over it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0

    def asks(self, count: int, *, turned: bool = False) -> None:
        asked.write(self.path, count, first=self.count, turned=turned)
        self.count += count

    @property
    def cases(self) -> Sequence[Case]:
        return asked.cases(self.path)

    def learns(self, options: Options = OPTIONS) -> list[Step]:
        return learn(self.cases, options, NOW)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))
    return World(tmp_path / "homeward.db")


@pytest.fixture
def first(world: World) -> World:
    """With a first version in use, made of 200 requests."""
    world.asks(200)
    world.learns()
    return world


@pytest.fixture
def shadowed(first: World) -> World:
    """With a second version in the shadow."""
    first.asks(60)
    first.learns()
    return first


@pytest.fixture
def passed(first: World) -> World:
    """With a second version in the shadow that is known to be not worse."""
    first.asks(600)
    first.learns()
    return first


def test_the_first_version_is_used_at_once(world: World) -> None:
    world.asks(200)
    [step] = world.learns()
    assert (step.did, step.version, step.state) == ("trained", 1, "promoted")
    assert step.because.endswith("nothing else is in use yet")
    assert path_of("r") == versions.folder("r", 1)


def test_it_is_judged_by_the_latest_part_alone(first: World) -> None:
    [trial] = versions.trials("r")
    [judged] = trial.judged
    assert (trial.labels, judged.rows) == (150, 50)
    assert trial.trained_until < judged.since <= judged.until == trial.seen_until
    assert load(path_of("r")).card.labels == 150


def test_it_beats_single_models_at_random(first: World) -> None:
    [judged] = versions.trials("r")[0].judged
    assert (judged.slice, judged.verdict.word) == ("later", "better")
    assert judged.quality > judged.same_spend_quality + 0.1
    assert judged.cost < judged.best_single_cost


def test_nothing_new_trains_nothing(first: World) -> None:
    [step] = first.learns()
    assert (step.did, step.version) == ("waited", None)
    assert step.because.startswith("there are 0 new graded requests since version 1")


def test_the_next_version_waits_in_the_shadow(shadowed: World) -> None:
    found = status("r")
    assert (found.in_use, [each.state for each in found.versions]) == (1, ["promoted", "shadow"])
    [step] = shadowed.learns()
    assert (step.did, step.version, step.state) == ("waited", 2, "shadow")
    assert "there are 0 graded requests since it was last tried" in step.because


def test_it_is_judged_against_the_one_in_use_on_what_neither_was_trained_on(
    shadowed: World,
) -> None:
    one, two = versions.trials("r")
    [judged] = two.judged
    assert judged.against == 1
    assert judged.since > max(one.trained_until, two.trained_until)


def test_it_is_promoted_by_what_is_asked_after_it(shadowed: World) -> None:
    shadowed.asks(250)
    [step] = shadowed.learns()
    assert (step.did, step.version, step.state) == ("looked", 2, "promoted")
    assert step.judged is not None
    assert (step.judged.slice, step.judged.rows, step.judged.against) == ("newer", 250, 1)
    assert status("r").in_use == 2
    assert [each.slice for each in versions.trials("r")[1].judged] == ["later", "newer"]


def test_it_stays_in_the_shadow_where_nothing_is_known_yet(shadowed: World) -> None:
    shadowed.asks(50)
    [step] = shadowed.learns()
    assert (step.did, step.state, status("r").in_use) == ("looked", "shadow", 1)
    assert step.because.startswith("cannot tell")


def test_the_next_look_takes_twice_the_requests(shadowed: World) -> None:
    shadowed.asks(50)
    shadowed.learns()
    shadowed.asks(49)
    [step] = shadowed.learns()
    assert (step.did, "the next look is at 100" in step.because) == ("waited", True)


def test_too_few_newer_requests_decide_nothing(shadowed: World) -> None:
    shadowed.asks(49)
    [step] = shadowed.learns()
    assert (step.did, status("r").in_use) == ("waited", 1)
    assert "there are 49 graded requests" in step.because


def test_it_is_dropped_when_it_turns_out_to_be_worse(shadowed: World, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    asked.write(other, 200, turned=True)
    save(train([each.row for each in asked.cases(other)], asked.MODELS), versions.folder("r", 2))
    shadowed.asks(60)
    looked, trained = shadowed.learns()
    assert (looked.version, looked.state) == (2, "dropped")
    assert (trained.version, status("r").in_use) == (3, 1)


def test_better_for_more_money_is_used_when_people_say_so(first: World) -> None:
    first.asks(500, turned=True)
    [step] = first.learns()
    assert step.judged is not None
    assert (step.state, step.judged.verdict.word, step.judged.dearer) == (
        "dropped",
        "better",
        "surely",
    )
    [step] = first.learns(replace(OPTIONS, promote=True))
    assert (step.state, status("r").in_use) == ("promoted", 3)


def test_it_may_be_used_at_once_where_it_is_not_worse(first: World) -> None:
    first.asks(600)
    [step] = first.learns(replace(OPTIONS, promote=True))
    assert (step.version, step.state) == (2, "promoted")
    assert step.because.endswith("--promote was given")


def test_a_version_in_the_shadow_may_be_used_where_it_has_passed_once(passed: World) -> None:
    [step] = passed.learns(replace(OPTIONS, promote=True))
    assert (step.version, step.state, status("r").in_use) == (2, "promoted", 2)


def test_what_has_not_passed_is_not_used_whatever_is_asked_for(shadowed: World) -> None:
    assert not versions.trials("r")[1].judged[-1].is_not_worse
    [step] = shadowed.learns(replace(OPTIONS, promote=True))
    assert (step.did, status("r").in_use) == ("waited", 1)


def test_rolling_back_uses_the_version_before(passed: World) -> None:
    passed.learns(replace(OPTIONS, promote=True))
    assert roll_back("r", NOW) == (2, 1)
    found = status("r")
    assert (found.in_use, found.before) == (1, ())
    assert found.versions[1].state == "rolled back"


def test_what_was_rolled_back_is_not_taken_up_again(passed: World) -> None:
    passed.learns(replace(OPTIONS, promote=True))
    roll_back("r", NOW)
    passed.asks(60)
    [step] = passed.learns()
    assert (step.did, step.version) == ("trained", 3)


def test_a_dry_run_writes_nothing(world: World) -> None:
    world.asks(200)
    [step] = world.learns(replace(OPTIONS, dry_run=True))
    assert (step.version, step.state) == (1, "promoted")
    assert not routers("r").exists()


def test_a_dry_run_of_a_look_changes_nothing(shadowed: World) -> None:
    before = status("r")
    shadowed.asks(250)
    [step] = shadowed.learns(replace(OPTIONS, dry_run=True))
    assert (step.state, status("r")) == ("promoted", before)


def test_a_promise_lies_beside_a_promoted_version(world: World) -> None:
    world.asks(1000)
    [step] = world.learns()
    assert step.promise.startswith("small is right 95 in 100 where its chance is")
    assert read(path_of("r") / "promise.json").rest.threshold is not None


def test_where_nothing_can_be_promised_that_is_said(first: World) -> None:
    [trial] = versions.trials("r")
    assert trial.promise.startswith("no promise of small (right 95 in 100) can be made on 50")
    assert not (path_of("r") / "promise.json").exists()


def test_too_short_a_history_says_what_is_needed_and_how_to_get_it(world: World) -> None:
    world.asks(99)
    with pytest.raises(ConfigError) as found:
        world.learns()
    words = str(found.value)
    assert words.startswith("99 graded requests are too few to learn from, 100 are needed")
    assert all(way in words for way in ("/homeward/feedback", "keep_contents", "--shadow", "TABLE"))


def test_long_conversations_are_no_two_slices(world: World) -> None:
    world.asks(200)
    same = [replace(each, row=replace(each.row, conversation="c")) for each in world.cases]
    with pytest.raises(ConfigError, match="0 in later conversations to judge by"):
        learn(same, OPTIONS, NOW)


def test_a_version_in_use_that_is_gone_is_told(first: World) -> None:
    versions.folder("r", 1).rename(routers("r") / "elsewhere")
    with pytest.raises(ConfigError, match=r"version 1 .* is in use and its folder is gone"):
        first.learns()


def test_the_same_history_makes_the_same_version(first: World) -> None:
    other = replace(OPTIONS, name="again")
    first.learns(other)
    one, two = (load(path_of(name)) for name in ("r", "again"))
    assert one.card == two.card
    assert one.predict("add 3 and 4") == two.predict("add 3 and 4")


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["learns", "learns", "promotes", "rolls back"]),
        st.sampled_from([0, 60, 250]),
        st.booleans(),
    ),
    max_size=6,
)


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(moves=MOVES)
def test_only_what_is_not_worse_is_ever_used(
    moves: list[tuple[str, int, bool]],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever is asked, and in whichever order people learn, promote and roll back."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOMEWARD_HOME", str(home))
    world = World(home / "homeward.db")
    world.asks(200)
    used: list[int] = []
    for move, count, turned in [("learns", 0, False), *moves]:
        world.asks(count, turned=turned)
        if move == "rolls back":
            if len(used) > 1:
                assert roll_back("r", NOW) == (used.pop(), used[-1])
        else:
            world.learns(replace(OPTIONS, promote=move == "promotes"))
            found = status("r").in_use
            if found is not None and [found] != used[-1:]:
                used.append(found)
                [trial] = [each for each in versions.trials("r") if each.version == found]
                assert trial.state == "promoted"
                assert trial.judged[-1].is_not_worse
                assert trial.judged[-1].is_passed or move == "promotes"
        assert status("r").in_use == (used[-1] if used else None)
