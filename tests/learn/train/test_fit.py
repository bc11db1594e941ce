import random

import msgspec
import numpy as np
import pytest

from homeward.errors import ConfigError
from homeward.learn.routed import measure
from homeward.learn.train.choosing import PAIRED, UNGROUPED
from homeward.learn.train.fit import FEWEST, train
from homeward.outcomes import RecordedAnswer, Row
from homeward.signals.learned.router import LearnedRouter
from tests.learn.train.drawn import GROUPS, PAIR, PRICES, THREE, prompt, router, rows, scored

LATER = rows(300, seed=1, words=True)


def predictions(of: LearnedRouter) -> list[object]:
    return [of.predict(row.prompt) for row in LATER[:50]]


# ---------------------------------------------------------------- what it is worth


def test_between_two_models_it_beats_random_and_length() -> None:
    report = measure(router(PAIR), LATER)
    assert report.apgr is not None
    assert report.apgr > 0.75
    for name in ("random", "length"):
        assert report.apgr > (report.baselines[name].apgr or 0) + 0.2


def test_among_several_it_beats_the_hull_of_single_models() -> None:
    report = measure(router(THREE), LATER)
    assert report.aiq is not None
    assert report.aiq > (report.baselines["hull"].aiq or 0) + 0.03
    assert report.cost_saved_at_best_single is not None


@pytest.mark.parametrize("given", [{"with_answer": True}, {"checkers": ("a", "b")}])
def test_reading_answers_is_worth_more_than_the_prompt(given: dict[str, object]) -> None:
    alone = measure(router(PAIR), LATER)
    assert (measure(router(PAIR, **given), LATER).apgr or 0) > (alone.apgr or 0) + 0.02


def test_the_strong_model_is_not_asked_where_it_fails_too() -> None:
    both_fail = [scored(row, large=row.answers["small"].score) for row in rows()]
    other = rows(300, seed=7)
    mixed = [*both_fail[:150], *other[150:]]
    found = train(mixed, PAIR).predict(prompt(hard=True)).quality
    trained = router(PAIR).predict(prompt(hard=True)).quality
    assert found["large"] - found["small"] < trained["large"] - trained["small"]


# ---------------------------------------------------------------- the same again


def test_the_same_rows_and_seed_give_the_same_router() -> None:
    first, second = (train(rows(), PAIR, seed=3) for _ in range(2))
    assert predictions(first) == predictions(second)
    assert first.card == second.card


def test_two_models_stay_in_the_order_that_was_given() -> None:
    dear = [priced(row, small=9.0, large=1.0) for row in rows(60)]
    assert train(dear, PAIR).models == PAIR


def test_several_go_from_cheap_to_dear() -> None:
    assert train(rows(60), ("large", "small", "middle"), prices=PRICES).models == THREE


def priced(row: Row, **prices: float) -> Row:
    answers = {
        name: msgspec.structs.replace(row.answers[name], usd_per_mtok=price)
        for name, price in prices.items()
    }
    return msgspec.structs.replace(row, answers={**row.answers, **answers})


# ---------------------------------------------------------------- the card


def test_the_card_says_what_it_was_trained_on() -> None:
    card = router(PAIR).card
    assert (card.models, card.labels, card.seed, card.table) == (PAIR, 300, 0, "drawn.jsonl")
    assert card.groups == tuple(sorted(GROUPS))
    assert card.default == "large"


def test_accuracy_is_that_of_each_model_alone() -> None:
    wanted = {m: np.mean([row.answers[m].score for row in rows()]) for m in PAIR}
    assert router(PAIR).card.accuracy == pytest.approx(wanted)


def test_costs_are_the_mean_costs_in_usd() -> None:
    assert router(THREE).card.costs == pytest.approx([100 * PRICES[m] / 1e6 for m in THREE])


def test_only_prices_of_its_models_are_kept() -> None:
    prices = {**PRICES, "another": 1.0}
    assert train(rows(60), PAIR, prices=prices).card.prices == {"small": 0.1, "large": 5.0}


def test_weights_of_the_blend_are_positive_and_sum_to_one() -> None:
    for models in (PAIR, THREE):
        card = router(models).card
        assert sum(card.blend.values()) == pytest.approx(1)
        assert min(card.blend.values()) > 0


def test_points_go_from_all_that_helps_to_the_cheapest() -> None:
    points = router(THREE).card.points
    assert [point.trade for point in points] == sorted(point.trade for point in points)
    assert points[-1].spent == pytest.approx(0)
    assert points[0].spent > 0.1


def test_the_card_has_the_baselines_on_the_rows_it_was_trained_on() -> None:
    of_two, of_several = (router(models).card.baselines for models in (PAIR, THREE))
    assert {*of_two} == {"random", "length", "best_single", "oracle"}
    assert of_two["random"] == pytest.approx(0.5)
    assert {*of_several} == {*of_two, "hull"}


def test_a_pair_has_a_promise_and_several_have_none() -> None:
    assert router(PAIR).card.promise is not None
    assert router(THREE).card.promise is None


# ---------------------------------------------------------------- the blend


def noise(count: int, *, grouped: bool = True) -> list[Row]:
    """Nothing about a prompt says who will be right."""
    draw = np.random.default_rng(0)
    return [
        msgspec.structs.replace(
            scored(row, small=float(draw.random() < 0.5), large=float(draw.random() < 0.6)),
            group=row.group if grouped else None,
        )
        for row in rows(count)
    ]


def test_where_nothing_is_clearly_better_the_usual_blend_is_used() -> None:
    card = train(noise(200), PAIR).card
    assert card.used == "usual"
    assert card.blend == pytest.approx({name: w / 1.3 for name, w in PAIRED.items()})


def test_without_groups_the_usual_blend_does_without_them() -> None:
    assert train(noise(200, grouped=False), PAIR).card.blend == {"linear": 1.0}


def test_of_several_without_groups_there_is_another_usual_blend() -> None:
    ungrouped = [msgspec.structs.replace(row, group=None) for row in rows(200)]
    card = train(ungrouped, THREE, prices=PRICES).card
    assert "groups" not in card.validated
    if card.used == "usual":
        assert {*card.blend} == {*UNGROUPED}


def test_every_way_that_was_tried_is_told() -> None:
    ways = router(PAIR).card.validated
    assert {"usual", "even", "linear", "groups", "neighbours", "clusters", "factors"} <= {*ways}


# ---------------------------------------------------------------- edges


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_scores_that_are_all_the_same_train_a_router(score: float) -> None:
    alike = [scored(row, small=score, large=score) for row in rows(60)]
    card = train(alike, PAIR).card
    assert card.accuracy == {"small": score, "large": score}


def test_ungraded_rows_are_left_out() -> None:
    some = [scored(row, small=None) if place % 3 else row for place, row in enumerate(rows(120))]
    assert train(some, PAIR).card.labels == 40


@pytest.mark.parametrize("text", ["", "zzqa", "Ünïcödé 世界 \N{SNOWMAN}"])
def test_prompts_that_are_all_the_same_train_a_router(text: str) -> None:
    alike = [msgspec.structs.replace(row, prompt=text) for row in rows(60)]
    found = train(alike, PAIR)
    quality = found.predict(text).quality
    assert quality == pytest.approx(found.card.accuracy, abs=0.1)


def test_a_prompt_of_a_megabyte_is_trained_on() -> None:
    many = rows(60)
    many[0] = msgspec.structs.replace(many[0], prompt="boat " * 200_000)
    assert train(many, PAIR).card.labels == 60


def test_a_group_for_each_row_trains_a_router() -> None:
    each = [msgspec.structs.replace(row, group=str(place)) for place, row in enumerate(rows(60))]
    assert train(each, PAIR).card.labels == 60


def test_answers_that_cost_nothing_train_a_router() -> None:
    card = train(rows(60), THREE, prices=dict.fromkeys(THREE, 0.0)).card
    assert card.costs == (0.0, 0.0, 0.0)


def test_the_fewest_rows_are_enough() -> None:
    assert train(rows(FEWEST), PAIR).card.labels == FEWEST


def test_fewer_are_too_few() -> None:
    with pytest.raises(ConfigError, match=f"{FEWEST - 1} graded rows are too few"):
        train(rows(FEWEST - 1), PAIR)


@pytest.mark.parametrize("models", [(), ("small",), ("small", "small")])
def test_it_takes_two_different_models(models: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="at least two different models"):
        train(rows(60), models)


def test_a_model_that_the_table_lacks_is_told_with_those_it_has() -> None:
    with pytest.raises(ConfigError, match="no row has an answer of 'huge'; there are "):
        train(rows(60), ("small", "huge"))


def test_a_row_needs_grades_of_all_models_at_once() -> None:
    graded = {"small": RecordedAnswer(score=1)}, {"large": RecordedAnswer(score=1)}
    apart = [Row("p", answers=answers) for answers in graded]
    with pytest.raises(ConfigError, match="graded answers of all of small, large"):
        train(apart, PAIR)


def test_it_says_what_it_does() -> None:
    said: list[str] = []
    train(rows(60), PAIR, progress=said.append)
    assert said == [
        "reading",
        *(f"cross-validating, fold {fold} of 3" for fold in (1, 2, 3)),
        "fitting on all rows",
    ]


def test_the_same_prompt_is_never_learned_from_and_left_out() -> None:
    coin = random.Random(0)
    drawn = [scored(row, small=float(coin.random() < 0.5), large=1.0) for row in rows(150)]
    card = train([*drawn, *drawn, *drawn], ("small", "large")).card
    assert card.validated["linear"] < 0.7
