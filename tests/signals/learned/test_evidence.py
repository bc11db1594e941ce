import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.signals.learned.evidence import ANSWER, of_agreement, of_answer

TEXTS = st.text(alphabet=st.sampled_from("0123456789.,$-+=#<> a\u0663"), max_size=60)


@given(TEXTS | st.text(), TEXTS | st.text())
def test_there_are_always_as_many_numbers_and_all_are_finite(prompt: str, text: str) -> None:
    found = of_answer(prompt, text)
    assert len(found) == ANSWER
    assert all(math.isfinite(value) for value in found)


def test_equations_that_hold_and_that_do_not_are_counted() -> None:
    assert of_answer("", "2 + 2 = 4")[:3] == (1, 0, 0)
    assert of_answer("", "2 + 2 = 5, 1 + 1 = 2")[:3] == (1, 1, 1)


def test_the_share_of_the_question_s_numbers_that_are_used() -> None:
    assert of_answer("3 apples and 4 pears", "There are 3.")[12] == 0.5


def test_the_final_number_is_the_marked_one() -> None:
    assert of_answer("", "9 or so\n#### 7\n8 more")[9] == pytest.approx(math.log1p(7))


def test_without_a_mark_it_is_the_last_one() -> None:
    assert of_answer("", "9, then 8")[9] == pytest.approx(math.log1p(8))


def test_a_number_of_a_thousand_digits_is_cut() -> None:
    assert of_answer("", "9" * 1_000)[9] == pytest.approx(math.log1p(1e12))


def test_an_answer_of_a_megabyte_is_read_from_its_beginning() -> None:
    assert of_answer("", "7 " * 500_000) == of_answer("", "7 " * 400_000)


def test_who_agrees_and_how_many() -> None:
    found = of_agreement("4", ["4", "5", None])
    who, (share, against, silent, others_silent, whole) = found[-8:-5], found[-5:]
    assert who == (1, 0, 0)
    assert (share, against) == pytest.approx((1 / 3, 1 / 3))
    assert (silent, others_silent, whole) == (0, 1, 1)


def test_an_answer_without_a_type_agrees_with_nobody() -> None:
    found = of_agreement(None, [None, None])
    assert found[-7:-5] == (0, 0)
    assert found[-3:] == (1, 2, 0)


@given(st.lists(st.sampled_from([None, "1", "2"]), min_size=1, max_size=5))
def test_exactly_one_pattern_of_agreement_holds(others: list[str | None]) -> None:
    patterns = of_agreement("1", others)[: (len(others) + 1) ** 2]
    assert sorted(patterns, reverse=True)[:2] == [1, 0]
