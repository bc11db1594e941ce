"""What becomes of a version."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.learn.loop.decide import (
    DOUBT,
    LOOKS,
    after_look,
    after_training,
    confidence,
    due,
)
from homeward.learn.loop.record import Dearer, State
from homeward.learn.verdict import Word
from tests.learn.loop.judged import judged

WORDS: tuple[Word, ...] = ("better", "not worse", "worse", "cannot tell")
DEARER: tuple[Dearer, ...] = ("no", "perhaps", "surely")


@pytest.mark.parametrize(
    ("word", "against", "at_once", "state"),
    [
        ("better", None, False, "promoted"),
        ("not worse", None, False, "promoted"),
        ("cannot tell", None, False, "shadow"),
        ("worse", None, False, "dropped"),
        ("better", 1, False, "shadow"),
        ("not worse", 1, False, "shadow"),
        ("cannot tell", 1, False, "shadow"),
        ("worse", 1, False, "dropped"),
        ("better", 1, True, "promoted"),
        ("cannot tell", 1, True, "shadow"),
        ("worse", 1, True, "dropped"),
    ],
)
def test_after_training(word: Word, against: int | None, at_once: bool, state: State) -> None:  # noqa: FBT001
    assert after_training(judged(word, against), at_once=at_once).state == state


@pytest.mark.parametrize(
    ("word", "look", "state"),
    [
        ("better", 1, "promoted"),
        ("not worse", 1, "promoted"),
        ("cannot tell", 1, "shadow"),
        ("cannot tell", LOOKS, "dropped"),
        ("worse", 1, "dropped"),
    ],
)
def test_after_a_look(word: Word, look: int, state: State) -> None:
    assert after_look(judged(word, 1), look, at_once=False).state == state


@pytest.mark.parametrize(
    ("dearer", "at_once", "state"),
    [
        ("perhaps", False, "shadow"),
        ("surely", False, "dropped"),
        ("perhaps", True, "promoted"),
        ("surely", True, "promoted"),
    ],
)
def test_more_money_is_for_people_to_give(dearer: Dearer, at_once: bool, state: State) -> None:  # noqa: FBT001
    found = judged("better", 1, dearer)
    assert after_training(found, at_once=at_once).state == state
    assert after_look(found, 1, at_once=at_once).state == state


def test_all_looks_together_have_the_doubt_of_one() -> None:
    assert sum(1 - confidence(look) for look in range(1, 60)) <= DOUBT + 1e-12


def test_each_look_takes_twice_the_requests() -> None:
    assert [due(look, 60, 50) for look in (1, 2, 3)] == [0, 40, 140]


@given(
    word=st.sampled_from(WORDS),
    against=st.none() | st.just(1),
    dearer=st.sampled_from(DEARER),
    at_once=st.booleans(),
)
def test_nothing_is_promoted_that_is_not_known_to_be_not_worse(
    word: Word,
    against: int | None,
    dearer: Dearer,
    at_once: bool,  # noqa: FBT001
) -> None:
    found = judged(word, against, dearer)
    states = {
        after_training(found, at_once=at_once).state,
        after_look(found, 1, at_once=at_once).state,
    }
    assert "promoted" not in states or found.is_not_worse
    assert "promoted" not in states or found.is_passed or at_once
