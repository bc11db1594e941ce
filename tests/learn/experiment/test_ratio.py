import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare

from homeward.learn.experiment.ratio import EXACT, ratio

counts = st.integers(0, 300)


@given(counts, counts, st.sampled_from([0.1, 0.5, 0.7]))
def test_small_ones_are_exact(control: int, treatment: int, share: float) -> None:
    if count := control + treatment:
        expected = binomtest(treatment, count, share).pvalue
        assert ratio(control, treatment, share).p == pytest.approx(expected, rel=1e-4, abs=1e-12)


@pytest.mark.parametrize("treatment", [900, 990, 1100])
def test_large_ones_are_by_chi_square(treatment: int) -> None:
    count = 2 * EXACT
    expected = chisquare([count - treatment, treatment]).pvalue
    assert ratio(count - treatment, treatment, 0.5).p == pytest.approx(expected)


def test_an_even_split_is_fine() -> None:
    assert ratio(503, 497, 0.5).is_fine


def test_a_split_that_lost_some_is_not() -> None:
    assert not ratio(600, 400, 0.5).is_fine


def test_it_is_against_the_share_that_was_meant() -> None:
    assert ratio(800, 200, 0.2).is_fine


def test_nothing_is_fine() -> None:
    assert ratio(0, 0, 0.5).p == 1


@pytest.mark.parametrize(("control", "share"), [(-1, 0.5), (1, 0.0), (1, 1.0)])
def test_what_cannot_be_is_refused(control: int, share: float) -> None:
    with pytest.raises(ValueError, match="split"):
        ratio(control, 1, share)
