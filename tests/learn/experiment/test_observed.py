import pytest

from homeward.learn.experiment.observed import arms, outcome, pairs, split
from homeward.store.experiments import Measure, Observation


def seen(
    id_: str = "1", arm: str = "control", conversation: str = "c1", **fields: object
) -> Observation:
    values: dict[str, object] = {
        "began": 0.0,
        "outcome": "finished",
        "cost_usd": 0.5,
        "seconds": 2.0,
        "rating": None,
    }
    return Observation(id_, arm=arm, conversation=conversation, **{**values, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("measure", "fields", "expected"),
    [
        ("feedback", {"rating": -1.0}, 0.0),
        ("feedback", {"rating": 0.5}, 0.75),
        ("feedback", {}, None),
        ("errors", {}, 0.0),
        ("errors", {"outcome": "failed"}, 1.0),
        ("errors", {"outcome": "cancelled"}, None),
        ("cost", {}, 0.5),
        ("cost", {"cost_usd": None}, None),
        ("seconds", {}, 2.0),
        ("seconds", {"outcome": "failed"}, None),
        ("votes", {}, None),
    ],
)
def test_what_a_request_counts_for(
    measure: Measure, fields: dict[str, object], expected: float | None
) -> None:
    assert outcome(seen(**fields), measure) == expected  # type: ignore[arg-type]


def test_a_conversation_counts_once() -> None:
    of = [seen("1"), seen("2", outcome="failed"), seen("3", "treatment", "c2")]
    found = arms(of, "errors")
    assert found.outcomes.tolist() == [0.5, 0.0]
    assert found.treated == [False, True]


def test_a_conversation_in_both_arms_is_left_out() -> None:
    found = arms([seen("1"), seen("2", "treatment"), seen("3", conversation="c2")], "errors")
    assert found.mixed == 1
    assert len(found.outcomes) == 1


def test_the_split_counts_conversations_without_an_outcome_too() -> None:
    of = [seen("1", outcome="cancelled"), seen("2"), seen("3", "treatment", "c2")]
    assert split(of) == (1, 1)


def test_pairs_are_requests_that_both_arms_answered() -> None:
    of = [
        seen("1", seconds=1.0),
        seen("1", "treatment", seconds=3.0),
        seen("2", seconds=5.0),
        seen("2", "treatment", seconds=6.0),
        seen("3", seconds=9.0),
    ]
    found = pairs(of, "seconds")
    assert (found.treatment - found.control).tolist() == [1.5]
    assert found.requests.tolist() == [2.0, 1.0]
    assert found.groups == ["c1", "c1"]
