from homeward.learn.measures import Bin
from homeward.learn.plots.picture import Points
from homeward.learn.plots.reliability import reliability_diagram
from homeward.learn.report import wilson


def points(*bins: Bin) -> Points:
    found = reliability_diagram(bins).points
    assert found is not None
    return found


def test_a_bin_is_a_point_labelled_with_its_rows() -> None:
    found = points(Bin(0.1, 0.2, 1234), Bin(0.9, 0.8, 617))
    assert (found.x, found.y) == ((0.1, 0.9), (0.2, 0.8))
    assert found.labels == ("1,234", "617")


def test_more_rows_weigh_more() -> None:
    assert points(Bin(0.1, 0.2, 100), Bin(0.9, 0.8, 50)).weight == (1.0, 0.5)


def test_the_bars_are_intervals_of_what_came_true() -> None:
    assert points(Bin(0.1, 0.2, 50)).bars == (wilson(0.2, 50),)


def test_the_diagonal_is_perfect_honesty() -> None:
    (line,) = reliability_diagram([]).lines
    assert (line.x, line.y) == ((0.0, 1.0), (0.0, 1.0))
