"""How a machine is right now, cheap enough to be asked every few seconds.

    before = snapshot()
    ...
    now = snapshot(before)          # now.cpu is the share since then

A driver that hangs hangs this too: ask from a thread, with a timeout of your own.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from homeward.machine.scan.cards import AMD, amd_identity, cards
from homeward.machine.scan.files import below, folders, number, text
from homeward.machine.scan.memory import ram

if TYPE_CHECKING:
    from homeward.machine.scan.nvml import Library


class GpuVitals(Struct, frozen=True, kw_only=True):
    """Bytes, a share from 0 to 1, degrees Celsius; None is what the driver does not tell."""

    name: str
    identity: str
    total: int
    used: int
    utilisation: float | None = None
    temperature: float | None = None


class Vitals(Struct, frozen=True, kw_only=True):
    """``cpu`` is the share of all processors' time since the snapshot before, 0 without one.

    It is the host's in a container, as the kernel has it; memory is within the container's limit.
    ``temperatures`` are in degrees Celsius, the hottest of each sensor chip.
    """

    cpu: float = 0.0
    cpu_busy: float = 0.0  # since the start, in any unit: for the next snapshot
    cpu_whole: float = 0.0
    ram_total: int = 0
    ram_used: int = 0
    gpus: tuple[GpuVitals, ...] = ()
    temperatures: dict[str, float] = {}


def snapshot(
    previous: Vitals | None = None,
    *,
    root: Path = Path("/"),
    nvml: Callable[[], "Library | None"] | None = None,
) -> Vitals:
    """What can be had; never raises. ``nvml`` gives NVIDIA's library, None where there is none."""
    busy, whole = _processors(root)
    share = 0.0
    if previous is not None and whole > previous.cpu_whole:
        share = (busy - previous.cpu_busy) / (whole - previous.cpu_whole)
    total, used = _memory(root)
    found: list[GpuVitals] = []
    with suppress(Exception):
        found += _nvidia((nvml or _library)(), total, used)
    with suppress(Exception):
        found += _amd(root)
    return Vitals(
        cpu=min(1.0, max(0.0, share)),
        cpu_busy=busy,
        cpu_whole=whole,
        ram_total=total,
        ram_used=used,
        gpus=tuple(found),
        temperatures=_temperatures() if root == Path("/") else {},
    )


def _processors(root: Path) -> tuple[float, float]:
    """Busy and whole time of all processors since the start.

    ``/proc/stat`` has it in the order user, nice, system, idle, iowait, irq, softirq, steal.
    """
    with suppress(Exception):
        first = text(below(root, "proc/stat")).split("\n", 1)[0].split()
        if first[:1] == ["cpu"]:
            times = [float(part) for part in first[1:9]]
            return sum(times) - times[3] - times[4], sum(times)
        import psutil

        seen = psutil.cpu_times()
        return sum(seen) - seen.idle, sum(seen)
    return 0.0, 0.0


def _memory(root: Path) -> tuple[int, int]:
    with suppress(Exception):
        found = ram(root)
        if found is not None:
            return found.total, found.total - found.free
        import psutil

        memory = psutil.virtual_memory()
        return memory.total, memory.total - memory.available
    return 0, 0


@cache
def _library() -> "Library | None":
    """Opened once: waking it up takes longer than all else here."""
    from homeward.machine.scan.nvml import open_library

    try:
        return open_library()
    except Exception:  # no library or no driver
        return None


def _nvidia(nvml: Any, ram_total: int, ram_used: int) -> Iterator[GpuVitals]:
    if nvml is None:
        return
    from homeward.machine.scan.nvml import ask, handles, memory_of

    for handle in handles(nvml):
        memory = memory_of(nvml, handle)
        rates = ask(nvml, "nvmlDeviceGetUtilizationRates", handle)
        yield GpuVitals(
            name=ask(nvml, "nvmlDeviceGetName", handle) or "NVIDIA GPU",
            identity=ask(nvml, "nvmlDeviceGetUUID", handle) or "",
            total=int(memory.total) if memory else ram_total,
            used=int(memory.used) if memory else ram_used,
            utilisation=rates.gpu / 100 if rates else None,
            temperature=ask(nvml, "nvmlDeviceGetTemperature", handle, 0),
        )


def _amd(root: Path) -> Iterator[GpuVitals]:
    for card in cards(root):
        if card.vendor != AMD:
            continue
        share = number(card.device / "gpu_busy_percent")
        kinds = [
            tuple(
                number(card.device / f"mem_info_{kind}_{what}") or 0 for what in ("total", "used")
            )
            for kind in ("vram", "gtt")
        ]
        total, used = max(kinds) if (card.device / "mem_info_vram_total").exists() else (0, 0)
        heat = [
            degrees
            for monitor in folders(card.device / "hwmon")
            if (degrees := number(monitor / "temp1_input")) is not None
        ]
        yield GpuVitals(
            name=text(card.device / "product_name") or f"AMD GPU {card.pci}",
            identity=amd_identity(card),
            total=total,
            used=used,
            utilisation=None if share is None else share / 100,
            temperature=heat[0] / 1000 if heat else None,
        )


def _temperatures() -> dict[str, float]:
    with suppress(Exception):
        import psutil

        read = psutil.sensors_temperatures()  # neither on macOS nor on Windows
        return {chip: max(each.current for each in rows) for chip, rows in read.items() if rows}
    return {}
