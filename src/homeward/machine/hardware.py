"""A computer as far as models care: its memories, how fast they are read, what computes.

Sizes are in bytes, bandwidths in bytes a second. A number that is 0 is not known.
"""

from typing import Literal

from msgspec import Struct

from homeward.machine.estimate import Basis

Vendor = Literal["nvidia", "amd", "apple", "intel", "other"]


class Gpu(Struct, frozen=True, kw_only=True):
    """``unified``: it has no memory of its own, ``total`` and ``free`` are of what it may address.

    ``flops`` are of 16-bit numbers, a second. One that is not ``counted`` is listed, and nothing
    is planned for it: it is integrated, beside a better one or too weak to be worth it.
    """

    name: str
    vendor: Vendor
    total: int
    free: int
    bandwidth: float = 0.0
    flops: float = 0.0
    unified: bool = False
    integrated: bool = False
    counted: bool = True
    architecture: str = ""  # compute capability, gfx name
    identity: str = ""  # UUID or bus address
    basis: dict[str, Basis] = {}  # of total, free, bandwidth, flops


class Probe(Struct, frozen=True, kw_only=True):
    """What was asked of the system, raw, for ``homeward fit --doctor``."""

    name: str
    seconds: float
    found: str = ""  # what it said, shortened
    problem: str = ""  # why it said nothing, and how to mend that


class Hardware(Struct, frozen=True, kw_only=True):
    """``ram_free`` is what programs may still take, within the container's limit.

    ``cores`` are physical ones that this process may use.
    """

    system: str  # linux, darwin, windows
    cpu: str
    cores: int
    threads: int
    ram_total: int
    ram_free: int
    ram_bandwidth: float = 0.0
    disk_bandwidth: float = 0.0  # of the folder with the models
    disk_free: int = 0
    container: bool = False
    gpus: tuple[Gpu, ...] = ()
    probes: tuple[Probe, ...] = ()
    basis: dict[str, Basis] = {}

    @property
    def unified(self) -> bool:
        return any(gpu.unified for gpu in self.gpus)
