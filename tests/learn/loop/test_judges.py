"""Judges' verdicts as grades."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest

from homeward.learn.loop.judges import applied, verdicts, watched
from homeward.store.experiments import Choice, Observation, Plan, Vote
from homeward.store.records import Entry, Past
from tests.learn.experiment.votes import voted
from tests.learn.loop.asked import case

SHADOW = Plan("s", "auto", "next", shadow=True, measure="judge", judge="large")
TASTE = Plan("t", "auto", "next", measure="votes", judge="large")
CHOICES: tuple[Choice, ...] = ("control", "treatment")


@dataclass
class Kept:
    """Experiments in memory."""

    given: dict[str, list[Vote]] = field(default_factory=dict[str, list[Vote]])

    async def plans(self) -> list[Plan]:
        return [SHADOW, TASTE]

    async def put_plan(self, plan: Plan) -> None: ...

    async def observations(self, experiment: str) -> list[Observation]:
        return []

    async def add_votes(self, votes: Sequence[Vote]) -> None: ...

    async def votes(self, experiment: str) -> list[Vote]:
        return self.given.get(experiment, [])


def agreed(count: int) -> list[Vote]:
    return [
        voted(number, CHOICES[number % 2], by)
        for number in range(count)
        for by in ("people", "judge")
    ]


ON_SHADOWS = [voted("e0", "treatment", "judge"), voted("e1", "tie", "judge")]


async def test_a_judge_that_people_agree_with_is_heeded() -> None:
    found, said = await verdicts(Kept({"s": ON_SHADOWS, "t": agreed(50)}))
    assert (found, said) == (ON_SHADOWS, [])


async def test_a_judge_that_nobody_has_checked_is_not() -> None:
    found, said = await verdicts(Kept({"s": ON_SHADOWS, "t": agreed(12)}))
    assert found == []
    assert said == [
        "2 verdicts of large are not used: judge not trusted yet: 12 of 50 votes",
    ]


@pytest.mark.parametrize(
    ("choice", "grades"),
    [("control", (1.0, 0.0)), ("treatment", (0.0, 1.0)), ("tie", (0.5, 0.5))],
)
def test_a_verdict_grades_both_answers(choice: Choice, grades: tuple[float, float]) -> None:
    [found] = applied(
        [case(0, {"small": None, "large": None})], [voted("e0", choice, "judge")], {"e0": "large"}
    )
    answers = found.row.answers
    assert (answers["small"].score, answers["large"].score) == grades


def test_a_verdict_takes_the_place_of_a_single_rating() -> None:
    cases = [case(0, {"small": 1.0, "large": None})]
    [found] = applied(cases, ON_SHADOWS, {"e0": "large"})
    assert found.row.answers["small"].score == 0.0


@pytest.mark.parametrize(
    ("scores", "shadow"),
    [
        ({"small": 1.0, "large": 1.0}, "large"),
        ({"small": 1.0}, "large"),
        ({"small": 1.0, "large": None}, "small"),
        ({"small": 1.0, "large": None}, ""),
    ],
)
def test_what_people_graded_or_nobody_answered_stays(
    scores: dict[str, float | None], shadow: str
) -> None:
    cases = [case(0, scores)]
    assert applied(cases, ON_SHADOWS, {"e0": shadow} if shadow else {}) == cases


async def test_who_answered_unheard_is_read_from_the_history() -> None:
    pasts = [Past(Entry("e0", 0.0, model="small")), Past(Entry("e0-shadow", 1.0, model="large"))]

    async def history() -> AsyncIterator[Past]:
        for each in pasts:
            yield each

    shadows: dict[str, str] = {}
    assert [each async for each in watched(history(), shadows)] == pasts
    assert shadows == {"e0": "large"}
