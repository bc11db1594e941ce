"""Found: one piece of a text that should not travel far."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias


class Found(NamedTuple):
    """``label`` is its class (contact, id ...), ``kind`` the detector's own word (email, us_ssn).

    ``start`` and ``end`` are characters of the text, so that the words themselves need not be
    kept.
    """

    label: str
    kind: str
    start: int
    end: int

    def overlaps(self, start: int, end: int) -> bool:
        return self.start < end and start < self.end


Detector: TypeAlias = Callable[[str, str], Iterator[Found]]
"""From a text, and the same in lower case and of the same length, to what is in it."""


def before(text: str, start: int, reach: int) -> str:
    """What stands before a place, in lower case: where a cue to its meaning is looked for."""
    return text[max(0, start - reach) : start].lower()
