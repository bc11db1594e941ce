"""Vectors, as any protocol has them."""

from math import hypot
from typing import TypeAlias

from homeward.errors import Garbled

Vector: TypeAlias = tuple[float, ...]
Vectors: TypeAlias = tuple[Vector, ...]

CLOSE = 1e-6


def whole(vectors: Vectors, texts: int) -> Vectors:
    """The same vectors, if they are as many as the texts, and as long as each other."""
    if len(vectors) != texts or len({len(vector) for vector in vectors}) > 1 or () in vectors:
        lengths = ", ".join(str(len(vector)) for vector in vectors[:4])
        raise Garbled(
            f"{texts} texts were to be embedded, and {len(vectors)} vectors of {lengths} "
            "numbers came"
        )
    return vectors


def unit(vector: Vector) -> Vector:
    """At length 1; as it is where it is that long already, or nothing but zeros."""
    length = hypot(*vector)
    if not length or abs(length - 1.0) < CLOSE:
        return vector
    return tuple(number / length for number in vector)
