from typing import Any

import msgspec
import numpy as np

from homeward.learn.baselines import points
from homeward.learn.routed import Walked, measure, reported, walk
from homeward.learn.table import Table
from homeward.learn.train.fit import train
from homeward.outcomes import RecordedAnswer, Row
from homeward.signals.learned.router import Card, LearnedRouter
from homeward.signals.promise import Part, Promise
from tests.learn.train.drawn import ELSEWHERE, PAIR, THREE, router, rows

LATER = rows(60, seed=1, words=True)
PAIR_OF_ANY = ("a", "b")


def changed(walked: Walked, **fields: Any) -> Walked:
    return msgspec.structs.replace(walked, **fields)


def promising(threshold: float | None) -> LearnedRouter:
    """The same router under the promise that what reaches the threshold is right."""
    of = router(PAIR)
    promise = Promise(0.95, 0.9, Part(threshold, 100), date="2026-01-01")
    card: Card = msgspec.structs.replace(of.card, promise=promise)
    return LearnedRouter(card, of.reader, of.parts, of.familiar, of.costs, of.checked)


def test_a_percentile_of_few_decisions_is_none_slower_than_the_slowest() -> None:
    walked = changed(walk(router(PAIR), LATER[:2]), ms=[1.0, 2.0])
    report = reported(router(PAIR), walked)
    assert 1.0 <= report.decision_ms_p50 <= report.decision_ms_p95 <= 2.0


def test_rows_out_of_distribution_are_not_promised() -> None:
    foreign = msgspec.structs.replace(LATER[0], prompt=ELSEWHERE)
    report = measure(promising(0.0), [*LATER[1:4], foreign])
    assert report.promise is not None
    assert report.out_of_distribution == 0.25
    assert report.promise.kept == 0.75


def test_where_nothing_is_promised_the_json_has_no_threshold() -> None:
    found = msgspec.to_builtins(measure(promising(None), LATER))
    assert {*found["promise"]} == {"target", "confidence", "kept"}


def test_costs_may_be_expected_in_another_unit_than_they_are_recorded() -> None:
    costs = np.array([[1e-6, 2e-6]] * 2)
    data = Table([Row("p"), Row("q")], PAIR_OF_ANY, np.eye(2)[::-1], costs)
    quality = np.array([[0.4, 0.6], [0.6, 0.4]])
    same, other = (points(quality, costs * unit, data) for unit in (1.0, 1e6))
    assert np.allclose(same, other)


def test_what_is_said_to_be_spent_is_decided_by_the_costs_of_each_prompt() -> None:
    """The dear model leads everywhere, and its answers are long to one kind of prompt."""

    def drawn(place: int) -> Row:
        long = place % 2 == 0
        text = f"Write all about {'boats and wind' if long else 'bread and soup'}, number {place}."
        dear = RecordedAnswer(score=float(place % 10 != 5), chars=4_000 if long else 40)
        return Row(text, answers={"a": RecordedAnswer(score=0.0, chars=40), "b": dear})

    of = train([drawn(place) for place in range(120)], PAIR_OF_ANY, prices={"a": 0.1, "b": 1.0})
    assert any(point.quality > 0.35 and point.spent < 0.1 for point in of.card.points)


def test_of_several_without_prices_there_is_how_often_its_picks_are_right() -> None:
    of = train(rows(), THREE)
    report = measure(of, LATER)
    assert report.accuracy is not None
    assert report.accuracy > (report.baselines["random"].accuracy or 0)


def test_of_two_there_is_no_one_pick() -> None:
    assert "accuracy" not in msgspec.to_builtins(measure(router(PAIR), LATER))
