"""Which models lie side by side in which memory: arithmetic, no runtime's opinion."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from homeward.machine.fleet.member import Member
from homeward.machine.fleet.rules import MIB, OLLAMA_RULES
from homeward.machine.hardware import Hardware

MARGIN = OLLAMA_RULES.margin
"""Bytes that stay free on a GPU: as many as llama.cpp leaves there (``common/fit.cpp``)."""

RAM_MARGIN = 1024 * MIB
"""Bytes of main memory that stay free for everything else."""

STEPS = 100_000
"""How many places are tried before the first that was found has to do."""


class Place(Struct, frozen=True, kw_only=True):
    """A memory that models lie in. ``gpu`` is its number, None for main memory.

    ``budget`` is what may be used of the ``total``. Where it is ``shared`` with programs, all of
    a model counts, also what a GPU with its own memory leaves in main memory.
    """

    name: str
    gpu: int | None
    total: int
    budget: int
    shared: bool


class Packing(Struct, frozen=True, kw_only=True):
    """``used`` has for each place the bytes of each model in it, by name."""

    places: tuple[Place, ...]
    used: tuple[Mapping[str, int], ...]


def places(hardware: Hardware) -> tuple[Place, ...]:
    """The GPUs, or main memory where there is none; an integrated one only where no other is."""
    gpus = [*enumerate(hardware.gpus)]
    own = [(n, gpu) for n, gpu in gpus if not (gpu.unified or gpu.integrated)]
    found = []
    for number, gpu in own or gpus:
        shared = gpu.unified or gpu.integrated
        margin = RAM_MARGIN if shared else MARGIN
        free = min(gpu.free, hardware.ram_free) if shared and hardware.ram_free else gpu.free
        found.append(
            Place(
                name=gpu.name,
                gpu=number,
                total=gpu.total,
                budget=max(0, free - margin),
                shared=shared,
            )
        )
    if found:
        return tuple(found)
    budget = max(0, hardware.ram_free - RAM_MARGIN)
    ram = Place(name="RAM", gpu=None, total=hardware.ram_total, budget=budget, shared=True)
    return (ram,)


def needs(member: Member, place: Place) -> int:
    """Bytes that it takes there, if all of it is there."""
    return member.memory.total if place.shared else member.on_gpu


def split(member: Member, frees: Sequence[int]) -> tuple[int, ...]:
    """Bytes on each of several GPUs: whole layers, in proportion to what is free on each.

    As llama.cpp splits by layer; the output goes with the last one. Each that has a part has its
    own buffers and overhead, the first has the projector.
    """
    whole = sum(frees)
    if not whole:
        return tuple(0 for _ in frees)
    ends, reached = [], 0.0
    for free in frees:
        reached += free / whole
        ends.append(reached)
    layers = [each.dense + each.experts for each in member.memory.weights.layers]
    layers = [
        size + (member.memory.kv_layers[n] if n < len(member.memory.kv_layers) else 0)
        for n, size in enumerate(layers)
    ]
    parts = [*layers, member.layered - sum(layers)]
    bytes_on = [0] * len(frees)
    for number, size in enumerate(parts):
        where = next((n for n, end in enumerate(ends) if number / len(parts) < end), -1)
        bytes_on[where] += size
    memory = member.memory
    first = next(n for n, size in enumerate(bytes_on) if size)
    return tuple(
        size + memory.compute + memory.overhead + (memory.projector if n == first else 0)
        if size
        else 0
        for n, size in enumerate(bytes_on)
    )


def pack(members: Sequence[Member], hardware: Hardware) -> Packing | None:
    """Where each model lies, if all of them fit together; None where they do not.

    A model lies on one GPU; one that is too large for each is split among all, before the
    others. Every way is tried for a set of usual size: None means then that there is none.
    """
    where = places(hardware)
    used: list[dict[str, int]] = [{} for _ in where]
    left = [place.budget for place in where]
    large = [m for m in members if all(needs(m, place) > place.budget for place in where)]
    for member in sorted(large, key=lambda m: (-m.on_gpu, m.name)):
        if len(where) < 2:
            return None
        for number, size in enumerate(split(member, left)):
            if size > left[number]:
                return None
            if size:
                used[number][member.name] = size
                left[number] -= size
    small = [m for m in members if m not in large]
    small.sort(key=lambda m: (-needs(m, where[0]), m.name))
    chosen = _assign(small, where, left)
    if chosen is None:
        return None
    for member, number in zip(small, chosen, strict=True):
        used[number][member.name] = needs(member, where[number])
    order = [member.name for member in members]
    return Packing(
        places=where,
        used=tuple({name: each[name] for name in order if name in each} for each in used),
    )


def _assign(
    members: Sequence[Member], where: Sequence[Place], left: Sequence[int]
) -> tuple[int, ...] | None:
    """The place of each, the largest first and the fullest that has room first."""
    left, steps = [*left], 0

    def put(at: int) -> tuple[int, ...] | None:
        nonlocal steps
        if at == len(members):
            return ()
        tried: set[tuple[int, bool]] = set()
        for number in sorted(range(len(where)), key=lambda n: (left[n], n)):
            size = needs(members[at], where[number])
            same = (left[number], where[number].shared)
            if size > left[number] or same in tried or steps > STEPS:
                continue
            tried.add(same)
            steps += 1
            left[number] -= size
            rest = put(at + 1)
            left[number] += size
            if rest is not None:
                return (number, *rest)
        return None

    return put(0)
