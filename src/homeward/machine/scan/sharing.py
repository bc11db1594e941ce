"""GPUs that have no memory of their own, and those that nothing is planned for."""

from collections.abc import Iterable

from msgspec.structs import replace

from homeward.machine.estimate import Basis, How
from homeward.machine.hardware import Gpu
from homeward.machine.scan.memory import Ram

INTEL_SHARE = 0.75
"""Of main memory: what Intel's Vulkan driver offers above 4 GiB (Mesa,
anv_compute_sys_heap_size)."""


def sharing(gpu: Gpu, memory: Ram) -> Gpu:
    """With sizes that agree with those of main memory, if it has none of its own."""
    if not gpu.unified:
        return gpu
    source = f"main memory's ({memory.source})"
    how = Basis(how=How.MEASURED, source=source)
    if gpu.total:  # a part of it, as the system told
        if not memory.total:
            return gpu
        total = min(gpu.total, memory.total)  # a container may have less than the machine
        free = min(gpu.free, total, memory.free)
        told = gpu.basis if total == gpu.total else {**gpu.basis, "total": how}
        return replace(gpu, total=total, free=free, basis={**told, "free": how})
    total, free = memory.total, memory.free
    if gpu.vendor == "intel":
        total = int(total * INTEL_SHARE)
        how = Basis(how=How.ASSUMED, source=f"three quarters of {source}")
    basis = {**gpu.basis, "total": how, "free": how}
    return replace(gpu, total=total, free=min(free, total), basis=basis)


def counted(found: Iterable[Gpu]) -> list[Gpu]:
    """Integrated ones last, and not counted on beside another; no GPU without memory counts."""
    ordered = sorted(found, key=lambda gpu: gpu.integrated)
    better = any(gpu.counted and gpu.total and not gpu.integrated for gpu in ordered)
    return [
        replace(gpu, counted=gpu.counted and gpu.total > 0 and not (gpu.integrated and better))
        for gpu in ordered
    ]


def reading_like_memory(gpu: Gpu, bandwidth: float) -> Gpu:
    """What shares main memory and is in no table reads about as fast as copying does."""
    if gpu.bandwidth or not (gpu.unified or gpu.integrated) or not bandwidth:
        return gpu
    how = Basis(how=How.ASSUMED, source="main memory's", low=bandwidth / 2, high=bandwidth * 1.25)
    return replace(gpu, bandwidth=bandwidth, basis={**gpu.basis, "bandwidth": how})
