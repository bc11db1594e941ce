"""NVIDIA's GPUs, through its management library (NVML, https://docs.nvidia.com/deploy/nvml-api/).

Each part of a GPU that is split (MIG) is a GPU of its own. A GPU without memory of its own (GB10,
Jetson) says "not supported" when it is asked for it, or too little; it shares main memory.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from homeward.machine.estimate import Basis, How
from homeward.machine.gpus import Row, flops_basis, lookup
from homeward.machine.gpus import basis as published
from homeward.machine.hardware import Gpu
from homeward.machine.scan.bandwidth import checked
from homeward.machine.scan.cards import NVIDIA, cards
from homeward.machine.scan.files import below, fields, folders, text
from homeward.machine.scan.memory import in_wsl, ram
from homeward.machine.scan.nvml import Library, ask, memory_of, parts_of, shares_memory
from homeward.machine.scan.probing import SAY_IT, Told
from homeward.machine.scan.visible import visible
from homeward.machine.sizes import shown

UNIFIED = re.compile(r"\b(?:GB10|Orin|Thor|Xavier|Tegra)\b|Jetson|nvgpu", re.IGNORECASE)


class _Found(Struct, frozen=True):
    gpu: Gpu
    device: int  # of which it is a part, or the whole


def gpus(library: Callable[[], Library], root: Path, environ: Mapping[str, str]) -> Told[list[Gpu]]:
    """Those that this process may use. The sizes of a unified one are 0: main memory's apply."""
    try:
        nvml = library()
    except Exception as error:  # no library, no driver, or one that does not fit the other
        return _without_library(root, error)
    try:
        devices = range(nvml.nvmlDeviceGetCount())
        found = [each for number in devices for each in _device(nvml, number, root)]
    finally:
        nvml.nvmlShutdown()
    left, order = _visible(found, environ)
    said = [f"{gpu.name}: {_said(gpu)}" for gpu in left]
    if len(left) < len(found):
        said.append(f"{len(found) - len(left)} more that CUDA_VISIBLE_DEVICES leaves out")
    lost = ", ".join(gpu.name for gpu in left if not gpu.unified and not gpu.total)
    problem = f"{lost}: the driver does not tell its memory; {SAY_IT}" if lost else ""
    return Told(left, "; ".join([*said, *order]) or "no GPU", problem)


def _device(nvml: Library, number: int, root: Path) -> list[_Found]:
    handle = nvml.nvmlDeviceGetHandleByIndex(number)
    parts, whole = parts_of(nvml, handle), _whole(nvml, handle, root)
    if parts is None:
        return [_Found(whole, number)]
    most = ask(nvml, "nvmlDeviceGetMaxMigDeviceCount", handle) or 1
    return [_Found(_part(nvml, part, whole, most), number) for part in parts]


def _whole(nvml: Library, handle: object, root: Path) -> Gpu:
    name = ask(nvml, "nvmlDeviceGetName", handle) or "NVIDIA GPU"
    memory = memory_of(nvml, handle)
    unified = UNIFIED.search(name) is not None or shares_memory(nvml, handle)
    row = _board(root) if unified else None
    row = row or lookup(name, None if memory is None else int(memory.total))
    bandwidth, basis = _bandwidth(nvml, handle, row, unified=unified)
    total = free = 0
    how = {"bandwidth": basis} if basis else {}
    if memory is not None and not unified:
        reserved = int(getattr(memory, "reserved", 0))
        total, free = int(memory.total) - reserved, int(memory.free)
        less = f", less {shown(reserved)} that the driver keeps" if reserved else ""
        about = ", approximate where Windows moves memory" if in_wsl(root) else ""
        how["total"] = Basis(how=How.MEASURED, source=f"NVML{less}")
        how["free"] = Basis(how=How.MEASURED, source=f"NVML{about}")
    if row is not None:
        how["flops"] = flops_basis(row)
    capability = ask(nvml, "nvmlDeviceGetCudaComputeCapability", handle)
    return Gpu(
        name=name,
        vendor="nvidia",
        total=total,
        free=free,
        bandwidth=bandwidth,
        flops=row.flops if row else 0.0,
        unified=unified,
        architecture=f"{capability[0]}.{capability[1]}" if capability else "",
        identity=ask(nvml, "nvmlDeviceGetUUID", handle) or "",
        basis=how,
    )


def _board(root: Path) -> Row | None:
    """A Jetson's, whose GPU has no name of its own: by the board and its memory."""
    board = text(below(root, "proc/device-tree/model"))
    memory = ram(root)
    return lookup(board, memory.total if memory else None) if "Jetson" in board else None


def _part(nvml: Library, handle: object, whole: Gpu, most: int) -> Gpu:
    """Of a GPU that is split; bandwidth goes with its memory, flops with its slices."""
    memory = memory_of(nvml, handle)
    total, free = (int(memory.total), int(memory.free)) if memory is not None else (0, 0)
    attributes = ask(nvml, "nvmlDeviceGetAttributes_v2", handle)
    slices = getattr(attributes, "gpuInstanceSliceCount", 0)
    share = min(1.0, total / whole.total) if whole.total else 0.0
    part = "a part of it, by its share of the memory"
    return Gpu(
        name=ask(nvml, "nvmlDeviceGetName", handle) or whole.name,
        vendor="nvidia",
        total=total,
        free=free,
        bandwidth=whole.bandwidth * share,
        flops=whole.flops * (min(1.0, slices / most) if slices else share),
        architecture=whole.architecture,
        identity=ask(nvml, "nvmlDeviceGetUUID", handle) or "",
        basis={
            key: Basis(how=How.ASSUMED, source=f"{each.source}, {part}")
            if key in ("bandwidth", "flops")
            else Basis(how=How.MEASURED, source="NVML, of this MIG instance")
            for key, each in whole.basis.items()
        },
    )


def _bandwidth(
    nvml: Library, handle: object, row: Row | None, *, unified: bool
) -> tuple[float, Basis | None]:
    """Two transfers in a cycle, whatever the memory: NVML's clock is that of the data's rise."""
    if unified:  # the clock is of the main memory's controller
        return checked(row, None, None, 2, "NVML")
    clock = ask(nvml, "nvmlDeviceGetMaxClockInfo", handle, getattr(nvml, "NVML_CLOCK_MEM", 2))
    width = ask(nvml, "nvmlDeviceGetMemoryBusWidth", handle)
    return checked(row, clock, width, 2, "NVML")


def _visible(found: list[_Found], environ: Mapping[str, str]) -> tuple[list[Gpu], list[str]]:
    """What CUDA_VISIBLE_DEVICES leaves. Its numbers count the fastest first, unless told otherwise.

    ``CUDA_DEVICE_ORDER=PCI_BUS_ID`` tells. A number means the first part of a GPU that is split.
    """
    said = environ.get("CUDA_VISIBLE_DEVICES")
    if said is None or not said.strip()[:1].isdigit():
        every = [each.gpu for each in found]
        return [every[i] for i in visible(said, [gpu.identity for gpu in every])], []
    firsts = [next(each.gpu for each in found if each.device == n) for n in _devices(found)]
    by_bus = environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
    if not by_bus:
        firsts.sort(key=lambda gpu: -gpu.flops)
    unlike = len({gpu.name for gpu in firsts}) > 1
    guess = ["CUDA_VISIBLE_DEVICES is read as the fastest first; CUDA_DEVICE_ORDER is not set"]
    left = [firsts[i] for i in visible(said, [gpu.identity for gpu in firsts])]
    return left, guess if unlike and not by_bus else []


def _devices(found: list[_Found]) -> list[int]:
    return list(dict.fromkeys(each.device for each in found))


def _without_library(root: Path, error: Exception) -> Told[list[Gpu]]:
    """A Jetson's GPU, else nothing, with the reason where there is a GPU after all."""
    if row := _board(root):
        gpu = Gpu(
            name=row.name,
            vendor="nvidia",
            total=0,
            free=0,
            bandwidth=row.bandwidth,
            flops=row.flops,
            unified=True,
            basis={"bandwidth": published(row), "flops": flops_basis(row)},
        )
        return Told([gpu], f"{row.name}, by the name of the board: {_said(gpu)}")
    there = [
        fields(folder / "information", ":").get("Model", "NVIDIA GPU")
        for folder in folders(below(root, "proc/driver/nvidia/gpus"))
    ]
    if not there and not any(card.vendor == NVIDIA for card in cards(root)):
        return Told([], "no driver")
    name = ", ".join(there) or "an NVIDIA GPU"
    return Told(
        [],
        problem=f"{name} is there, but its driver does not answer ({error}); install or reload "
        f"NVIDIA's driver, in a container start it with --gpus all, or {SAY_IT}",
    )


def _said(gpu: Gpu) -> str:
    if gpu.unified:
        return "shares main memory"
    return f"{shown(gpu.free)} of {shown(gpu.total)} free"
