"""Which layers lie on which GPU where not all of a model goes on one: llama.cpp's order.

``common/fit.cpp``: GPUs are filled from the last one and from the last layer, which is computed
beside the output. Where everything but the experts has room, the experts of the first layers are
put there too; else whole layers stay in main memory, with their part of the cache.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from homeward.machine.estimate import Memory


@dataclass(frozen=True)
class Device:
    """A GPU by its number, and the bytes of it that may be used."""

    number: int
    room: int


@dataclass(frozen=True)
class Offload:
    """The rest is ``in_ram``. ``gpu_layers`` and ``expert_layers`` are as in `Placement`."""

    on_gpu: Mapping[int, int]
    in_ram: int
    gpu_layers: int
    expert_layers: int
    layers: int

    @property
    def whole(self) -> bool:
        return self.expert_layers == self.layers


@dataclass(frozen=True)
class Parts:
    """Bytes of each layer, with its part of the cache. ``around`` goes with the last layer.

    ``fixed`` is taken on each GPU that has a part: the driver's context and a compute buffer. What
    the processor needs to compute its layers is less, and not counted.
    """

    dense: tuple[int, ...]
    experts: tuple[int, ...]
    around: int
    embedding: int
    fixed: int


def parts(memory: Memory) -> Parts:
    weights = memory.weights
    dense = [layer.dense for layer in weights.layers]
    experts = [layer.experts for layer in weights.layers]
    if not dense:  # only the size is known
        dense, experts = [max(weights.total - weights.embedding - weights.output, 0)], [0]
    kv = memory.kv_layers
    if len(kv) != len(dense):
        ends = [memory.kv * n // len(dense) for n in range(len(dense) + 1)]
        kv = tuple(end - start for start, end in pairwise(ends))
    return Parts(
        dense=tuple(size + kept for size, kept in zip(dense, kv, strict=True)),
        experts=tuple(experts),
        around=weights.output + memory.projector,
        embedding=weights.embedding,
        fixed=memory.compute + memory.overhead,
    )


def on_one(memory: Memory) -> int:
    """Bytes on a GPU that has all of it but the embedding."""
    each = parts(memory)
    return sum(each.dense) + sum(each.experts) + each.around + each.fixed


def offload(memory: Memory, devices: Sequence[Device]) -> Offload | None:
    """As much as has room, in llama.cpp's order; None where no layer has."""
    each = parts(memory)
    layers = len(each.dense)
    on_gpu, count = _filled(each.dense, each, devices)
    if not count:
        return None
    if count < layers:
        left = sum(each.dense[: layers - count]) + sum(each.experts) + each.embedding
        return Offload(on_gpu, left, count, 0 if any(each.experts) else count, layers)
    full, most = 0, layers  # layers with their experts
    while full < most:
        middle = (full + most + 1) // 2
        if _filled(_with_experts(each, middle), each, devices)[1] == layers:
            full = middle
        else:
            most = middle - 1
    on_gpu, _ = _filled(_with_experts(each, full), each, devices)
    return Offload(on_gpu, sum(each.experts[full:]) + each.embedding, layers, full, layers)


def _with_experts(each: Parts, count: int) -> tuple[int, ...]:
    return tuple(
        size + (experts if number < count else 0)
        for number, (size, experts) in enumerate(zip(each.dense, each.experts, strict=True))
    )


def _filled(
    sizes: Sequence[int], each: Parts, devices: Sequence[Device]
) -> tuple[dict[int, int], int]:
    """Bytes by GPU, and how many of the last layers they are."""
    rest = list(reversed(sizes))
    on_gpu: dict[int, int] = {}
    for device in reversed(devices):
        start = each.fixed + (0 if on_gpu else each.around)
        fits = [sum_ for sum_ in accumulate(rest, initial=start) if sum_ <= device.room]
        if len(fits) > 1:
            on_gpu[device.number] = fits[-1]
            rest = rest[len(fits) - 1 :]
    return on_gpu, len(sizes) - len(rest)
