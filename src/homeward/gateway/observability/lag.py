"""How late the event loop is: whatever blocks it keeps every answer waiting."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from homeward.gateway.observability.metrics import Histogram
from homeward.model import Seconds

EVERY: Seconds = 0.25


@contextmanager
def watched(lag: Histogram) -> Iterator[None]:
    """Within the block a timer looks again and again how late it comes, in seconds."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def look(due: float) -> None:
        nonlocal timer
        now = loop.time()
        lag.observe(max(0.0, now - due))
        timer = loop.call_at(now + EVERY, look, now + EVERY)

    due = loop.time() + EVERY
    timer = loop.call_at(due, look, due)
    try:
        yield
    finally:
        timer.cancel()
