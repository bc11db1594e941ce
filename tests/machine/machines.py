"""Machines to place models on."""

from homeward.machine.hardware import Gpu, Hardware

GIB = 1 << 30

LAPTOP = Hardware(
    system="linux",
    cpu="A CPU",
    cores=4,
    threads=8,
    ram_total=24 * GIB,
    ram_free=20 * GIB,
    ram_bandwidth=40e9,
)


def with_gpu(vram: int, *, ram: int = 32, bandwidth: float = 1008e9) -> Hardware:
    """``vram`` and ``ram`` in GiB, all of it free."""
    gpu = Gpu(
        name="NVIDIA GeForce RTX 4090",
        vendor="nvidia",
        total=vram * GIB,
        free=vram * GIB,
        bandwidth=bandwidth,
        flops=165e12,
    )
    return Hardware(
        system="linux",
        cpu="A CPU",
        cores=8,
        threads=16,
        ram_total=ram * GIB,
        ram_free=ram * GIB,
        ram_bandwidth=60e9,
        gpus=(gpu,),
    )
