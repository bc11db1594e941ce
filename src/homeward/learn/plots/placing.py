"""Placing: where a label goes so that no two overlap and nothing important is hidden."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

RINGS = 120  # tried around a point, each a gap further out, at most
ANGLES = 24  # tried on a ring, to the right first
HIDES_A_LABEL = 1e6  # pixels that it is worth going to avoid this
HIDES_A_MARK = 60.0


class Box(NamedTuple):
    """A rectangle, in pixels from the lower left."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: "Box") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )

    def is_within(self, other: "Box") -> bool:
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.bottom >= other.bottom
            and self.top <= other.top
        )


def place(
    anchors: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    room: Box,
    solid: Sequence[Box] = (),
    marks: Sequence[Box] = (),
    gap: float = 7.0,
) -> list[Box]:
    """A box of its size for each anchor, as near as it can be.

    They overlap each other and what is ``solid`` (the points) only where the ``room`` is too full;
    over ``marks`` (lines) they lie where the next free place is further away than that is worth.
    """
    placed: dict[int, Box] = {}
    for at in sorted(range(len(anchors)), key=lambda at: anchors[at]):
        found, least = None, math.inf
        for away, box in _around(anchors[at], sizes[at], gap):
            if away >= least:
                break
            hidden = sum(box.meets(other) for other in (*placed.values(), *solid))
            cost = away + HIDES_A_LABEL * (hidden + (not box.is_within(room)))
            if cost < least:
                cost += HIDES_A_MARK * sum(box.meets(mark) for mark in marks)
            if cost < least:
                found, least = box, cost
        assert found is not None  # noqa: S101  the first candidate costs less than infinity
        placed[at] = found
    return [placed[at] for at in range(len(anchors))]


def _around(
    anchor: tuple[float, float], size: tuple[float, float], gap: float
) -> Iterator[tuple[float, Box]]:
    """Boxes near a point, the nearest first, with how far off their edge is."""
    width, height = size
    for ring in range(1, RINGS + 1):
        for turn in range(ANGLES):
            side = (turn + 1) // 2 * (-1) ** turn  # right, up and down in turn, left at last
            angle = 2 * math.pi * side / ANGLES
            x = anchor[0] + math.cos(angle) * (ring * gap + width / 2) - width / 2
            y = anchor[1] + math.sin(angle) * (ring * gap + height / 2) - height / 2
            yield ring * gap + turn / ANGLES, Box(x, y, x + width, y + height)
