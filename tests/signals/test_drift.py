import random
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.signals.drift import Drift, Drifts, Watch
from tests.signals.promises import promise

LOW, HIGH = 0.69, 0.8


def steps_to_alarm(watch: Watch, share: float, draw: random.Random, most: int) -> int | None:
    for step in range(1, most + 1):
        if watch.see(draw.random() < share):
            return step
    return None


@cache
def false_alarms(share: float, runs: int = 1000, steps: int = 1000) -> float:
    draw = random.Random(7)
    alarms = [steps_to_alarm(Watch(LOW, HIGH), share, draw, steps) for _ in range(runs)]
    return sum(alarm is not None for alarm in alarms) / runs


@pytest.mark.parametrize("share", [LOW, 0.75, HIGH])
def test_within_the_band_a_thousand_looks_alarm_in_under_5_percent_of_1000_runs(
    share: float,
) -> None:
    assert false_alarms(share) < 0.05


@pytest.mark.parametrize(("share", "soon"), [(0.4, 60), (0.55, 200), (0.95, 150)])
def test_a_real_change_is_seen_soon(share: float, soon: int) -> None:
    draw = random.Random(3)
    found = [steps_to_alarm(Watch(LOW, HIGH), share, draw, 5000) for _ in range(50)]
    assert sorted(step or 5000 for step in found)[25] < soon


def test_a_change_that_comes_late_is_seen_too() -> None:
    draw = random.Random(5)
    watch = Watch(LOW, HIGH)
    assert steps_to_alarm(watch, 0.75, draw, 10_000) is None
    later = steps_to_alarm(watch, 0.4, draw, 5000)
    assert later is not None
    assert later < 200


@given(st.lists(st.booleans(), max_size=60), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_no_bet_grows_on_average_within_the_band(
    seen: list[bool], one: float, other: float
) -> None:
    """The property that Ville's inequality needs, at both ends of the band and between them."""
    low, high = min(one, other), max(one, other)
    for share in (low, (low + high) / 2, high):
        after = {}
        for yes in (True, False):
            watch = Watch(low, high, doubt=1e-300)
            for each in seen:
                watch.see(each)
            before = watch.evidence
            watch.see(yes)
            after[yes] = watch.evidence
        mean = share * after[True] + (1 - share) * after[False]
        assert mean <= before * (1 + 1e-9)


def test_an_alarm_stays() -> None:
    watch = Watch(LOW, HIGH)
    while not watch.see(False):
        pass
    seen = watch.seen
    assert all(watch.see(True) for _ in range(100))
    assert watch.seen == seen


def test_a_band_of_everything_never_alarms() -> None:
    watch = Watch(0.0, 1.0)
    assert not any(watch.see(yes) for yes in (True, False) * 500)


@pytest.mark.parametrize("edge", [0.0, 1.0])
def test_a_band_at_the_end_bears_the_first_surprise(edge: float) -> None:
    watch = Watch(edge, edge)
    watch.see(not edge)
    assert watch.share == 1 - edge


def test_kept_answers_that_are_wrong_more_often_than_promised_are_an_alarm() -> None:
    drift = Drift.of(promise())
    assert not any(drift.right.see(True) for _ in range(500))
    for _ in range(100):
        drift.right.see(False)
    assert drift.alarm
    assert drift.because(promise()).endswith("kept answers right, not 95%")


def test_an_alarm_says_what_is_and_what_was() -> None:
    drift = Drift.of(promise())
    while not drift.kept.see(False):
        pass
    assert drift.because(promise()) == f"0% of {drift.kept.seen} answers kept, not 69% to 80%"
    assert Drift.of(promise()).because(promise()) == ""


def test_one_path_has_one_drift() -> None:
    drifts = Drifts()
    assert drifts.of("a", promise()) is drifts.of("a", promise())
    assert drifts.of("a", promise()) is not drifts.of("b", promise())
