from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.model import Answer, Finish, Text
from homeward.signals.learned.router import Prediction
from tests.learn.train.drawn import ELSEWHERE, PAIR, THREE, prompt, router


def predicted(text: str, models: Sequence[str] = PAIR) -> Prediction:
    return router(models).predict(text)


def test_every_model_has_a_chance_and_a_cost() -> None:
    found = predicted(prompt(), THREE)
    assert (*found.quality,) == (*found.costs,) == router(THREE).models == THREE


def test_the_word_that_makes_a_model_fail_lowers_its_chance_alone() -> None:
    easy, hard = predicted(prompt()).quality, predicted(prompt(hard=True)).quality
    assert easy["small"] > 0.6 > 0.5 > hard["small"]
    assert abs(easy["large"] - hard["large"]) < 0.1


def test_the_group_that_a_model_is_bad_at_lowers_its_chance() -> None:
    cooking = predicted(prompt(group="cooking"), THREE).quality["middle"]
    assert cooking > 0.6 > 0.5 > predicted(prompt(group="sailing"), THREE).quality["middle"]


def test_the_dear_model_is_expected_to_cost_more() -> None:
    costs = predicted(prompt(), THREE).costs
    assert costs["small"] < costs["middle"] < costs["large"]


def test_without_prices_a_cost_is_the_place_among_the_models() -> None:
    assert predicted(prompt()).costs == {"small": 0.0, "large": 1.0}


@given(st.text())
def test_whatever_the_prompt_chances_are_shares_and_costs_are_positive(text: str) -> None:
    found = predicted(text, THREE)
    assert all(0 <= chance <= 1 for chance in found.quality.values())
    assert all(cost > 0 for cost in found.costs.values())
    assert 0 <= found.likeness <= 1


def test_a_prompt_of_a_megabyte_gets_a_prediction() -> None:
    assert (*predicted("sail the boat " * 70_000).quality,) == PAIR


def test_what_is_known_is_what_is_alike_enough() -> None:
    assert predicted(prompt()).is_known
    assert predicted(ELSEWHERE).likeness < router(PAIR).familiar.least


def test_the_same_prompt_gets_the_same_prediction() -> None:
    assert predicted(prompt()) == predicted(prompt())


def test_answers_are_read_as_the_type_it_was_trained_on() -> None:
    answer = Answer((Text("It is 42.0."), Finish()))
    assert router(PAIR, checkers=("a", "b")).typed(answer) == "42"


def test_without_checkers_answers_have_no_type() -> None:
    assert router(PAIR).typed(Answer((Text("It is 42."), Finish()))) is None


@pytest.mark.parametrize("text", ["", "It is 42."])
def test_the_chance_of_an_answer_is_a_share(text: str) -> None:
    assert 0 <= router(PAIR, with_answer=True).right(prompt(), text, None, []) <= 1
