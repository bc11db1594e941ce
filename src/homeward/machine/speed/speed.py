"""How fast a model would answer: the bytes that each token reads, over how fast they are read.

A token takes the time to read the active weights and what attention looks back on, and a little
for each layer; what lies in different memories follows one after the other. The constants are in
`homeward.machine.speed.devices`, and docs/speed.md says how far off they are.
"""

from collections.abc import Iterator

from homeward.machine.estimate import Basis, Bound, How, Memory, Placement, Range, Speed, Use
from homeward.machine.hardware import Gpu, Hardware
from homeward.machine.shapes import Layer, Shapes
from homeward.machine.speed.attention import bytes_read, operations
from homeward.machine.speed.devices import class_of, device
from homeward.machine.speed.pace import Launches, Part, Work

ASSUMED_RAM = 40e9
"""Bytes a second of a main memory that nobody measured: two channels of DDR4-3200, less a fifth."""

LEAST_BITS = 4.0
"""A weight of fewer bits takes as long as one of so many, since it must be unpacked: Llama 3.1 8B
in 24 quantisations, https://github.com/ggml-org/llama.cpp/blob/master/tools/quantize/README.md."""

SPLIT_BAND = 1.3
"""What two memories add to the band: few runs of a split model are published with all settings."""

UNKNOWN_BAND = 1.5
"""What a bandwidth adds that is assumed."""


def speed(
    shapes: Shapes,
    memory: Memory,
    use: Use,
    placement: Placement,
    hardware: Hardware,
    *,
    depth: int | None = None,
) -> Speed:
    """Tokens a second of one answer that begins ``depth`` tokens into the context, 0 where None.

    ``prefill`` is of a prompt at the same place. All is zero where the model runs nowhere.
    """
    at = depth or 0
    parts = list(parts_of(shapes, memory, use, placement, hardware, at))
    names = list(dict.fromkeys(part.name for part in parts))
    widened = (SPLIT_BAND if len(names) > 1 else 1.0) * (UNKNOWN_BAND if _assumed(parts) else 1.0)
    classes = [part.device for part in parts]
    decode = _range(
        sum(part.seconds() for part in parts),
        widened * max((each.band for each in classes), default=1.0),
    )
    prefill = _range(
        sum(part.prompt_seconds(use.ubatch, helped=len(names) > 1) for part in parts),
        widened * max((each.prompt_band for each in classes), default=1.0),
    )
    how = How.ASSUMED if _assumed(parts) else How.TABLE
    basis = Basis(how=how, source=_source(parts), low=decode.low, high=decode.high)
    return Speed(decode=decode, prefill=prefill, depth=at, basis=basis, bound=_bound(parts))


def _bound(parts: list[Part]) -> Bound | None:
    seconds = sum(part.seconds() for part in parts)
    bytes_of = [(part.work.weights + part.work.cache, part.bandwidth) for part in parts]
    read = sum(each for each, _ in bytes_of)
    if not (seconds and read):
        return None
    return Bound(
        read=read,
        bandwidth=read / sum(each / bandwidth for each, bandwidth in bytes_of),
        share=1 - sum(part.launching() for part in parts) / seconds,
    )


def _range(seconds: float, band: float) -> Range:
    mid = 1 / seconds if seconds else 0.0
    return Range(mid / band, mid, mid * band)


def _assumed(parts: list[Part]) -> bool:
    return any(part.assumed for part in parts)


def _source(parts: list[Part]) -> str:
    if not parts:
        return "it runs nowhere"
    told = [
        f"{part.bandwidth / 1e9:.4g} GB/s{_why(part)} of {_called(part)}, {_fitted(part)}"
        for part in parts
    ]
    return " and ".join(dict.fromkeys(told))


def _why(part: Part) -> str:
    if not part.assumed:
        return ""
    return f" (assumed: {part.why})" if part.why else " (assumed)"


def _called(part: Part) -> str:
    return "a GPU of which no more is known" if part.name == "gpu" else part.name


def _fitted(part: Part) -> str:
    """What the constants rest on."""
    if not part.device.runs:
        return "with what was fitted on other GPUs, in a wider band"
    return f"fitted on {part.device.runs} published runs of {part.device.machines} machines"


def parts_of(
    shapes: Shapes,
    memory: Memory,
    use: Use,
    placement: Placement,
    hardware: Hardware,
    depth: int,
) -> Iterator[Part]:
    """What each device does for a token. Layers are shared out as their bytes are."""
    if placement.where == "none":
        return
    work = _whole(shapes, memory, use, depth)
    count = max(len(memory.weights.layers), 1)
    on_gpus = {number: hardware.gpus[number] for number in placement.gpu_bytes}
    layers = {"gpu": count, "split": placement.gpu_layers, "ram": 0}.get(placement.where, 0)
    experts = {"gpu": count, "split": placement.expert_layers, "ram": 0}.get(placement.where, 0)
    near, far = min(layers / count, 1.0), min(experts / count, 1.0)
    if not on_gpus:
        near = far = 0.0
    there = sum(placement.gpu_bytes.values()) or len(on_gpus)
    for number, gpu in on_gpus.items():
        share = (placement.gpu_bytes[number] or 1) / there
        name = class_of(gpu)
        bandwidth, assumed, why = _bandwidth(gpu, hardware)
        yield Part(
            name=name,
            device=device(name),
            bandwidth=bandwidth,
            assumed=assumed,
            flops=gpu.flops,
            cores=0,
            work=work.share(near * share, far * share, share if near or far else 0.0),
            why=why,
        )
    if near < 1 or far < 1:
        yield Part(
            name="cpu",
            device=device("cpu"),
            bandwidth=hardware.ram_bandwidth or ASSUMED_RAM,
            assumed=not hardware.ram_bandwidth,
            flops=0.0,
            cores=hardware.cores,
            work=work.share(1 - near, 1 - far, 0.0 if near or far else 1.0),
        )


def _bandwidth(gpu: Gpu, hardware: Hardware) -> tuple[float, bool, str]:
    """Bytes a second, whether they are assumed, and why so many then."""
    if gpu.bandwidth:
        basis = gpu.basis.get("bandwidth")
        guessed = basis is not None and basis.how is How.ASSUMED and basis.low is not None
        return gpu.bandwidth, guessed, basis.source if basis and guessed else ""
    if (gpu.unified or gpu.integrated) and hardware.ram_bandwidth:
        return hardware.ram_bandwidth, False, ""
    return ASSUMED_RAM, True, ""


def _whole(shapes: Shapes, memory: Memory, use: Use, depth: int) -> Work:
    weights = memory.weights
    dense = sum(each.dense for each in weights.layers)
    experts = sum(each.experts for each in weights.layers)
    routed = max(weights.active - weights.output - dense, 0) if experts else 0
    plain = weights.active - routed  # dense layers and the output
    bits = 8 * weights.active / max(weights.active_parameters, 1)
    unpacked = max(LEAST_BITS / bits, 1.0) if bits else 1.0
    per_byte = weights.active_parameters / max(weights.active, 1)
    return Work(
        dense=max(plain - weights.output, 0) * unpacked,
        experts=routed * unpacked,
        output=min(weights.output, plain) * unpacked,
        resident=max(weights.total - weights.embedding, 0) / max(weights.active, 1),
        parameters=per_byte / unpacked,
        cache=bytes_read(shapes, memory, use, depth),
        attention=operations(shapes, depth),
        launches=_launches(shapes, len(weights.layers)),
    )


def _launches(shapes: Shapes, layers: int) -> Launches:
    """How many layers of each kind are launched."""
    kinds = shapes.kinds
    scans = shapes.recurrent is not None and shapes.recurrent.state > 0
    return Launches(
        plain=len(kinds) or layers,
        experts=sum(shapes.has_experts(layer) for layer in range(shapes.layers)),
        recurrent=scans * sum(kind in (Layer.RECURRENT, Layer.BOTH) for kind in kinds),
        latent=len(kinds) if shapes.kv_lora_rank else 0,
        norms=len(kinds) if shapes.architecture.startswith("gemma") else 0,
    )
