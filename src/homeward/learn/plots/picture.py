"""Picture: what a plot shows, whoever draws it. `png` and `terminal` draw the same description."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

Role = Literal["route", "hull", "random", "length", "oracle", "ideal"]
"""What a line stands for; whoever draws gives each its colour, dash and mark."""

MARGIN = 0.05  # of the range, left free around what is drawn


class Line(Struct, frozen=True):
    """Points joined by straight lines; a single one is drawn as a point."""

    name: str
    role: Role
    x: tuple[float, ...]
    y: tuple[float, ...]


class Points(Struct, frozen=True):
    """Points with a label each. ``weight`` (of the area, 0 to 1) and the ends of ``bars`` in y
    are given for all of them or for none.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    labels: tuple[str, ...]
    weight: tuple[float, ...] = ()
    bars: tuple[tuple[float, float], ...] = ()


class Picture(Struct, frozen=True):
    """``caption`` has the numbers to read beside it; ``square`` gives x and y the same scale."""

    title: str
    x_title: str
    y_title: str
    lines: tuple[Line, ...] = ()
    points: Points | None = None
    caption: str = ""
    square: bool = False


class Range(Struct, frozen=True):
    low: float
    high: float

    def share(self, value: float) -> float:
        """Where a value lies, from 0 (low) to 1 (high)."""
        return (value - self.low) / (self.high - self.low)


def ranges(picture: Picture) -> tuple[Range, Range]:
    """Of x and of y, with a margin; ValueError where there is nothing to show."""
    if picture.square:
        return Range(0.0, 1.0), Range(0.0, 1.0)
    return _around(list(_values(picture, "x"))), _around(list(_values(picture, "y")))


def _values(picture: Picture, axis: Literal["x", "y"]) -> Iterator[float]:
    for line in picture.lines:
        yield from line.x if axis == "x" else line.y
    if picture.points:
        yield from picture.points.x if axis == "x" else picture.points.y
        if axis == "y":
            yield from (end for bar in picture.points.bars for end in bar)


def _around(values: list[float]) -> Range:
    if not values:
        raise ValueError("there is nothing to draw; give a curve or a point")
    low, high = min(values), max(values)
    spread = (high - low) * MARGIN or abs(high) * MARGIN or MARGIN
    return Range(low - spread, high + spread)
