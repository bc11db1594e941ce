import pytest

from homeward.learn.plots.picture import Line, Picture, Points, Range, ranges


def test_ranges_leave_a_margin_around_lines_and_points() -> None:
    picture = Picture(
        "t",
        "x",
        "y",
        lines=(Line("l", "route", (0.0, 10.0), (0.5, 0.6)),),
        points=Points("p", (20.0,), (0.5,), ("a",)),
    )
    x, y = ranges(picture)
    assert (x.low, x.high) == pytest.approx((-1, 21))
    assert (y.low, y.high) == pytest.approx((0.495, 0.605))


def test_bars_are_seen_whole() -> None:
    points = Points("p", (1.0,), (0.5,), ("a",), bars=((0.0, 0.9),))
    assert ranges(Picture("t", "x", "y", points=points))[1].high > 0.9


@pytest.mark.parametrize("value", [0.0, 3.0, -2.0])
def test_a_single_value_has_room_on_both_sides(value: float) -> None:
    only = Picture("t", "x", "y", lines=(Line("l", "random", (value,), (value,)),))
    x, _ = ranges(only)
    assert x.low < value < x.high


def test_a_square_is_of_shares() -> None:
    line = Line("l", "ideal", (0.2,), (0.3,))
    assert ranges(Picture("t", "x", "y", (line,), square=True)) == (Range(0, 1), Range(0, 1))


def test_nothing_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        ranges(Picture("t", "x", "y"))


def test_a_share_of_a_range() -> None:
    assert Range(2, 6).share(3) == 0.25
