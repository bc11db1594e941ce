"""Classes of devices that read memory and compute alike, with what was fitted for each.

``python bench/speed.py FOLDER --fit`` writes ``devices.json``; docs/speed.md tells how it is fitted
and how far off it is on machines that it was not fitted on.
"""

import re
from collections import Counter
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

from homeward.machine.hardware import Gpu, Vendor


class Kernels(Struct, frozen=True, kw_only=True):
    """What else a layer takes, in parts of what launching a plain one takes."""

    experts: float  # a router, sorting, three products with gathered matrices
    recurrent: float  # a scan of a state; a short convolution has none
    latent: float  # keys and values are unfolded
    norms: float  # Gemma has four to a layer, not two


class Device(Struct, frozen=True, kw_only=True):
    """How near a class of devices comes to its own figures.

    ``weights`` and ``cache`` are shares of the bandwidth at which they are read. ``layer`` is in
    seconds: what a dense layer takes besides, as its kernels are launched one after another.
    ``attention`` is how many operations of attention are done while one byte could be read.

    ``unpack`` is the share of ``flops`` at which weights are unpacked for one token, 0 where that
    never takes longer than reading them: it does on NVIDIA's GPUs before Turing.

    ``prompt`` and ``prompt_attention`` are the shares of ``flops`` at which a prompt's weights
    are multiplied, and its attention computed; ``ratio`` is those flops for each byte of bandwidth
    where they are not known. Nine of ten runs lie within the factors ``band`` and ``prompt_band``.
    ``machines`` is on how many it was fitted, with ``runs``.
    """

    weights: float
    layer: float
    cache: float
    attention: float
    unpack: float
    prompt: float
    prompt_attention: float
    ratio: float
    band: float
    prompt_band: float
    kernels: Kernels
    machines: int = 0
    runs: int = 0


TABLE = Path(__file__).with_name("devices.json")

NEAR, EXACT = 0.01, 0.0005
"""How far figures of one GPU are apart in two tables, and in one."""

UNIFIED_NVIDIA = re.compile(r"GB10|DGX Spark|Jetson|Orin|Thor|Tegra", re.IGNORECASE)
HBM = re.compile(
    r"(?:\b|NVIDIA )(?:P100|V100|A100X?|A800|A30X?|H100|H800|H200|H20|GH200|B100|B200|B300|GB200)\b"
)
OLD = re.compile(
    r"GTX (?!16)|\bGT \d|Quadro [KMP]|Tesla [KMP]\d|\b[MP]\d\d?\b|TITAN X", re.IGNORECASE
)
COMPUTE_CARDS = re.compile(r"Instinct|\bMI\d", re.IGNORECASE)


@cache
def devices() -> dict[str, Device]:
    """All classes by name."""
    return msgspec.json.decode(TABLE.read_bytes(), type=dict[str, Device])


def device(name: str) -> Device:
    return devices()[name]


def class_of(gpu: Gpu) -> str:
    """The name of its class: by its maker and name, else by which GPUs have its figures."""
    if gpu.vendor == "other" and (alike := _alike(gpu.total, gpu.bandwidth)):
        return alike
    return _class(gpu.vendor, gpu.name, unified=gpu.unified, integrated=gpu.integrated)


def _class(vendor: Vendor, name: str, *, unified: bool, integrated: bool) -> str:
    shared = unified or integrated
    if vendor == "nvidia":
        if shared or UNIFIED_NVIDIA.search(name):
            return "nvidia-unified"
        if HBM.search(name):
            return "nvidia-hbm"
        return "nvidia-old" if OLD.search(name) else "nvidia"
    if vendor == "amd":
        if shared:
            return "amd-unified"
        return "amd-hbm" if COMPUTE_CARDS.search(name) else "amd"
    if vendor == "intel":
        return "intel-unified" if shared else "intel"
    return "apple" if vendor == "apple" else "gpu"


def _alike(total: int, bandwidth: float) -> str | None:
    """The class that most GPUs have whose memory and bandwidth come nearest to these."""
    if not total or not bandwidth:
        return None
    from homeward.machine.gpus import rows  # a table, read only where it is asked

    near = [
        (abs(row.bandwidth / bandwidth - 1), row)
        for row in rows()
        if abs(row.bandwidth / bandwidth - 1) <= NEAR
        and any(abs(size - total) <= 2 * NEAR * total for size in row.memory)
    ]
    least = min((off for off, _ in near), default=0.0) + EXACT
    found = Counter(
        _class(row.vendor, row.name, unified=row.unified, integrated=row.integrated)
        for off, row in near
        if off <= least
    )
    name, count = found.most_common(1)[0] if found else ("", 0)
    return name if 2 * count > found.total() else None
