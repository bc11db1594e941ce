import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.learn import curves
from homeward.learn.baselines import baselines, best, by_length, is_priced, points, several, singles
from homeward.learn.table import Array, Table
from homeward.outcomes import Row


def made(scores: object, costs: object = None, prompts: list[str] | None = None) -> Table:
    found: Array = np.array(scores, np.float64)
    texts = prompts or [f"p{place}" for place in range(len(found))]
    priced = None if costs is None else np.tile(np.array(costs, np.float64), (len(found), 1))
    models = tuple("abcdef"[: found.shape[1]])
    return Table([Row(text) for text in texts], models, found, priced)


TWO = made([[1, 1], [0, 1], [1, 1], [0, 1]])
THREE = made([[1, 0, 1], [0, 1, 1], [1, 0, 1], [0, 0, 1]], (1, 2, 10))


@st.composite
def tables(draw: st.DrawFn) -> Table:
    models = draw(st.integers(2, 4))
    grades = st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=models, max_size=models)
    scores = draw(st.lists(grades, min_size=1, max_size=12))
    costs = draw(st.lists(st.floats(0, 9), min_size=models, max_size=models))
    return made(scores, costs)


def test_random_recovers_half_of_the_gap() -> None:
    found = baselines(TWO)["random"]
    assert (found.apgr, found.cpt50, found.cpt80) == (0.5, 0.5, 0.8)


def test_the_oracle_asks_the_strong_model_only_where_it_helps() -> None:
    found = baselines(TWO)["oracle"]
    assert found.accuracy == 1.0
    assert found.cpt80 == pytest.approx(0.4)
    assert found.apgr == pytest.approx(0.75)


def test_length_sends_the_longer_prompt_to_the_strong_model() -> None:
    right_way = made(TWO.scores, prompts=["a", "a b c", "a", "a b c"])
    wrong_way = made(TWO.scores, prompts=["a b c", "a", "a b c", "a"])
    assert baselines(right_way)["length"].apgr == baselines(TWO)["oracle"].apgr
    assert (baselines(wrong_way)["length"].apgr or 0) < 0.5


def test_the_best_single_model_is_named() -> None:
    found = baselines(THREE)["best_single"]
    assert (found.model, found.accuracy, found.cost) == ("c", 1.0, 10.0)


def test_without_prices_there_is_no_hull() -> None:
    assert {*baselines(TWO)} == {"random", "length", "best_single", "oracle"}


def test_with_prices_there_is_one() -> None:
    assert {*baselines(THREE)} == {"random", "length", "best_single", "oracle", "hull"}


def test_the_hull_is_what_mixing_single_models_reaches() -> None:
    found = baselines(THREE)["hull"]
    assert found.aiq == pytest.approx(0.75)
    assert found.cost_saved_at_best_single == 0
    assert found.accuracy_at_best_single_cost == 1.0


def test_of_several_random_is_the_mean_of_all() -> None:
    assert baselines(THREE)["random"].accuracy == pytest.approx(THREE.scores.mean())


def test_where_all_models_are_equally_good_there_is_no_gap_to_recover() -> None:
    found = baselines(made([[1, 1], [0, 0]]))
    assert [found[name].apgr for name in ("random", "length", "oracle")] == [None] * 3


def test_a_table_of_one_row_has_baselines() -> None:
    assert baselines(made([[0, 1]], (1, 5)))["best_single"].model == "b"


@pytest.mark.parametrize(
    ("costs", "is_so"), [(None, False), ((2, 2), False), ((0, 0), False), ((1, 2), True)]
)
def test_prices_count_where_they_differ(costs: object, is_so: bool) -> None:  # noqa: FBT001
    assert is_priced(made([[0, 1]], costs)) is is_so


def test_the_longest_prompts_go_to_the_best_model_and_all_of_them_in_the_end() -> None:
    many = made([[0, 1]] * 1_337, (1, 5))
    found = by_length(np.arange(1_337.0), many)
    assert found[0] == (1.0, 0.0)
    assert found[-1] == pytest.approx((5.0, 1.0))
    assert len(found) < 1_000


def test_a_perfect_router_s_points_begin_at_the_cheapest_model() -> None:
    assert THREE.costs is not None
    found = points(THREE.scores, THREE.costs, THREE)
    assert found[0] == singles(THREE)["a"] == (1.0, 0.5)
    assert max(quality for _, quality in found) == 1.0


@given(tables())
def test_a_router_that_knows_no_more_than_the_means_is_on_the_hull_of_single_models(
    data: Table,
) -> None:
    if not is_priced(data):
        return
    assert data.costs is not None
    means = np.tile(data.scores.mean(axis=0), (len(data.rows), 1))
    mine = several(points(means, data.costs, data), data).aiq
    hull = several(list(singles(data).values()), data).aiq
    assert mine is not None
    assert hull is not None
    assert mine <= hull + 1e-9


@given(tables())
def test_numbers_of_baselines_are_finite_and_qualities_are_shares(data: Table) -> None:
    for found in baselines(data).values():
        for name in ("apgr", "cpt50", "cpt80", "aiq", "cost_saved_at_best_single", "accuracy"):
            value = getattr(found, name)
            assert value is None or np.isfinite(value)
        for value in (found.aiq, found.accuracy, found.accuracy_at_best_single_cost):
            assert value is None or -1e-9 <= value <= 1 + 1e-9


@given(tables())
def test_nobody_is_better_than_the_oracle(data: Table) -> None:
    found = baselines(data)
    oracle = found["oracle"].accuracy or 0.0
    assert oracle >= (found["best_single"].accuracy or 0.0) >= data.scores.mean() - 1e-9
    assert data.models[int(data.scores.mean(axis=0).argmax())] == best(data)


def test_what_is_left_out_is_not_in_the_json() -> None:
    import msgspec

    assert {*msgspec.to_builtins(baselines(TWO)["random"])} == {"apgr", "cpt50", "cpt80"}


def test_saved_is_the_share_of_the_best_model_s_cost() -> None:
    halved = [(1.0, 0.5), (5.0, 1.0)]
    found = several(halved, THREE)
    assert found.cost_saved_at_best_single == pytest.approx(0.5)
    assert found.aiq == pytest.approx(curves.aiq(curves.hull(halved), 1, 10))
