from pathlib import Path

import pytest

from homeward.backends.recorded import Recorded
from homeward.backends.scripted import Scripted
from homeward.errors import ConfigError, Failed
from homeward.learn.thresholds import Scored
from homeward.learn.walked import by_walking, checked
from homeward.model import Answer, Request
from homeward.outcomes import read
from homeward.reading import Reading
from homeward.signals.agreement import Agreement
from homeward.signals.heuristic import Heuristic
from homeward.signals.logprobs import Logprobs
from homeward.signals.numbers import Number
from homeward.signals.promised import Promised
from homeward.strategies.cascade import Cascade
from tests.contract import says
from tests.learn.tables import table
from tests.signals.promises import promise

ROWS = [
    {
        "id": str(place),
        "prompt": f"{place} + 1?",
        "answers": {
            "small": {"score": float(place % 2), "text": str(place + place % 2)},
            "other": {"score": 1, "text": str(place + 1)},
        },
    }
    for place in range(20)
]


class Broken:
    async def __call__(self, request: Request, answer: Answer) -> Reading:
        raise Failed("no judge")


async def test_the_check_of_a_route_is_walked_over_recorded_answers(tmp_path: Path) -> None:
    path = table(tmp_path, ROWS)
    check = Agreement(Recorded(path, "other"), Number())
    found = [s async for s in by_walking(Recorded(path, "small"), check, read(path), at_once=3)]
    assert sorted(found, key=lambda s: s.right) == (
        [Scored(0.0, False)] * 10 + [Scored(1.0, True)] * 10
    )


async def test_a_draft_that_fails_is_left_out_and_a_check_that_fails_abstains(
    tmp_path: Path,
) -> None:
    path = table(tmp_path, ROWS)
    failing = Scripted([Failed("down")])
    assert [s async for s in by_walking(failing, Broken(), read(path))] == []
    found = [s async for s in by_walking(Recorded(path, "other"), Broken(), read(path))]
    assert found == [Scored(None, True)] * 20


async def test_the_draft_is_asked_for_the_logprobs_that_the_check_reads(tmp_path: Path) -> None:
    path = table(tmp_path, [{**ROWS[0], "reference": "1"}])
    draft = says("1")
    assert [s async for s in by_walking(draft, Logprobs(logprobs=3), read(path))] == [
        Scored(None, True)
    ]
    assert draft.journal.asked[0].sampling.logprobs == 3


def test_a_promise_is_taken_off_to_be_made_anew(tmp_path: Path) -> None:
    promise().write(tmp_path / "p.json")
    draft, check = says("a"), Heuristic()
    route = Cascade([draft], says("b"), Promised(check, tmp_path / "p.json"))
    assert checked(route, "r") == (draft, check)


def test_a_route_that_is_no_cascade_is_told() -> None:
    with pytest.raises(ConfigError, match="'r' is no cascade"):
        checked(says("a"), "r")


def test_a_cascade_of_several_drafts_is_told() -> None:
    with pytest.raises(ConfigError, match="2 drafts"):
        checked(Cascade([says("a"), says("b")], says("c"), Heuristic()), "r")
