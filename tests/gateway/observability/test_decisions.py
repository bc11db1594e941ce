"""What was decided is kept for a while, in bounds, and without what was said."""

import pytest

from homeward.gateway.observability.decisions import Decisions
from homeward.model import Call, Candidate, Clearance, Decision, Event, Usage
from homeward.store.records import Entry

CALLS: list[Event] = [
    Call("c1", "coder", Clearance.NETWORK, 7),
    Usage("c1", "coder", 7, 3, seconds=0.5, where=Clearance.NETWORK),
]
NOTES: list[Event] = [
    Decision("router", "code", "looks like code", {"p": 0.9}),
    Candidate("vote", "coder", "the answer", extracted="42", kept=True),
    Candidate("vote", "other", "", error="it was down"),
]


def entry(name: str) -> Entry:
    return Entry(name, 1.0, key="k", route="auto", cost_usd=None, calls=(Usage("c1", "coder"),))


def test_what_was_kept_is_found_as_it_was() -> None:
    decisions = Decisions()
    decisions.keep(entry("a"), NOTES[:1])
    assert decisions.find("a") == (entry("a"), NOTES[:1])
    assert decisions.find("b") is None


def test_calls_are_in_the_entry_and_not_kept_twice() -> None:
    decisions = Decisions()
    decisions.keep(entry("a"), [*CALLS, *NOTES[:1]])
    assert decisions.find("a") == (entry("a"), NOTES[:1])


def test_a_candidates_words_are_contents() -> None:
    decisions = Decisions()
    decisions.keep(entry("a"), NOTES)
    found = decisions.find("a")
    assert found is not None
    assert found[1][1:] == [Candidate("vote", "coder", "", kept=True), NOTES[2]]
    assert b"the answer" not in b"".join(notes for _, notes in decisions._kept.values())


def test_they_are_kept_where_contents_are() -> None:
    decisions = Decisions()
    decisions.keep(entry("a"), NOTES, contents=True)
    assert decisions.find("a") == (entry("a"), NOTES)


def test_the_oldest_go_first() -> None:
    decisions = Decisions(most=3)
    for id_ in "abcd":
        decisions.keep(entry(id_), NOTES)
    assert [id_ for id_ in "abcd" if decisions.find(id_)] == ["b", "c", "d"]


@pytest.mark.parametrize("length", [10, 1000, 100_000])
def test_their_bytes_are_bounded_whatever_they_say(length: int) -> None:
    decisions = Decisions(most_bytes=50_000)
    for number in range(200):
        decisions.keep(entry(str(number)), [Decision("router", "x", "y" * length)])
        assert sum(len(notes) for _, notes in decisions._kept.values()) <= 50_000
    assert (decisions.find("199") is not None) == (length < 50_000)
