"""The machine that the gateway runs on: looked at every few seconds, in a thread of its own.

A driver that hangs stops that thread, and nothing else.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from homeward.folder import data_folder
from homeward.machine.hardware import Hardware
from homeward.machine.scan.watch import Vitals, snapshot
from homeward.model import Seconds

EVERY: Seconds = 5.0
FIRST: Seconds = 0.25
"""Between the first look and the second: the processors' share is of the time between two."""
KEPT: Seconds = 60.0
"""How long a scan holds: what changes sooner is among the vitals."""


@dataclass(eq=False)
class Observed:
    """``vitals`` are None until they were looked at twice."""

    vitals: Vitals | None = None
    _before: Vitals | None = None
    _hardware: Hardware | None = None
    _scanned: float = 0.0
    _scanning: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def hardware(self) -> Hardware:
        """What there is, as of the last minute. Asked in a thread, with deadlines."""
        async with self._scanning:
            if self._hardware is None or time.monotonic() - self._scanned > KEPT:
                self._hardware = await asyncio.to_thread(_scan)
                self._scanned = time.monotonic()
            return self._hardware

    def look(self) -> None:
        before, self._before = self._before, snapshot(self._before)
        if before is not None:
            self.vitals = self._before


@contextmanager
def observed(machine: Observed) -> Iterator[None]:
    """Within the block a thread looks again and again; it is never waited for."""
    stopped = threading.Event()

    def watch() -> None:
        pause = FIRST
        while True:
            machine.look()
            if stopped.wait(pause):
                return
            pause = EVERY

    threading.Thread(target=watch, name="homeward-machine", daemon=True).start()
    try:
        yield
    finally:
        stopped.set()


def _scan() -> Hardware:
    from homeward.machine.scan.ram_bandwidth import FILE
    from homeward.machine.scan.scan import scan

    return scan(kept=data_folder() / FILE)
