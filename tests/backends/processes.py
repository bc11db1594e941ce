"""Whether a process still runs, for tests that kill some."""

import asyncio
import os
import time
from pathlib import Path

from tests.contract import PATIENCE


def runs(pid: int) -> bool:
    """A zombie does not: it only waits for its parent to take note of its end."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    if not Path("/proc/self/stat").exists():
        return True
    threads = Path(f"/proc/{pid}/task").glob("*/stat")  # the first may be one before the others
    return any(_state(stat) not in "ZX" for stat in threads)


def _state(stat: Path) -> str:
    try:
        return stat.read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


async def gone(pid: int) -> bool:
    """Whether it ends, within `PATIENCE`."""
    until = time.monotonic() + PATIENCE
    while runs(pid):
        if time.monotonic() > until:
            return False
        await asyncio.sleep(0.02)
    return True


def children() -> set[int]:
    """The processes that this one has started and that still run. Linux."""
    lists = Path("/proc/self/task").glob("*/children")
    return {int(pid) for file in lists for pid in file.read_text().split() if runs(int(pid))}
