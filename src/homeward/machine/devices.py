"""Classes of devices that read memory and compute alike, with what was fitted for each.

``python bench/speed.py FOLDER`` fits and checks them on published runs; docs/speed.md tells how.
"""

import re

from msgspec import Struct

from homeward.machine.hardware import Gpu


class Device(Struct, frozen=True, kw_only=True):
    """How near to its figures a class of devices comes.

    ``weights`` and ``cache`` are shares of the bandwidth at which they are read; ``layer`` is
    seconds that each layer takes at least (its kernels are launched one after another).
    ``attention`` is how many operations of attention are done in the time in which one byte is
    read. ``prompt`` is the share of the device's ``flops`` that reading a prompt comes to, and
    ``ratio`` those flops for a byte of bandwidth, where they are not known. Nine of ten
    runs of machines that were not fitted on lie within ``band`` and ``prompt_band``, as factors.
    """

    name: str
    weights: float
    cache: float
    layer: float
    attention: float
    prompt: float
    ratio: float
    band: float
    prompt_band: float


def _device(name: str, weights: float, layer: float, **others: float) -> Device:
    usual = {"cache": 0.7, "attention": 40.0, "prompt": 0.5, "ratio": 60.0}
    bands = {"band": 1.4, "prompt_band": 2.5}
    return Device(name=name, weights=weights, layer=layer, **{**usual, **bands, **others})


DEVICES = {
    each.name: each
    for each in (
        _device("nvidia", 0.85, 60e-6),
        _device("nvidia-old", 0.4, 60e-6, ratio=20.0),
        _device("nvidia-hbm", 0.7, 120e-6, ratio=100.0),
        _device("nvidia-unified", 0.86, 61e-6, ratio=110.0),
        _device("apple", 0.8, 120e-6, attention=3.25, ratio=34.0),
        _device("amd", 0.75, 60e-6),
        _device("amd-unified", 0.8, 100e-6),
        _device("intel", 0.5, 150e-6),
        _device("gpu", 0.8, 80e-6, band=1.7, prompt_band=4.0),
        _device("cpu", 0.6, 30e-6, attention=8.0, ratio=6.0, band=1.8, prompt_band=4.0),
    )
}

UNIFIED_NVIDIA = re.compile(r"GB10|DGX Spark|Jetson|Orin|Thor|Tegra", re.IGNORECASE)
HBM = re.compile(r"\b(P100|V100|A100|A800|A30|H100|H800|H200|H20|GH200|B100|B200|GB200)\b")
OLD = re.compile(r"GTX|GT \d|Quadro [KMP]|Tesla [KMP]\d|TITAN X", re.IGNORECASE)


def device(gpu: Gpu) -> Device:
    """The class of a GPU, by its maker and its name."""
    return DEVICES[_class(gpu)]


def _class(gpu: Gpu) -> str:
    if gpu.vendor == "nvidia":
        if gpu.unified or UNIFIED_NVIDIA.search(gpu.name):
            return "nvidia-unified"
        if HBM.search(gpu.name):
            return "nvidia-hbm"
        return "nvidia-old" if OLD.search(gpu.name) else "nvidia"
    if gpu.vendor == "amd":
        return "amd-unified" if gpu.unified or gpu.integrated else "amd"
    return gpu.vendor if gpu.vendor in ("apple", "intel") else "gpu"
