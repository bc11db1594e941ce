"""How fast main memory is where nobody has measured it: by its modules, else by the processor.

What is said is what copying attains, read and written bytes together, as `ram_bandwidth` measures
it; that is about four fifths of what the modules could do.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from homeward.machine.estimate import Basis, How
from homeward.machine.hardware import Gpu
from homeward.machine.scan.files import below, fields
from homeward.machine.scan.overrides import Overrides
from homeward.machine.scan.processor import Processor
from homeward.machine.scan.ram_bandwidth import Measured
from homeward.machine.sizes import shown_bandwidth

ATTAINED = (0.65, 0.8, 0.92)
"""Of the modules' peak, copying, at least, usually and at most. Assumed, not measured."""

REACHED = (0.4, 0.6, 0.85)
"""Of a unified memory's bandwidth, by the processor, whose links are narrower than the GPU's.
Assumed, not measured."""

CLASSES = (  # low, mid, high in GB/s
    (r"EPYC 9|Xeon.* 6\d{3}[PE]", 120, 280, 500),
    (r"EPYC|Xeon.*(?:Platinum|Gold)|Neoverse|Ampere|Graviton", 60, 120, 250),
    (r"Threadripper", 60, 90, 250),
    (r"Xeon", 20, 50, 150),
    (r"Ryzen AI Max", 80, 110, 130),
    (r"Core.* Ultra \d 2\d\dV", 70, 95, 115),
    (r"Ryzen AI|Ryzen \d(?: PRO)? [789]\d{3}|Core.* Ultra", 40, 58, 90),
    (r"Ryzen", 22, 34, 45),
    (r"i[3579]-1[234]\d{3}", 25, 48, 75),
    (r"i[3579]-(?:1[01]|[6789])\d{2,3}", 20, 32, 42),
    (r"Raspberry Pi 5|Raspberry Pi Compute Module 5", 8, 11, 14),
    (r"Raspberry Pi", 3, 5, 7),
    (r"", 10, 30, 80),
)
"""By the name of the processor, the first that matches: what its channels and the usual modules
come to. Assumed, not measured."""

BY_CORE = (8, 16, 25)
"""GB/s that one core copies, at least, usually and at most: a small part of a server has less.
Assumed; two virtual EPYC cores copied 36 to 49 in all (`ram_bandwidth.measure`)."""

_CHANNEL = re.compile(r"channel\s*-?_?([a-z0-9])|(?<![a-z])dimm[_ ]?([a-h])\d?\b", re.IGNORECASE)


def ram_speed(
    root: Path,
    overrides: Overrides,
    processor: Processor,
    gpus: Sequence[Gpu],
    measured: Measured | None,
) -> tuple[float, Basis]:
    """The surest there is: given, measured before, of a GPU that shares it, of the modules."""
    given = overrides.ram_bandwidth or (None if gpus else overrides.bandwidth)
    if given:
        return given, Basis(how=How.GIVEN, source="given")
    shared = [gpu for gpu in gpus if gpu.unified and gpu.bandwidth]
    if shared and overrides.gpu:  # of another machine than this one
        return _of_gpu(shared[0])
    if measured is not None:
        return measured.bandwidth, measured.basis
    if shared:
        return _of_gpu(shared[0])
    return by_modules(root) or by_processor(processor)


def _of_gpu(gpu: Gpu) -> tuple[float, Basis]:
    """Processors reach only a part of a memory that is made for a GPU."""
    low, mid, high = (share * gpu.bandwidth for share in REACHED)
    source = f"a part of what {gpu.name} reads from the same memory"
    return mid, Basis(how=How.ASSUMED, source=source, low=low, high=high)


def by_modules(root: Path) -> tuple[float, Basis] | None:
    """From what udev noted of the modules when the machine started; None where it did not.

    ``/run/udev/data/+dmi:id`` may be read by everyone, unlike the firmware's table itself.
    """
    noted = fields(below(root, "run/udev/data/+dmi:id"), "=")
    modules: dict[str, tuple[int, int]] = {}  # width in bits and transfers a second, by channel
    kind = ""
    for number in range(64):
        start = f"E:MEMORY_DEVICE_{number}_"
        speed = noted.get(f"{start}CONFIGURED_SPEED_MTS") or noted.get(f"{start}SPEED_MTS", "")
        width = noted.get(f"{start}DATA_WIDTH", "")
        if noted.get(f"{start}PRESENT") == "0" or not (speed.isdigit() and width.isdigit()):
            continue
        where = " ".join(noted.get(start + key, "") for key in ("BANK_LOCATOR", "LOCATOR"))
        channel = _channel(where) or f"module {number}"
        modules[channel] = (int(width), int(speed))
        kind = noted.get(f"{start}TYPE", kind)
    if not modules:
        return None
    peak = sum(width / 8 * speed * 1e6 for width, speed in modules.values())
    low, mid, high = (share * peak for share in ATTAINED)
    source = f"{len(modules)} channels of {kind or 'memory'}, {shown_bandwidth(peak)}, less a fifth"
    return mid, Basis(how=How.TABLE, source=source, low=low, high=high)


def by_processor(processor: Processor) -> tuple[float, Basis]:
    """Assumed, with a wide band."""
    rates = next(
        row[1:] for row in CLASSES if re.search(row[0], processor.name, re.IGNORECASE) is not None
    )
    low, mid, high = (
        min(rate, core * processor.cores) * 1e9 for rate, core in zip(rates, BY_CORE, strict=True)
    )
    source = f"usual of {processor.name} with {processor.cores} cores; --measure-ram measures it"
    return mid, Basis(how=How.ASSUMED, source=source, low=low, high=high)


def _channel(where: str) -> str:
    """With its socket, where boards name them: ``P0 CHANNEL A``, ``DIMM_B2``."""
    found = _CHANNEL.search(where)
    if found is None:
        return ""
    socket = re.search(r"\b(?:p|cpu|node|proc)[ _]?(\d)", where, re.IGNORECASE)
    return f"{socket[1] if socket else 0}{(found[1] or found[2]).upper()}"
