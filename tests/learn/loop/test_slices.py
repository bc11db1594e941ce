"""The older part to train on, the later one to judge by."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.learn.history import Case
from homeward.learn.loop.slices import asked_at, conversation, newer, split
from tests.learn.loop.asked import case


def asked(count: int) -> list[Case]:
    return [case(number, {}) for number in range(count)]


def ids(cases: Sequence[Case]) -> list[str]:
    return [each.row.id for each in cases]


def test_the_latest_fifth_judges() -> None:
    found = split(asked(100), 5)
    assert (ids(found.train), ids(found.judge)) == (ids(asked(100)[:80]), ids(asked(100)[80:]))


def test_so_many_judge_at_least() -> None:
    assert len(split(asked(100), 40).judge) == 40


def test_the_order_of_the_history_does_not_matter() -> None:
    assert split(asked(50)[::-1], 5) == split(asked(50), 5)


def test_later_turns_of_what_is_trained_on_are_in_neither() -> None:
    cases = [*asked(9), case(9, {}, talk="c0")]
    found = split(cases, 2)
    assert (ids(found.judge), found.between) == (["e8"], 1)


def test_what_was_asked_at_one_time_is_not_parted() -> None:
    cases = [case(number, {}, at=0.0 if number < 5 else 7.0) for number in range(20)]
    assert len(split(cases, 4).judge) == 15


def test_nothing_judges_that_was_asked_before_the_version_in_use_was_trained() -> None:
    found = split(asked(100), 5, after=89.0)
    assert (found.cut, len(found.judge)) == (89.0, 10)


@pytest.mark.parametrize(("count", "train"), [(0, 0), (1, 0), (5, 0), (6, 1)])
def test_a_short_history_leaves_little_to_train_on(count: int, train: int) -> None:
    assert len(split(asked(count), 5).train) == train


def test_what_is_newer_began_after_it() -> None:
    cases = [*asked(6), case(6, {}, talk="c1")]
    assert ids(newer(cases, 3.0)) == ["e4", "e5"]


TIMES = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 12)), max_size=40)


@given(asked=TIMES, at_least=st.integers(1, 20), after=st.integers(-1, 20))
def test_neither_time_nor_a_conversation_is_in_both(
    asked: list[tuple[int, int]], at_least: int, after: int
) -> None:
    cases = [case(n, {}, at=float(at), talk=f"c{talk}") for n, (at, talk) in enumerate(asked)]
    train, judge, between = split(cases, at_least, after=float(after))
    assert len(train) + len(judge) + between == len(cases)
    assert not set(map(conversation, train)) & set(map(conversation, judge))
    assert max(map(asked_at, train), default=-1) < min(map(asked_at, judge), default=99)
    assert all(asked_at(each) > after for each in judge)
