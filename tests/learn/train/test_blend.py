import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.learn.train.blend import weights
from homeward.learn.train.design import Array


def drawn(seed: int = 0, rows: int = 400) -> tuple[Array, Array, Array]:
    """Outcomes of two models, a part that sees them half, and noise."""
    draw = np.random.default_rng(seed)
    chance = draw.random((rows, 2))
    outcomes = (draw.random((rows, 2)) < chance).astype(float)
    return outcomes, chance, draw.random((rows, 2))


def test_a_part_that_knows_gets_more_than_noise() -> None:
    outcomes, knows, noise = drawn()
    found = weights([knows, noise], outcomes)
    assert found[0] > 3 * found[1]


@given(st.integers(0, 1_000), st.integers(1, 4))
def test_no_weight_is_negative(seed: int, parts: int) -> None:
    outcomes, knows, _ = drawn(seed, 30)
    others = [drawn(seed + 1 + place, 30)[2] for place in range(parts)]
    assert (weights([1 - knows, *others], outcomes) >= 0).all()


def test_two_parts_that_say_the_same_share_the_weight() -> None:
    outcomes, knows, _ = drawn()
    first, second = weights([knows, knows], outcomes)
    assert first == pytest.approx(second, rel=0.01)


def test_a_part_that_says_the_same_of_all_models_gets_none() -> None:
    outcomes, knows, _ = drawn()
    assert weights([knows, np.full_like(knows, 0.7)], outcomes)[1] == 0


def test_what_is_hard_for_all_models_does_not_count() -> None:
    outcomes, knows, _ = drawn()
    harder = knows + np.random.default_rng(1).random((len(knows), 1))
    assert weights([knows], outcomes) == pytest.approx(weights([harder], outcomes))


def test_rows_with_missing_outcomes_are_left_out() -> None:
    outcomes, knows, noise = drawn()
    holes = outcomes.copy()
    holes[300:, 1] = np.nan
    whole = weights([knows[:300], noise[:300]], outcomes[:300])
    assert weights([knows, noise], holes) == pytest.approx(whole)


def test_outcomes_that_are_all_the_same_give_no_part_a_weight() -> None:
    _, knows, noise = drawn()
    assert weights([knows, noise], np.ones_like(knows)) == pytest.approx([0, 0], abs=1e-9)
