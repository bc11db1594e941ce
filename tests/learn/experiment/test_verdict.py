import math

import pytest

from homeward.learn.experiment.ratio import ratio
from homeward.learn.experiment.sequential import Interval
from homeward.learn.experiment.verdict import Call, Names, verdict
from homeward.store.experiments import Measure

NAMES = Names("auto", "auto-next")


@pytest.mark.parametrize(
    ("low", "high", "call"),
    [
        (0.01, 0.05, "better"),
        (-0.01, 0.05, "not_worse"),
        (-0.015, -0.005, "not_worse"),
        (-0.09, -0.03, "worse"),
        (-0.09, -0.005, "open"),
        (-0.09, 0.2, "open"),
    ],
)
def test_the_margin_decides(low: float, high: float, call: Call) -> None:
    found = verdict(Interval((low + high) / 2, low, high, 300), "feedback", 0.02, NAMES)
    assert found.call == call
    assert found.can_stop == (call != "open")


@pytest.mark.parametrize("measure", ["errors", "cost", "seconds"])
def test_less_is_better_of_what_costs(measure: Measure) -> None:
    found = verdict(Interval(-0.2, -0.3, -0.1, 300), measure, 0.02, NAMES, control_mean=1.0)
    assert found.call == "better"
    assert (found.low, found.high) == (-0.3, -0.1)


def test_the_margin_of_a_cost_is_a_part_of_the_controls() -> None:
    interval = Interval(0.0, -0.1, 0.1, 300)
    assert verdict(interval, "cost", 0.02, NAMES, control_mean=10.0).call == "not_worse"
    assert verdict(interval, "cost", 0.02, NAMES, control_mean=1.0).call == "open"


def test_a_split_that_is_off_outweighs_everything() -> None:
    found = verdict(Interval(0.2, 0.1, 0.3, 9), "feedback", 0.02, NAMES, ratio=ratio(900, 100, 0.5))
    assert found.call == "broken"
    assert not found.can_stop
    assert "stop and look" in found.words


def test_it_is_told_in_words() -> None:
    found = verdict(Interval(0.02, -0.01, 0.05, 300), "feedback", 0.02, NAMES)
    assert found.words == (
        "auto-next is not worse than auto by more than 2 points: auto-next less auto is "
        "-1.0 to +5.0 points, of 300 conversations; stop when you like"
    )


def test_a_fine_split_is_told_too() -> None:
    fine = ratio(150, 150, 0.5)
    found = verdict(Interval(0.0, -0.2, 0.2, 300), "errors", 0.02, NAMES, ratio=fine)
    assert found.words.endswith(
        "keep going. The split is fine: 150 and 150 conversations, 50% meant for the second"
    )


def test_too_few_say_nothing() -> None:
    empty = Interval(math.nan, -math.inf, math.inf, 3)
    found = verdict(empty, "seconds", 0.02, NAMES)
    assert "keep going" in found.words
    assert (found.call, found.difference, found.low, found.high) == ("open", None, None, None)
