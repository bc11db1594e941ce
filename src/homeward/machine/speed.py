"""How fast a model would answer: bytes that are read for each token, over how fast they are read.

A token takes the time to read the active weights and what the attention looks back on, plus a
little for each layer; parts in different memories follow one another. Constants are in
`homeward.machine.devices`; docs/speed.md says how far off they are.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from homeward.ggml import bits
from homeward.machine.devices import DEVICES, Device, device
from homeward.machine.estimate import Basis, How, Memory, Placement, Range, Speed, Use
from homeward.machine.hardware import Gpu, Hardware
from homeward.machine.shapes import Layer, Shapes

ASSUMED_RAM = 40e9
"""Bytes a second of main memory nobody measured: two channels of DDR4."""


class Part(Struct, frozen=True, kw_only=True):
    """What one device does for each token. ``weights`` and ``cache`` are bytes that it reads,
    ``attention`` operations, ``parameters`` those it multiplies with.
    """

    device: Device
    bandwidth: float
    flops: float
    weights: float = 0.0
    cache: float = 0.0
    attention: float = 0.0
    layers: float = 0.0
    parameters: float = 0.0

    def seconds(self) -> float:
        """For one token."""
        known = self.device
        weights = self.weights / (known.weights * self.bandwidth)
        read = self.cache / (known.cache * self.bandwidth)
        computed = self.attention / (known.attention * self.bandwidth)
        return weights + max(read, computed) + self.layers * known.layer

    def prompt_seconds(self) -> float:
        """For one token of a prompt, of which many are read at once."""
        flops = self.flops or self.bandwidth * self.device.ratio
        return (2 * self.parameters + self.attention) / (self.device.prompt * flops)


def speed(
    shapes: Shapes,
    memory: Memory,
    use: Use,
    placement: Placement,
    hardware: Hardware,
    *,
    depth: int | None = None,
) -> Speed:
    """Tokens a second of one answer, ``depth`` tokens into the context (0 where None).

    All zero where it runs nowhere.
    """
    at = 0 if depth is None else depth
    parts = list(_parts(shapes, memory, use, placement, hardware, at))
    decode = sum(part.seconds() for part in parts)
    prompt = sum(part.prompt_seconds() for part in parts)
    source = " and ".join(dict.fromkeys(part.device.name for part in parts)) or "nothing"
    return Speed(
        decode=_range(decode, max((part.device.band for part in parts), default=1.0)),
        prefill=_range(prompt, max((part.device.prompt_band for part in parts), default=1.0)),
        depth=at,
        basis=Basis(
            how=How.TABLE, source=f"bandwidth and published runs of devices like: {source}"
        ),
    )


def _range(seconds: float, band: float) -> Range:
    mid = 1 / seconds if seconds else 0.0
    return Range(mid / band, mid, mid * band)


def _parts(
    shapes: Shapes,
    memory: Memory,
    use: Use,
    placement: Placement,
    hardware: Hardware,
    depth: int,
) -> Iterator[Part]:
    if placement.where == "none":
        return
    weights = memory.weights
    layers = len(weights.layers) or shapes.layers or 1
    experts = sum(each.experts for each in weights.layers)
    output = weights.output
    dense = sum(each.dense for each in weights.layers)
    active = max(weights.active - output - dense, 0)
    routed = active / experts if experts else 0.0
    kv = sum(reads(shapes, memory, use, depth))
    flops = _attention(shapes, depth)
    on_gpu = layers if placement.where == "gpu" else min(placement.gpu_layers, layers)
    share = on_gpu / layers if placement.where != "ram" else 0.0
    far = layers if placement.where == "gpu" else min(placement.expert_layers, layers)
    expert_share = far / layers if placement.where != "ram" else 0.0
    heavy = routed * experts
    parameters = weights.active_parameters
    used = [hardware.gpus[number] for number in sorted(placement.gpu_bytes)] or list(
        hardware.gpus[:1]
    )
    everywhere = sum(placement.gpu_bytes.values()) or 1
    if share and used:
        for number, gpu in zip(sorted(placement.gpu_bytes) or (0,), used, strict=True):
            part = placement.gpu_bytes.get(number, everywhere) / everywhere
            yield Part(
                device=device(gpu),
                bandwidth=_bandwidth(gpu, hardware),
                flops=gpu.flops,
                weights=part * (dense * share + output + heavy * expert_share),
                cache=part * kv * share,
                attention=part * flops * share,
                layers=part * layers * share,
                parameters=part
                * parameters
                * (dense * share + output + heavy * expert_share)
                / max(weights.active, 1),
            )
    else:
        share = expert_share = 0.0
    if share < 1 or expert_share < 1:
        here = dense * (1 - share) + heavy * (1 - expert_share) + (0 if share else output)
        yield Part(
            device=DEVICES["cpu"],
            bandwidth=hardware.ram_bandwidth or ASSUMED_RAM,
            flops=0.0,
            weights=here,
            cache=kv * (1 - share),
            attention=flops * (1 - share),
            layers=layers * (1 - min(share, expert_share)),
            parameters=parameters * here / max(weights.active, 1),
        )


def _bandwidth(gpu: Gpu, hardware: Hardware) -> float:
    return gpu.bandwidth or (gpu.unified and hardware.ram_bandwidth) or ASSUMED_RAM


def reads(shapes: Shapes, memory: Memory, use: Use, depth: int) -> Sequence[float]:
    """Bytes that each layer reads of its cache for one token, ``depth`` tokens into the context."""
    slot = max(use.context // use.parallel, 1)
    if not shapes.whole or len(memory.kv_layers) != shapes.layers:
        return [memory.kv / use.parallel * min(depth / slot, 1.0)]
    size = bits(use.kv.upper()) / 8
    found: list[float] = []
    for number, kind in enumerate(shapes.kinds):
        held = memory.kv_layers[number]
        if kind is Layer.WINDOW:
            seen = min(depth, shapes.window or depth)
            found.append(seen * _cell(shapes, number) * size)
        elif kind in (Layer.FULL, Layer.BOTH):
            found.append(depth * _cell(shapes, number) * size)
        else:
            found.append(2 * held / use.parallel)  # a state is read and written
    return found


def _cell(shapes: Shapes, layer: int) -> int:
    """Numbers that one token leaves in the cache of a layer."""
    if shapes.kv_lora_rank:
        return shapes.kv_lora_rank + shapes.rope_dim
    key = shapes.head_dim_at(layer)
    return (key + (shapes.value_dim or key)) * shapes.kv_heads_at(layer)


def _attention(shapes: Shapes, depth: int) -> float:
    """Operations of all layers for one token."""
    if not shapes.whole:
        return 0.0
    total = 0.0
    for number, kind in enumerate(shapes.kinds):
        if kind in (Layer.RECURRENT, Layer.NOTHING):
            continue
        seen = min(depth, shapes.window or depth) if kind is Layer.WINDOW else depth
        if shapes.kv_lora_rank:
            wide = 2 * shapes.kv_lora_rank + shapes.rope_dim
        else:
            wide = 2 * shapes.head_dim_at(number)
        total += 2.0 * seen * wide * shapes.heads
    return total
