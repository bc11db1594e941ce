"""What a scan asks besides files. Tests put recordings in its place."""

import os
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from homeward.machine.scan import apple
from homeward.machine.scan.memory import Ram
from homeward.machine.scan.nvml import Library, open_library
from homeward.machine.scan.processor import Processor

NAMES = {"win32": "windows", "cygwin": "windows"}


def available() -> Ram:
    """Where there is no ``/proc``: macOS and Windows."""
    import psutil

    memory = psutil.virtual_memory()
    return Ram(total=memory.total, free=memory.available, source="psutil")


def processor() -> Processor:
    import psutil

    threads = psutil.cpu_count() or 1
    return Processor(
        name=os.environ.get("PROCESSOR_IDENTIFIER") or platform.machine() or "unknown processor",
        cores=psutil.cpu_count(logical=False) or threads,
        threads=threads,
    )


@dataclass(frozen=True)
class System:
    """``name`` is linux, darwin or windows; ``nvml`` opens NVIDIA's library or raises."""

    name: str = NAMES.get(sys.platform, sys.platform)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    nvml: Callable[[], Library] = open_library
    sysctl: apple.Sysctl = apple.sysctl
    available: Callable[[], Ram] = available
    processor: Callable[[], Processor] = processor
