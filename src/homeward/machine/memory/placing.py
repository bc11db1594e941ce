"""Where a model would run: on GPUs, in main memory, or in both.

Whether it fits is physics: what it needs against what is free. What should stay free besides is
said, and kept to where a choice is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import inf

from msgspec.structs import replace

from homeward.machine.estimate import Fits, Memory, Placement
from homeward.machine.hardware import Gpu, Hardware, Vendor
from homeward.machine.memory import because
from homeward.machine.memory.offload import Device, Offload, offload, on_one
from homeward.machine.sizes import GIB, MIB

RESERVE = GIB
"""Bytes that llama.cpp leaves free on each GPU (``--fit-target``)."""

SYSTEM_SHARE = 16
SYSTEM_LEAST, SYSTEM_MOST = 512 * MIB, 4 * GIB
"""Of main memory a sixteenth is the system's, within these bounds."""


def place(memory: Memory, hardware: Hardware, *, reserve: int = RESERVE) -> tuple[Fits, Placement]:
    """What fits, and the best place: one GPU, then several, then both memories, then the main one.

    ``memory`` is as for one GPU of this machine. What is free counts; where that is too little,
    ``because`` says whether all of it would do. ``reserve`` bytes of each GPU stay free where
    layers may as well lie in main memory; a model that fits without them fits.
    """
    fits, placement = decide(memory, hardware, reserve)
    if placement.where == "gpu":
        return fits, placement
    empty, better = decide(memory, emptied(hardware), reserve)
    if empty.gpu or (better.where != "none" and placement.where == "none"):
        there = "on the GPU" if better.where == "gpu" else "in this machine"
        told = f"{placement.because}; it would fit {there} if nothing else were loaded"
        placement = replace(placement, because=told)
    return fits, placement


def decide(memory: Memory, hardware: Hardware, reserve: int = RESERVE) -> tuple[Fits, Placement]:
    """`place`, for what is free alone."""
    room = ram_room(hardware)
    gpus = usable(hardware)
    beside = mapped_room(hardware)
    whole = _on_one(memory, gpus, room, beside, reserve) or _on_many(memory, gpus, beside, reserve)
    both = None if whole else _in_both(memory, gpus, room, reserve)
    in_ram = memory.total <= room
    fits = Fits(gpu=whole is not None, ram=in_ram, split=(whole or both) is not None)
    names = [each.gpu for each in gpus]
    if placement := whole or both:
        return fits, placement
    if in_ram:
        told = because.in_main_memory(memory.total, room, names)
        return fits, Placement(where="ram", ram_bytes=memory.total, because=told)
    return fits, Placement(where="none", because=because.nowhere(memory, names, room))


def vendor(hardware: Hardware) -> Vendor | None:
    """Whose driver a model would run with; None without a GPU that counts."""
    group = _together(usable(hardware))
    return group[0].gpu.vendor if group else None


def emptied(hardware: Hardware) -> Hardware:
    """The same machine with nothing else loaded."""
    gpus = tuple(replace(gpu, free=max(gpu.total, gpu.free)) for gpu in hardware.gpus)
    return replace(hardware, gpus=gpus, ram_free=max(hardware.ram_total, hardware.ram_free))


def ram_room(hardware: Hardware) -> int:
    """Bytes of main memory for a model: what is free, and never the system's share."""
    share = hardware.ram_total // SYSTEM_SHARE
    share = min(max(share, SYSTEM_LEAST), SYSTEM_MOST)
    total = hardware.ram_total or hardware.ram_free
    return max(0, min(hardware.ram_free, total - share))


def mapped_room(hardware: Hardware) -> float:
    """Bytes of main memory for what stays there beside GPUs, without limit where it is not known.

    Its pages are of a file and may be dropped, so that all of main memory counts.
    """
    return ram_room(emptied(hardware)) if hardware.ram_total else inf


@dataclass(frozen=True)
class Numbered:
    """``shared``: what it has it takes from main memory."""

    number: int
    gpu: Gpu
    shared: bool

    def room(self, ram: int) -> int:
        """Bytes for a model, where ``ram`` bytes of main memory may be used."""
        return min(self.gpu.free, ram) if self.shared else self.gpu.free


def usable(hardware: Hardware) -> tuple[Numbered, ...]:
    """Those that count, in the scan's order: integrated ones where there is no other."""
    found = [
        Numbered(number, gpu, _shares(gpu, hardware))
        for number, gpu in enumerate(hardware.gpus)
        if gpu.counted
    ]
    own = [each for each in found if not (each.gpu.unified or each.gpu.integrated)]
    return tuple(own or found)


def _shares(gpu: Gpu, hardware: Hardware) -> bool:
    """One that is said to have more memory than this machine is another's (``--gpu``)."""
    return gpu.unified and gpu.total <= hardware.ram_total


def _on_one(
    memory: Memory, gpus: Sequence[Numbered], ram: int, mapped: float, reserve: int
) -> Placement | None:
    """The largest there is."""
    needed = on_one(memory)
    layers = len(memory.weights.layers)
    for each in sorted(gpus, key=lambda one: (-one.gpu.free, one.number)):
        # A tied matrix is the input table too, unless the GPU has a copy of its own.
        same = memory.weights.tied and each.gpu.vendor == "apple"
        beside = 0 if same else memory.weights.embedding
        room = each.room(ram - beside)
        if needed <= room and (each.shared or beside <= mapped):
            return Placement(
                where="gpu",
                gpu_layers=layers,
                expert_layers=layers,
                gpu_bytes={each.number: needed},
                ram_bytes=beside,
                because=because.on_one_gpu(each.gpu, needed, room, beside, reserve),
            )
    return None


def _on_many(
    memory: Memory, gpus: Sequence[Numbered], mapped: float, reserve: int
) -> Placement | None:
    """As few as will do, the largest first."""
    group = sorted(_together(gpus), key=lambda one: (-one.gpu.free, one.number))
    for count, kept in product(range(2, len(group) + 1), (reserve, 0)):
        chosen = {each.number: each.gpu for each in group[:count]}
        found = offload(memory, [Device(n, chosen[n].free - kept) for n in sorted(chosen)])
        if found is not None and found.whole and found.in_ram <= mapped:
            return _placed("gpu", found, because.on_many_gpus(found, chosen, reserve))
    return None


def _in_both(memory: Memory, gpus: Sequence[Numbered], ram: int, reserve: int) -> Placement | None:
    """On the GPUs as much as has room, the rest in main memory."""
    group = _together(gpus)
    for kept in dict.fromkeys((reserve, 0)):
        found = offload(memory, [Device(one.number, one.room(ram) - kept) for one in group])
        if found is None:
            continue
        shared = sum(found.on_gpu.get(one.number, 0) for one in group if one.shared)
        if found.in_ram + shared <= ram:
            by_number = {one.number: one.gpu for one in group}
            return _placed("split", found, because.in_both(found, by_number, kept))
    return None


def _placed(where: str, found: Offload, told: str) -> Placement:
    return Placement(
        where=where,
        gpu_layers=found.gpu_layers,
        expert_layers=found.expert_layers,
        gpu_bytes=found.on_gpu,
        ram_bytes=found.in_ram,
        because=told,
    )


def _together(gpus: Sequence[Numbered]) -> list[Numbered]:
    """Those that one process uses side by side: of one vendor, and those with the most free.

    One that shares main memory is alone, and so is a slice of a card: CUDA gives a process one.
    """
    groups: dict[str, list[Numbered]] = {}
    for each in gpus:
        alone = each.gpu.unified or each.gpu.integrated or "MIG" in each.gpu.name
        groups.setdefault(str(each.number) if alone else each.gpu.vendor, []).append(each)
    return max(groups.values(), key=lambda group: sum(one.gpu.free for one in group), default=[])
