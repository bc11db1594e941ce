"""A candidate beside what is in use."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from homeward.learn.history import Case
from homeward.learn.loop.record import Judged
from homeward.learn.loop.trial import DEARER, judge, same_spend
from tests.learn.loop.asked import MODELS, case

HALF = [case(n, {"small": float(n % 2 == 0), "large": 1.0}) for n in range(200)]
"""Small is right on each other request, large on all."""

ALL_SMALL, ALL_LARGE = ["small"] * 200, ["large"] * 200
ORACLE = ["large" if n % 2 else "small" for n in range(200)]


def beside(
    chosen: list[str],
    old: list[str] | None,
    cases: list[Case] = HALF,
    margin: float = 0.02,
    confidence: float = 0.95,
) -> Judged:
    return judge(
        cases,
        MODELS,
        chosen,
        slice_="later",
        against=None if old is None else 1,
        against_chosen=old,
        margin=margin,
        confidence=confidence,
    )


def test_the_first_is_compared_with_single_models_at_random_for_the_same_money() -> None:
    found = beside(ORACLE, None)
    assert found.quality == 1.0
    assert found.against_quality == pytest.approx(0.75)
    assert found.same_spend_quality == pytest.approx(0.75)
    assert found.cost == pytest.approx(found.against_cost)
    assert found.verdict.word == "better"


def test_what_routes_at_random_is_not_better_than_random() -> None:
    chosen = ["large" if n % 4 < 2 else "small" for n in range(200)]
    found = beside(chosen, None)
    assert found.difference == pytest.approx(0)
    assert found.verdict.word == "cannot tell"


def test_as_good_for_less_is_not_worse() -> None:
    found = beside(ORACLE, ALL_LARGE)
    assert (found.difference, found.verdict.word) == (0.0, "not worse")
    assert found.cost == pytest.approx(0.0055)
    assert found.against_cost == pytest.approx(0.01)


@pytest.mark.parametrize("old", [ORACLE, ALL_SMALL])
def test_as_good_or_better_for_more_money_has_not_passed(old: list[str]) -> None:
    found = beside(ALL_LARGE, old)
    assert (found.is_not_worse, found.dearer, found.is_passed) == (True, "surely", False)


def test_more_money_is_told() -> None:
    words = beside(ALL_LARGE, ORACLE).words
    assert words.endswith("; but it takes $0.01000 a request instead of $0.00550 a request")


def test_what_few_requests_make_dearer_is_so_perhaps() -> None:
    chosen = [*ORACLE]
    chosen[0:22:2] = ["large"] * 11
    assert beside(chosen, ORACLE).dearer == "perhaps"


def test_what_costs_more_by_chance_passes() -> None:
    chosen = [*ORACLE]
    chosen[0] = "large"
    assert 1 < beside(chosen, ORACLE).cost / beside(ORACLE, ORACLE).cost < 1 + DEARER
    assert beside(chosen, ORACLE).is_passed


def test_worse_is_worse_however_cheap() -> None:
    assert beside(ALL_SMALL, ALL_LARGE).verdict.word == "worse"


def test_as_bad_as_what_is_in_use_is_still_worse_than_random() -> None:
    fools = ["small" if n % 2 else "large" for n in range(200)]
    found = beside(fools, fools)
    assert found.difference == 0.0
    assert (found.verdict.word, "at random" in found.verdict.because) == ("worse", True)


def test_that_few_requests_have_no_difference_does_not_prove_that_there_is_none() -> None:
    few = beside(ORACLE[:50], ORACLE[:50], HALF[:50])
    assert (few.difference, few.verdict.word) == (0.0, "cannot tell")
    assert few.low < -0.03
    assert beside(ORACLE, ORACLE).verdict.word == "not worse"


def test_a_margin_allows_so_much() -> None:
    chosen = [*ALL_LARGE]
    chosen[:6] = ["small"] * 6
    assert not beside(chosen, ALL_LARGE, margin=0.01).is_passed
    assert beside(chosen, ALL_LARGE, margin=0.05).is_passed


def test_turns_of_one_conversation_count_together() -> None:
    cases = [case(n, {"small": 0.0, "large": 1.0}, talk=f"c{n // 10}") for n in range(200)]
    found = beside(ALL_LARGE, None, cases)
    assert (found.rows, found.conversations) == (200, 20)
    assert found.verdict.word == "cannot tell"


def test_a_later_look_has_a_wider_interval() -> None:
    chosen = [*ALL_LARGE]
    chosen[:20] = ["small"] * 20
    first, later = (beside(chosen, ALL_LARGE, confidence=c) for c in (0.95, 0.999))
    assert later.low < first.low < first.difference < first.high <= later.high


def test_without_prices_a_place_from_cheap_to_dear_is_the_cost() -> None:
    cases = [
        replace(
            each,
            row=replace(
                each.row,
                answers={k: replace(v, cost_usd=None) for k, v in each.row.answers.items()},
            ),
        )
        for each in HALF
    ]
    found = beside(ORACLE, ALL_LARGE, cases)
    assert (found.in_usd, found.cost, found.against_cost) == (False, 0.5, 1.0)
    assert beside(ALL_LARGE, ORACLE, cases).dearer == "surely"


def test_the_best_single_model_is_told() -> None:
    found = beside(ORACLE, None)
    assert (found.best_single, found.best_single_quality) == ("large", 1.0)


NUMBERS = st.lists(st.floats(0, 1), min_size=3, max_size=3)


@given(scores=st.lists(NUMBERS, min_size=1, max_size=8), costs=NUMBERS, spending=st.floats(0, 1))
def test_random_spends_no_more_and_is_no_worse_than_any_model_it_can_pay(
    scores: list[list[float]], costs: list[float], spending: float
) -> None:
    each = np.array(scores)
    found = same_spend(each, np.tile(costs, (len(scores), 1)), spending)
    payable = [
        mean for mean, cost in zip(each.mean(axis=0), costs, strict=True) if cost <= spending
    ]
    assert found.mean() >= max(payable, default=0.0) - 1e-9
    assert found.mean() <= each.mean(axis=0).max() + 1e-9
