from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from homeward.learn.train.design import Array
from homeward.learn.train.parts import (
    RIDGE,
    clusters,
    design,
    factors,
    groups,
    linear,
    means,
    neighbours,
)
from homeward.signals.learned.parts import SURFACE
from homeward.signals.learned.reader import Features, Reader, fitted
from tests.learn.train.drawn import prompt, rows

ROWS = rows(120)
READER = fitted([row.prompt for row in ROWS])
READ = [READER.read(row.prompt) for row in ROWS]
SCORES = np.array([[row.answers[m].score or 0.0 for m in ("small", "middle")] for row in ROWS])
NAMES = [row.group for row in ROWS]
VECTORS = np.array([each.vector for each in READ], np.float64)
SURFACES = np.array([each.surface for each in READ], np.float64)
DESIGN = design(READ, len(READER.vocabulary))
COOKING, SAILING = (READER.read(prompt(group=name)) for name in ("cooking", "sailing"))
NAN = float("nan")


def fits(outcomes: Array) -> dict[str, Any]:
    return {
        "linear": linear(DESIGN, outcomes, [0.5] * outcomes.shape[1]),
        "groups": groups(DESIGN, VECTORS, outcomes, NAMES),
        "neighbours": neighbours(VECTORS, outcomes),
        "clusters": clusters(VECTORS, outcomes, 0),
        "factors": factors(VECTORS, SURFACES, outcomes),
    }


@pytest.fixture(params=["linear", "groups", "neighbours", "clusters", "factors"])
def part(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@cache
def fitted_on_all() -> dict[str, Any]:
    return fits(SCORES)


@pytest.mark.parametrize("name", ["linear", "groups", "neighbours", "clusters", "factors"])
def test_every_part_learns_which_group_a_model_is_bad_at(name: str) -> None:
    assert (
        fitted_on_all()[name].predict(COOKING)[1] > fitted_on_all()[name].predict(SAILING)[1] + 0.2
    )


def test_the_linear_part_learns_which_word_a_model_is_bad_at() -> None:
    easy, hard = (READER.read(prompt(hard=hard)) for hard in (False, True))
    assert (
        fitted_on_all()["linear"].predict(easy)[0]
        > fitted_on_all()["linear"].predict(hard)[0] + 0.1
    )


@pytest.mark.parametrize("score", [0.0, 0.25, 1.0])
def test_scores_that_are_all_the_same_are_what_is_predicted(part: str, score: float) -> None:
    fit = fits(np.full((len(ROWS), 2), score))[part]
    assert fit.predict(COOKING) == pytest.approx([score, score], abs=0.03)


def test_missing_outcomes_do_not_count(part: str) -> None:
    holes = SCORES.copy()
    holes[::7, 0] = NAN
    likely = fits(holes)[part].predict(COOKING)
    assert np.isfinite(likely).all()
    assert likely == pytest.approx(fitted_on_all()[part].predict(COOKING), abs=0.25)


def test_a_model_without_any_outcome_is_thought_as_good_as_all() -> None:
    holes = SCORES.copy()
    holes[:, 1] = NAN
    assert means(holes)[1] == pytest.approx(np.nanmean(holes))
    assert np.isfinite(neighbours(VECTORS, holes).predict(COOKING)).all()


def test_means_of_nothing_are_zero() -> None:
    assert means(np.full((3, 2), NAN)).tolist() == [0.0, 0.0]


# ---------------------------------------------------------------- groups


def test_groups_of_one_row_each_are_drawn_to_the_mean_of_all() -> None:
    fit = groups(DESIGN, VECTORS, SCORES, [str(place) for place in range(len(ROWS))])
    assert fit.predict(COOKING) == pytest.approx(SCORES.mean(axis=0), abs=0.06)


def test_a_single_group_is_the_mean_of_all() -> None:
    fit = groups(DESIGN, VECTORS, SCORES, ["one"] * len(ROWS))
    assert fit.predict(COOKING) == pytest.approx(SCORES.mean(axis=0), abs=1e-6)


def test_rows_without_a_group_are_one_more() -> None:
    names = [name if name == "sailing" else None for name in NAMES]
    fit = groups(DESIGN, VECTORS, SCORES, names)
    assert fit.means.shape == (2, 2)
    assert fit.predict(COOKING)[1] > fit.predict(SAILING)[1] + 0.2


# ---------------------------------------------------------------- k-means


def test_few_rows_are_one_cluster() -> None:
    fit = clusters(VECTORS[:9], SCORES[:9], 0)
    assert len(fit.centres) == 1
    assert fit.means[0] == pytest.approx(SCORES[:9].mean(axis=0), abs=1e-6)


def test_there_are_no_more_clusters_than_different_texts() -> None:
    fit = clusters(np.repeat(VECTORS[:2], 50, axis=0), np.ones((100, 1)), 0)
    assert len(fit.centres) == 2


def test_texts_that_are_all_the_same_are_one_cluster() -> None:
    fit = clusters(np.zeros((100, 128)), SCORES[:100], 0)
    assert len(fit.centres) == 1


def test_the_same_seed_gives_the_same_clusters() -> None:
    first, second = clusters(VECTORS, SCORES, 3), clusters(VECTORS, SCORES, 3)
    assert np.array_equal(first.centres, second.centres)


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_clusters_lie_nearer_to_their_texts_than_one_centre_would(seed: int) -> None:
    centres = clusters(VECTORS, SCORES, seed).centres
    apart = ((VECTORS[:, None] - centres) ** 2).sum(axis=2).min(axis=1).sum()
    assert apart < ((VECTORS - VECTORS.mean(axis=0)) ** 2).sum()


# ---------------------------------------------------------------- factors


def test_factors_with_all_directions_are_ridge_regression() -> None:
    dense = np.concatenate([VECTORS, SURFACE * SURFACES], axis=1)
    centred = SCORES - SCORES.mean(axis=0)
    theirs = Ridge(alpha=RIDGE / 9, fit_intercept=False).fit(dense, centred)
    wanted = theirs.predict(dense[:1])[0] + SCORES.mean(axis=0)
    assert fitted_on_all()["factors"].predict(READ[0]) == pytest.approx(
        np.clip(wanted, 0, 1), abs=1e-4
    )


# ---------------------------------------------------------------- texts of nothing


def test_texts_of_unknown_words_alone_are_learned_from_too() -> None:
    texts = [f"zzq{chr(97 + place)}" for place in range(24)]
    reader = fitted(texts)
    outcome = np.tile([[1.0, 0.0], [0.0, 1.0]], (12, 1))
    for each in _all(reader, texts, outcome):
        assert np.isfinite(each.predict(reader.read("zzqa"))).all()


def test_empty_texts_are_learned_from_too() -> None:
    reader = fitted([""] * 24)
    for each in _all(reader, [""] * 24, np.ones((24, 2))):
        assert each.predict(reader.read("")) == pytest.approx([1, 1], abs=0.06)


def _all(reader: Reader, texts: list[str], outcome: Array) -> list[Any]:
    read: list[Features] = [reader.read(text) for text in texts]
    of = design(read, len(reader.vocabulary))
    vectors = np.array([each.vector for each in read], np.float64)
    surfaces = np.array([each.surface for each in read], np.float64)
    return [
        linear(of, outcome, [0.5, 0.5]),
        groups(of, vectors, outcome, ["a", "b"] * 12),
        neighbours(vectors, outcome),
        clusters(vectors, outcome, 0),
        factors(vectors, surfaces, outcome),
    ]
