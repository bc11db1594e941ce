import numpy as np
import pytest

from homeward.signals.learned.checked import gathered
from homeward.signals.learned.evidence import ANSWER
from homeward.signals.learned.router import LearnedRouter
from tests.learn.train.drawn import prompt, router


def reading() -> LearnedRouter:
    return router(with_answer=True)


def agreeing() -> LearnedRouter:
    return router(checkers=("a", "b"))


def test_an_answer_that_doubts_is_less_likely_right() -> None:
    sure = reading().right(prompt(), "It is 42.", None, [])
    doubting = reading().right(prompt(), "However, it might not be 42.", None, [])
    assert sure > 0.8 > 0.3 > doubting


def test_an_answer_on_which_others_agree_is_likelier_right() -> None:
    both = agreeing().right(prompt(), "It is 42.", "42", ["42", "42"])
    one = agreeing().right(prompt(), "It is 42.", "42", ["42", "41"])
    none = agreeing().right(prompt(), "It is 42.", "42", ["41", "41"])
    assert both > one > none


@pytest.mark.parametrize("others", [["41", None], [None, None]])
def test_checkers_that_have_no_answer_still_give_a_chance(others: list[str | None]) -> None:
    assert 0 <= agreeing().right(prompt(), "", None, others) <= 1


def test_words_are_looked_at_only_where_it_was_trained_on_them() -> None:
    plain = agreeing().right(prompt(), "It is 42.", "42", ["42", "42"])
    assert agreeing().right(prompt(), "Is it 24?", "42", ["42", "42"]) == plain


def test_a_router_that_has_seen_no_answers_says_how_to_mend_it() -> None:
    with pytest.raises(ValueError, match="--with-answer"):
        router().right(prompt(), "It is 42.", None, [])


def test_what_is_not_looked_at_is_no_evidence() -> None:
    assert len(gathered("p", None, None, [], 0)) == 0
    assert len(gathered("p", "words", None, [], 5)) == ANSWER
    assert len(gathered("p", None, "4", ["4"], 5)) == 4 + 1 + 5 + 2


def test_evidence_far_from_training_is_cut() -> None:
    checked = reading().checked
    assert checked is not None
    odd = gathered("p", "9" * 5_000, None, [], None)
    assert float(np.abs(checked.standard(odd)).max()) <= 4
