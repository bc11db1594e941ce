"""How much memory is free, for who must choose a size."""

import os
import re
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup/memory.max")


def available() -> int | None:
    """Bytes that programs may still take, in a container its limit at most.

    Half of all there is where a system tells no more (macOS), None where it tells nothing.
    """
    try:
        free = re.search(r"^MemAvailable: *(\d+) kB", MEMINFO.read_text(), re.MULTILINE)
    except OSError:
        free = None
    if free is not None:
        return min(int(free[1]) * 1024, _limit())
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", ()):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return None


def _limit() -> int:
    try:
        return int(CGROUP.read_text())
    except (OSError, ValueError):  # no such file, or "max"
        return 1 << 62
