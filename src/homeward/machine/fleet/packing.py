"""Which models lie side by side in which memory: arithmetic, no runtime's opinion."""

from collections.abc import Mapping, Sequence
from itertools import islice, product

from msgspec import Struct

from homeward.machine.fleet.member import Member
from homeward.machine.hardware import Hardware
from homeward.machine.memory.offload import Device, offload, on_one
from homeward.machine.memory.placing import RESERVE, mapped_room, ram_room, usable

STEPS = 100_000
"""How many places are tried before the first that was found has to do."""
WAYS = 2_000
"""To lay small models, before a large one is said not to fit beside them."""


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


def places(hardware: Hardware, reserve: int = RESERVE) -> tuple[Place, ...]:
    """The GPUs, or main memory where there is none; an integrated one only where no other is.

    ``reserve`` bytes of each GPU with its own memory stay free, as llama.cpp leaves them.
    """
    ram = ram_room(hardware)
    found = [
        Place(
            name=each.gpu.name,
            gpu=each.number,
            total=each.gpu.total,
            budget=max(0, each.room(ram) - (0 if each.shared else reserve)),
            shared=each.shared,
        )
        for each in usable(hardware)
    ]
    if found:
        return tuple(found)
    return (Place(name="RAM", gpu=None, total=hardware.ram_total, budget=ram, shared=True),)


def needs(member: Member, place: Place) -> int:
    """Bytes that it takes there, if all of it is there."""
    if place.gpu is None:
        return member.memory.total
    return on_one(member.memory) + (member.memory.weights.embedding if place.shared else 0)


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


def laid(member: Member, rooms: Sequence[int]) -> tuple[tuple[int, ...], bool]:
    """Bytes on each of the GPUs that a model is given, and whether all of it is on them.

    As llama.cpp does it: in proportion, and where that does not fit, in the order of
    `homeward.machine.memory.offload`; what has no room stays in main memory.
    """
    even = split(member, rooms) if len(rooms) > 1 else (on_one(member.memory),)
    if any(even) and all(size <= room for size, room in zip(even, rooms, strict=True)):
        return even, True
    found = offload(member.memory, [Device(n, room) for n, room in enumerate(rooms)])
    if found is None:
        return tuple(0 for _ in rooms), False
    return tuple(found.on_gpu.get(n, 0) for n in range(len(rooms))), found.whole


def pack(members: Sequence[Member], hardware: Hardware) -> Packing | None:
    """Where each model lies, if all of them fit together; None where they do not.

    A model lies on one GPU; one that is too large for each is split among all: before the others
    if that will do, else in what they leave. Every way is tried for a set of usual size: None
    means then that there is none. Nothing is held back from a model alone:
    `homeward.machine.memory.placing.place` says the same.
    """
    where = places(hardware, RESERVE if len(members) > 1 else 0)
    beside = sum(m.memory.weights.embedding for m in members)
    if not where[0].shared and beside > mapped_room(hardware):
        return None  # what stays in main memory beside the GPUs has no room there
    large = [m for m in members if all(needs(m, place) > place.budget for place in where)]
    small = [m for m in members if m not in large]
    if large and len(where) < 2:
        return None
    large.sort(key=lambda m: (-m.on_gpu, m.name))
    small.sort(key=lambda m: (-needs(m, where[0]), m.name))
    found = _large_first(large, small, where) or _small_first(large, small, where)
    if found is None:
        return None
    order = [member.name for member in members]
    return Packing(
        places=where,
        used=tuple({name: each[name] for name in order if name in each} for each in found),
    )


Used = list[dict[str, int]]
"""Bytes of each model by its name, for each place."""


def _large_first(
    large: Sequence[Member], small: Sequence[Member], where: Sequence[Place]
) -> Used | None:
    used = _all_split(large, [place.budget for place in where])
    if used is None:
        return None
    left = [place.budget - sum(each.values()) for place, each in zip(where, used, strict=True)]
    chosen = _assign(small, where, left)
    if chosen is None:
        return None
    return _with(used, small, chosen, where)


def _small_first(
    large: Sequence[Member], small: Sequence[Member], where: Sequence[Place]
) -> Used | None:
    if not (large and small):
        return None
    empty: Used = [{} for _ in where]
    for chosen in islice(product(range(len(where)), repeat=len(small)), WAYS):
        used = _with(empty, small, chosen, where)
        left = [place.budget - sum(each.values()) for place, each in zip(where, used, strict=True)]
        if min(left) >= 0 and (parts := _all_split(large, left)) is not None:
            return [{**part, **each} for part, each in zip(parts, used, strict=True)]
    return None


def _with(
    used: Used, small: Sequence[Member], chosen: Sequence[int], where: Sequence[Place]
) -> Used:
    found = [dict(each) for each in used]
    for member, number in zip(small, chosen, strict=True):
        found[number][member.name] = needs(member, where[number])
    return found


def _all_split(large: Sequence[Member], rooms: Sequence[int]) -> Used | None:
    """Each among all GPUs, one after another; None where one does not fit."""
    left = [*rooms]
    used: Used = [{} for _ in rooms]
    for member in large:
        parts, whole = laid(member, left)
        if not whole:
            return None
        for number, size in enumerate(parts):
            if size:
                used[number][member.name] = size
                left[number] -= size
    return used


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
