from importlib import import_module
from typing import Any

import pytest

report = import_module("report")
routes = import_module("routes")

THREE = ("arith", "draft", "general")


def row(**texts: str) -> dict[str, Any]:
    answers = {
        member: {"text": text, "score": int(text == "42"), "prompt_tokens": 10, "tokens": 5}
        for member, text in texts.items()
    }
    return {"prompt": "40 + 2", "check": "number", "answers": answers}


@pytest.mark.parametrize(
    ("texts", "taken", "asked"),
    [
        ({"arith": "42", "draft": "42", "general": "7"}, "arith", 2),
        ({"arith": "42", "draft": "7", "general": "7"}, "draft", 3),
        ({"arith": "42", "draft": "7", "general": "42"}, "arith", 3),
        ({"arith": "42", "draft": "7", "general": "8"}, "arith", 3),
        ({"arith": "42", "draft": "I don't know.", "general": "42"}, "arith", 3),
        ({"arith": "I don't know.", "draft": "42", "general": "42"}, "draft", 3),
        ({"arith": "I don't know.", "draft": "I don't know.", "general": "42"}, "arith", 3),
    ],
)
def test_the_first_two_that_agree_decide_and_a_refusal_abstains(
    texts: dict[str, str], taken: str, asked: int
) -> None:
    outcome = routes.sequential_vote(row(**texts), THREE)
    assert (outcome.answer, len(outcome.asked)) == (taken, asked)


def test_the_default_route_declines_what_is_for_nobody() -> None:
    prompt = {"prompt": "Who are you?", "check": "refusal", "answers": {}}
    outcome = routes.default_route(prompt)
    assert outcome == routes.Outcome(None, ())
    assert routes.score(prompt, outcome) == 1


def test_operations_are_counted_for_every_member_that_was_asked() -> None:
    question = row(arith="42", draft="42", general="42")
    assert routes.flops(question, ("arith", "draft")) == 2 * 15 * (1_312_384 + 262_720)


def test_wilson_interval_of_all_right_does_not_reach_zero_width() -> None:
    assert report.wilson(200, 200) == pytest.approx((0.9812, 1.0), abs=1e-4)


def test_auroc_of_sure_right_and_unsure_wrong_answers_is_one() -> None:
    right, wrong = {"score": 1, "logprob": -0.1}, {"score": 0, "logprob": -2.0}
    assert report.auroc([right, wrong]) == 1.0


def test_a_coin_that_falls_ten_times_the_same_way_is_suspicious() -> None:
    assert report.sign_test(10, 0) == pytest.approx(2 / 1024)
