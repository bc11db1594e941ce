"""Calendar windows, and what a key took in one.

Money is counted in billionths of a dollar, as an integer: a hundred times 0.1 is 10.
"""

import time
from calendar import timegm
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from homeward.store.records import What, Window

NANO = 1_000_000_000

WHATS: Sequence[What] = ("requests", "tokens", "usd")
PERS: Sequence[Window] = ("minute", "day", "month")
REQUESTS, TOKENS, USD = range(3)


class Span(Struct, eq=False):
    """What a key took in one calendar window, reservations included.

    ``taken`` are requests, tokens and billionths of a dollar. Times are in seconds since 1970.
    """

    per: Window
    begins: int
    ends: int
    taken: list[int] = msgspec.field(default_factory=lambda: [0] * len(WHATS))


def around(moment: float, per: Window) -> tuple[int, int]:
    """When the calendar window (UTC) that holds a moment begins and ends."""
    if per == "month":
        year, month, *_ = time.gmtime(moment)
        following = (year + month // 12, month % 12 + 1)
        begins, ends = (timegm((*each, 1, 0, 0, 0)) for each in ((year, month), following))
        return begins, ends
    long = 60 if per == "minute" else 86400
    begins = int(moment // long) * long
    return begins, begins + long
