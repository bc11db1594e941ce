import random

import pytest

from homeward.learn.held_out import halves, keeps, naive, summed
from homeward.learn.thresholds import Scored
from homeward.signals.promise import Part
from tests.signals.promises import promise


def agreed(rows: int = 500, seed: int = 1) -> list[Scored]:
    """Two models agree on 80 %, and are right then in 98 of 100; else in a third."""
    draw = random.Random(seed)
    found = []
    for _ in range(rows):
        agree = draw.random() < 0.8
        found.append(Scored(float(agree), draw.random() < (0.99 if agree else 0.3)))
    return found


def test_the_promise_is_kept_in_nine_of_ten_halves() -> None:
    tried = summed(list(halves(agreed(), splits=100)), 0.95, 0.9)
    assert tried.kept >= 0.9
    assert tried.share > 0.5
    assert tried.right is not None
    assert tried.right > 0.95


def test_a_seed_draws_the_same_halves_again() -> None:
    rows = agreed()
    assert list(halves(rows, splits=5, seed=3)) == list(halves(rows, splits=5, seed=3))
    assert list(halves(rows, splits=5, seed=3)) != list(halves(rows, splits=5, seed=4))


def test_keeping_nothing_breaks_no_promise() -> None:
    tried = summed(list(halves([Scored(1.0, False)] * 100, splits=5)), 0.95, 0.9)
    assert (tried.kept, tried.share, tried.nothing, tried.right) == (1.0, 0.0, 1.0, None)


def test_the_bare_mean_takes_the_lowest_score_that_was_right_often_enough() -> None:
    rows = [Scored(2.0, True)] * 50 + [Scored(1.0, place > 1) for place in range(50)]
    assert naive([*rows, *[Scored(0.0, False)] * 50, Scored(None, False)], 0.95) == 1.0
    assert naive([Scored(1.0, False)], 0.95) is None


def test_a_group_without_a_threshold_keeps_nothing() -> None:
    made = promise(by="group", groups={"law": Part(None, 9)}, shared=("",))
    assert not keeps(made, Scored(1.0, True, "law"))
    assert not keeps(made, Scored(1.0, True, "new"))
    assert not keeps(made, Scored(None, True))
    assert keeps(made, Scored(1.0, True))


def test_no_split_has_no_sum() -> None:
    with pytest.raises(ValueError, match="no split"):
        summed([], 0.95, 0.9)
