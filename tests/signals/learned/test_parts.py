import numpy as np
import pytest

from homeward.signals.learned.parts import (
    Clusters,
    Factors,
    Groups,
    Linear,
    Neighbours,
    Part,
    squashed,
)
from homeward.signals.learned.reader import Features, Numbers


def features(columns: tuple[int, ...] = (), at: int = 0) -> Features:
    """A text with these terms, in the direction of that axis."""
    vector = np.zeros(128, np.float32)
    vector[at] = 1
    share = 1.0 if columns else 0.0
    values = np.ones(len(columns), np.float32)
    zeros = np.zeros(11, np.float32)
    return Features(np.array(columns, np.int64), values, zeros, vector, share)


def axes(*places: int) -> Numbers:
    return np.eye(128, dtype=np.float32)[list(places)]


def numbers(*rows: object) -> Numbers:
    return np.array(rows, np.float32)


LINEAR = Linear(numbers([2, -2], [0, 0]), np.zeros((11, 2), np.float32), numbers(0, 0))
NEIGHBOURS = Neighbours(axes(0, 1), numbers([1, 0], [0, 1]), numbers(0.5, 0.5))
CLUSTERS = Clusters(axes(0, 1), numbers([0.9, 0.1], [0.2, 0.8]))
GROUPS = Groups(
    numbers([5, 0], [0, 5]), np.zeros((128, 2), np.float32), numbers(0, 0), numbers([1, 0], [0, 1])
)
FACTORS = Factors(np.eye(139, 2, dtype=np.float32), numbers([0.4, 0], [0, 9]), numbers(0.5, 0.5))


def test_a_term_that_speaks_for_a_model_raises_its_chance() -> None:
    likely = LINEAR.predict(features((0,)))
    assert likely == pytest.approx([1 / (1 + np.exp(-2)), 1 / (1 + np.exp(2))])


def test_without_a_term_the_bias_is_left() -> None:
    assert LINEAR.predict(features()) == pytest.approx([0.5, 0.5])


def test_the_outcome_of_the_nearest_text_counts_most() -> None:
    first, second = NEIGHBOURS.predict(features(at=0))
    assert first > 0.6 > 0.4 > second


def test_a_text_with_no_likeness_gets_the_mean_of_all() -> None:
    assert NEIGHBOURS.predict(features(at=7)) == pytest.approx([0.5, 0.5])


def test_a_text_is_of_its_nearest_cluster() -> None:
    assert CLUSTERS.predict(features(at=1)) == pytest.approx([0.2, 0.8])


def test_a_text_of_two_groups_gets_a_mixture() -> None:
    assert GROUPS.predict(features((0, 1))) == pytest.approx([0.5, 0.5])
    assert GROUPS.predict(features((0,)))[0] > 0.99


def test_factors_add_to_the_mean_and_stay_chances() -> None:
    assert FACTORS.predict(features(at=0)) == pytest.approx([0.9, 0.5])
    assert FACTORS.predict(features(at=1)) == pytest.approx([0.5, 1.0])


@pytest.mark.parametrize("part", [LINEAR, NEIGHBOURS, CLUSTERS, GROUPS, FACTORS])
def test_a_text_of_nothing_has_chances_too(part: Part) -> None:
    read = features()._replace(vector=np.zeros(128, np.float32))
    likely = part.predict(read)
    assert likely.dtype == np.float32
    assert ((likely >= 0) & (likely <= 1)).all()


def test_a_logit_far_out_does_not_overflow() -> None:
    assert squashed(numbers(-1e9, 0, 1e9)) == pytest.approx([0, 0.5, 1])
