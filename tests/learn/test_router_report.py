"""What `homeward.learn.routed` reports of a router: its fields, its numbers, its edges."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import msgspec
import numpy as np
import pytest

from homeward.errors import ConfigError
from homeward.learn import measures
from homeward.learn.curves import apgr, cpt, deferral
from homeward.learn.routed import RouterReport, chances, lead, measure, walk
from homeward.outcomes import RecordedAnswer, Row
from homeward.signals.learned.router import LearnedRouter
from tests.learn.train.drawn import ELSEWHERE, PAIR, PRICES, THREE, router, rows, scored

LATER = rows(200, seed=1)
ALWAYS = {"rows", "labels", "auroc", "ece", "decision_ms_p50", "decision_ms_p95", "baselines"}
OF_TWO = {"apgr", "cpt50", "cpt80"}
OF_COSTS = {"aiq", "cost_saved_at_best_single", "accuracy_at_best_single_cost"}
BESIDE = {"models", "default", "out_of_distribution", "trained_on"}
"""What the report says beside the fields that were agreed on; of two the promise too, of several
the accuracy."""


@cache
def report(models: Sequence[str] = PAIR) -> RouterReport:
    return measure(router(models), LATER)


def told(found: RouterReport) -> Any:
    return msgspec.json.decode(msgspec.json.encode(found))


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in leaves(each)]
    return [value]


def priced(of: LearnedRouter, prices: dict[str, float]) -> LearnedRouter:
    return replace(of, card=msgspec.structs.replace(of.card, prices=prices))


# ---------------------------------------------------------------- the fields


def test_of_two_models_without_prices() -> None:
    assert {*told(report())} - {"promise"} == ALWAYS | OF_TWO | BESIDE


def test_of_several_models_with_prices() -> None:
    assert {*told(report(THREE))} - {"accuracy"} == ALWAYS | OF_COSTS | BESIDE


def test_of_two_models_with_prices_both() -> None:
    found = told(measure(priced(router(PAIR), PRICES), LATER))
    assert {*found} - {"promise"} == ALWAYS | OF_TWO | OF_COSTS | BESIDE


def test_of_several_models_without_prices_neither() -> None:
    found = told(measure(priced(router(THREE), {}), LATER))
    assert {*found} - {"accuracy"} == ALWAYS | BESIDE


def test_baselines_have_their_names() -> None:
    names = {"random", "length", "best_single", "oracle"}
    assert {*told(report())["baselines"]} == names
    assert {*told(report(THREE))["baselines"]} == {*names, "hull"}


@pytest.mark.parametrize("models", [PAIR, THREE])
def test_nothing_in_the_json_is_null(models: Sequence[str]) -> None:
    assert None not in leaves(told(report(models)))


# ---------------------------------------------------------------- the numbers


def test_rows_and_labels_are_counted() -> None:
    assert (report().rows, report().labels) == (200, 300)


def test_gap_and_thresholds_are_those_of_the_lead_at_full_resolution() -> None:
    walked = walk(router(PAIR), LATER)
    curve = deferral(lead(walked), *walked.data.scores.T)
    assert (report().apgr, report().cpt50) == (apgr(curve), cpt(curve, 0.5))
    assert len(curve.spent) == len(LATER) + 1


def test_auroc_and_ece_of_two_are_of_the_cheap_model() -> None:
    walked = walk(router(PAIR), LATER)
    chance, right = walked.quality[:, 0], walked.data.scores[:, 0]
    assert (report().auroc, report().ece) == (
        measures.auroc(chance, right),
        measures.ece(chance, right),
    )


def test_of_several_they_are_of_all_models() -> None:
    chance, right = chances(walk(router(THREE), LATER))
    assert len(chance) == len(right) == 3 * len(LATER)
    assert report(THREE).auroc == measures.auroc(chance, right)


def test_the_cheap_model_s_chance_is_that_of_its_answer_where_it_may_be_read() -> None:
    of = router(PAIR, with_answer=True)
    row = rows(1, seed=9, words=True)[0]
    walked = walk(of, [row])
    said = row.answers["small"].said
    assert walked.quality[0, 0] == of.right(row.prompt, said, None, [])
    assert walked.quality[0, 1] == of.predict(row.prompt).quality["large"]


def test_checkers_are_compared_as_they_were_recorded() -> None:
    of = router(PAIR, checkers=("a", "b"))
    row = rows(1, seed=9, words=True)[0]
    typed = {name: row.answers[name].said.split()[-1].strip(".") for name in ("small", "a", "b")}
    wanted = of.right(row.prompt, "x" * 400, typed["small"], [typed["a"], typed["b"]])
    assert walk(of, [row]).quality[0, 0] == pytest.approx(wanted)


def test_decisions_are_timed() -> None:
    assert 0 < report().decision_ms_p50 <= report().decision_ms_p95


def test_rows_of_another_kind_are_counted_and_the_default_is_named() -> None:
    other = [msgspec.structs.replace(row, prompt=ELSEWHERE) for row in LATER[:50]]
    found = measure(router(PAIR), [*other, *LATER[:150]])
    assert 0.25 <= found.out_of_distribution < 0.4
    assert found.default == "large"


def test_prices_are_those_it_was_trained_with() -> None:
    costs = walk(router(THREE), LATER).data.costs
    assert costs is not None
    assert costs[0].tolist() == [100 * PRICES[model] / 1e6 for model in THREE]


# ---------------------------------------------------------------- edges


def test_one_row_is_measured() -> None:
    found = told(measure(router(PAIR), LATER[:1]))
    assert found["rows"] == 1
    assert None not in leaves(found)


@pytest.mark.parametrize("models", [PAIR, THREE])
@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_scores_that_are_all_the_same_leave_out_what_cannot_be_said(
    models: Sequence[str], score: float
) -> None:
    alike = [scored(row, **dict.fromkeys(models, score)) for row in LATER[:40]]
    found = told(measure(router(models), alike))
    assert not {"apgr", "cpt50", "cpt80", "auroc"} & {*found}
    assert found["baselines"]["oracle"]["accuracy"] == score


def test_a_strong_model_that_is_worse_has_no_gap() -> None:
    assert "apgr" not in told(measure(router(PAIR), [scored(row, large=0.0) for row in LATER]))


def test_graded_scores_count_as_right_from_a_half_on() -> None:
    walked = walk(router(PAIR), [scored(row, small=0.5) for row in LATER[:40]])
    assert np.unique(chances(walked)[1]).tolist() == [1.0]


def test_ungraded_rows_are_left_out() -> None:
    some = [scored(row, small=None) if n % 2 else row for n, row in enumerate(LATER)]
    assert measure(router(PAIR), some).rows == 100


def test_a_table_that_lacks_a_model_is_told() -> None:
    with pytest.raises(ConfigError, match="'large'"):
        measure(router(PAIR), [Row("p", answers={"small": RecordedAnswer(score=1)})])


def test_answers_whose_words_were_not_recorded_are_measured_still() -> None:
    assert measure(router(PAIR, with_answer=True), LATER).rows == 200
