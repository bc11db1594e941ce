import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.learn.experiment.effect import augmented, centred
from homeward.learn.experiment.sequential import bounded, log_wealth

rows = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40)


@given(rows, st.floats(0.05, 0.95))
def test_no_value_is_out_of_reach(rows: list[tuple[float, bool]], share: float) -> None:
    values, reach = augmented([each for each, _ in rows], [arm for _, arm in rows], share)
    assert (np.abs(values) <= reach + 1e-9).all()
    assert len(values) == len(rows) - 1


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_the_mean_is_the_difference_of_the_arms(share: float) -> None:
    chance = np.random.default_rng(0)
    treated = chance.random(20_000) < share
    right = (chance.random(20_000) < np.where(treated, 0.8, 0.6)).astype(float)
    assert augmented(right, list(treated), share).values.mean() == pytest.approx(0.2, abs=0.03)


def test_it_is_as_exact_as_the_difference_of_the_means() -> None:
    chance = np.random.default_rng(0)
    treated = chance.random(20_000) < 0.5
    right = (chance.random(20_000) < 0.9).astype(float)
    apart = np.sqrt(2 * (0.09 + 0.09))
    assert augmented(right, list(treated), 0.5).values.std() == pytest.approx(apart, rel=0.05)


def test_the_true_effect_stays_within() -> None:
    chance = np.random.default_rng(0)
    ever = 0
    for _ in range(300):
        treated = chance.random(300) < 0.3
        right = (chance.random(300) < np.where(treated, 0.9, 0.7)).astype(float)
        values, reach = augmented(right, list(treated), 0.3)
        ever += bool((log_wealth(values / reach, 0.2 / reach) >= np.log(20)).any())
    assert ever / 300 < 0.05


def test_a_drift_that_both_arms_have_is_no_effect() -> None:
    chance = np.random.default_rng(0)
    treated = chance.random(2000) < 0.5
    right = (chance.random(2000) < np.linspace(0.2, 0.9, 2000)).astype(float)
    found = bounded(*augmented(right, list(treated), 0.5))
    assert found.low < 0 < found.high


@pytest.mark.parametrize(("arms", "share"), [([True], 0.5), ([True, False], 1.0)])
def test_what_cannot_be_is_refused(arms: list[bool], share: float) -> None:
    with pytest.raises(ValueError, match=r"arm|share"):
        augmented([0.0, 1.0], arms, share)


def test_the_scale_of_the_outcomes_does_not_matter() -> None:
    """Costs are thousandths of a dollar: a guess of half a dollar would drown them."""
    chance = np.random.default_rng(0)
    costs, treated = chance.exponential(1e-4, 500), list(chance.random(500) < 0.5)
    assert augmented(costs, treated, 0.5).values == pytest.approx(
        1e-4 * augmented(costs * 1e4, treated, 0.5).values
    )


def test_for_one_look_it_is_the_difference_of_the_means() -> None:
    outcomes, treated = [1.0, 0.0, 1.0, 0.5], [True, True, False, False]
    assert centred(outcomes, treated).mean() == pytest.approx(0.5 - 0.75)


def test_no_outcome_differs_from_none() -> None:
    assert centred([0.0] * 6, [True, False] * 3).tolist() == [0.0] * 6


def test_an_arm_without_an_outcome_is_refused() -> None:
    with pytest.raises(ValueError, match="each arm"):
        centred([1.0, 0.0], [True, True])
