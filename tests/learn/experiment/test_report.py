import numpy as np

from homeward.learn.experiment.report import status
from homeward.store.experiments import Choice, Observation, Plan, Vote
from tests.learn.experiment.test_observed import seen
from tests.learn.experiment.votes import voted

SPLIT = Plan("trial", "auto", "next", measure="errors")
SHADOW = Plan("trial", "auto", "next", share=1.0, shadow=True, measure="seconds")


def split(count: int, control: float, treatment: float) -> list[Observation]:
    """An A/B test of so many conversations, with these rates of errors."""
    chance = np.random.default_rng(0)
    found = []
    for n in range(count):
        arm = "treatment" if n % 2 else "control"
        fails = chance.random() < (treatment if n % 2 else control)
        outcome = "failed" if fails else "finished"
        found.append(seen(str(n), arm, f"c{n}", outcome=outcome, began=float(n)))
    return found


def shadowed(count: int, more: float) -> list[Observation]:
    """A shadow of so many conversations, whose treatment takes so many more seconds."""
    chance = np.random.default_rng(0)
    found = []
    for n in range(count):
        took = float(chance.exponential(2.0))
        longer = took + more + float(chance.normal(0, 0.1))
        found.append(seen(str(n), "control", f"c{n}", seconds=took))
        found.append(seen(str(n), "treatment", f"c{n}", seconds=longer))
    return found


def test_an_experiment_without_data_is_open() -> None:
    found = status(SPLIT, [], [])
    assert found.verdict.call == "open"
    assert found.ratio is None


def test_fewer_errors_are_better() -> None:
    found = status(SPLIT, split(600, 0.4, 0.1), [])
    assert found.verdict.call == "better"
    assert found.requests == 600


def test_as_many_errors_are_open_or_not_worse() -> None:
    assert status(SPLIT, split(600, 0.1, 0.1), []).verdict.call in ("open", "not_worse")


def test_half_of_an_arm_that_is_lost_is_seen() -> None:
    seen_ = [each for n, each in enumerate(split(600, 0.1, 0.1)) if n % 4 != 1]
    assert status(SPLIT, seen_, []).verdict.call == "broken"


def test_a_slower_shadow_is_worse() -> None:
    found = status(SHADOW, shadowed(200, 1.0), [])
    assert found.verdict.call == "worse"
    assert found.ratio is None


def test_the_margin_of_seconds_is_a_part_of_the_controls() -> None:
    found = status(SHADOW, shadowed(200, 0.0), [])
    assert found.verdict.call == "not_worse"


def test_other_measures_stand_beside_it() -> None:
    rows = {row.measure: row for row in status(SHADOW, shadowed(60, 1.0), []).beside}
    assert set(rows) == {"errors", "cost", "seconds"}
    low, high = rows["seconds"].low, rows["seconds"].high
    assert low is not None
    assert high is not None
    assert low < 1.0 < high


def test_those_of_a_split_do_too() -> None:
    rows = {row.measure: row for row in status(SPLIT, split(60, 0.4, 0.1), []).beside}
    assert rows["errors"].control > rows["errors"].treatment


def test_people_decide_by_votes() -> None:
    plan = Plan("trial", "auto", "next", measure="votes")
    found = status(plan, [], [voted(n, "treatment") for n in range(40)])
    assert found.verdict.call == "better"
    assert found.votes is not None
    assert found.votes.votes == 40


def judged(count: int, people: int) -> list[Vote]:
    """A judge's votes on traffic, and on pairs that people have voted on as well."""
    votes = [voted(f"t{n}", "treatment", "judge") for n in range(count)]
    for n in range(people):
        choice: Choice = "treatment" if n % 2 else "control"
        votes += [voted(n, choice), voted(n, choice, "judge")]
    return votes


def test_a_judge_without_people_is_not_believed() -> None:
    plan = Plan("trial", "auto", "next", 1.0, shadow=True, measure="judge", judge="large")
    found = status(plan, [], judged(60, 12))
    assert found.words.startswith("judge not trusted yet: 12 of 50 votes. By it, next is better")


def test_a_judge_that_people_agree_with_is() -> None:
    plan = Plan("trial", "auto", "next", 1.0, shadow=True, measure="judge", judge="large")
    found = status(plan, [], judged(60, 50))
    assert found.words.startswith("next is better than auto")


def test_what_voters_asked_is_no_traffic() -> None:
    plan = Plan("trial", "auto", "next", 1.0, shadow=True, measure="judge", judge="large")
    assert status(plan, [], judged(60, 12)).verdict.conversations == 60
