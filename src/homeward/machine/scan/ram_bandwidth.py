"""Measures how fast main memory is copied, and keeps what was found.

``numpy.copyto`` leaves the interpreter's lock, so that threads copy side by side; sums and products
would measure arithmetic. Blocks are larger than any cache, as virtual machines report caches that
they do not have. Other work only ever makes it slower, so the best of several windows counts, and
the load average is kept beside it.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from homeward.machine.estimate import Basis, How

BLOCK = 256 << 20  # bytes, of each thread, read and written to as many
PIECE = 16 << 20  # counted at a time
WINDOWS, WINDOW = 6, 0.1  # the first is spent on waking up
FILE = "ram-bandwidth.json"


class Measured(Struct, frozen=True, kw_only=True):
    """Bytes a second, read and written together. ``worst`` is the slowest window's.

    ``load`` is the load average of the last minute before; ``at`` an ISO date with time.
    """

    bandwidth: float
    worst: float
    threads: int
    load: float
    at: str
    cpu: str
    ram_total: int

    @property
    def basis(self) -> Basis:
        source = f"{self.threads} threads copying, on {self.at[:10]}, at a load of {self.load:.1f}"
        return Basis(how=How.MEASURED, source=source, low=self.worst, high=self.bandwidth * 1.1)


def measure(
    cpu: str,
    ram_total: int,
    ram_free: int,
    threads: int,
    on_step: Callable[[int, float], None] = lambda threads, bandwidth: None,
) -> Measured:
    """With 1, 2, 4 ... threads, as many as memory has room for; the best of them.

    Takes about a second for each. ``on_step`` is told each number and its bandwidth. Interrupt it
    with Ctrl-C.
    """
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    found = []
    for count in _counts(threads, ram_free):
        best, worst = _copy(count)
        found.append((best, worst, count))
        on_step(count, best)
    best, worst, count = max(found)
    return Measured(
        bandwidth=best,
        worst=worst,
        threads=count,
        load=load,
        at=time.strftime("%Y-%m-%dT%H:%M:%S"),
        cpu=cpu,
        ram_total=ram_total,
    )


def keep(measured: Measured, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_suffix(".new")
    whole.write_bytes(msgspec.json.format(msgspec.json.encode(measured)))
    whole.replace(path)


def kept(path: Path, cpu: str, ram_total: int) -> Measured | None:
    """What was measured before on this processor with this memory; None where nothing was."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Measured)
    except (OSError, msgspec.DecodeError):
        return None
    near = abs(found.ram_total - ram_total) <= ram_total / 50
    return found if near and found.cpu == cpu else None


def _counts(threads: int, ram_free: int) -> Iterable[int]:
    room = max(1, ram_free // 2 // (2 * BLOCK))
    most = max(1, min(threads, room))
    count = 1
    while count < most:
        yield count
        count *= 2
    yield most


def _copy(threads: int) -> tuple[float, float]:
    """The best and the worst window of so many threads at once, in bytes a second."""
    copied = [0] * threads
    ready = threading.Barrier(threads + 1)
    stop = threading.Event()
    running = [
        threading.Thread(target=_thread, args=(i, copied, ready, stop), daemon=True)
        for i in range(threads)
    ]
    for each in running:
        each.start()
    try:
        ready.wait()
        rates = []
        for _ in range(WINDOWS):
            before, began = sum(copied), time.perf_counter()
            stop.wait(WINDOW)
            rates.append((sum(copied) - before) / (time.perf_counter() - began))
    finally:
        stop.set()
        ready.abort()
        for each in running:
            each.join()
    return max(rates[1:]), min(rates[1:])


def _thread(
    number: int, copied: list[int], ready: threading.Barrier, stop: threading.Event
) -> None:
    import numpy as np

    source = np.ones(BLOCK, dtype=np.uint8)
    target = np.ones(BLOCK, dtype=np.uint8)  # zeros would get their pages while we measure
    try:
        ready.wait()
    except threading.BrokenBarrierError:
        return
    while True:
        for start in range(0, BLOCK, PIECE):
            if stop.is_set():
                return
            np.copyto(target[start : start + PIECE], source[start : start + PIECE])
            copied[number] += 2 * PIECE
