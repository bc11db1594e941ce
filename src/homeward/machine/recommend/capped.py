"""A machine of which less is used than there is: never more, and no GPU that is not there."""

from msgspec.structs import replace

from homeward.machine.estimate import Basis, How
from homeward.machine.hardware import Gpu, Hardware

CAP = Basis(how=How.GIVEN, source="no more than given")


def capped(hardware: Hardware, *, vram: int | None = None, ram: int | None = None) -> Hardware:
    """At most so many bytes of each GPU (0 for none of them) and of main memory.

    None is all that there is. A GPU that shares main memory is held to both.
    """
    gpus = () if vram == 0 else tuple(_gpu(gpu, vram, ram) for gpu in hardware.gpus)
    if ram is None or ram >= hardware.ram_total:
        return replace(hardware, gpus=gpus)
    return replace(
        hardware,
        gpus=gpus,
        ram_total=ram,
        ram_free=min(ram, hardware.ram_free),
        basis={**hardware.basis, "ram_total": CAP, "ram_free": CAP},
    )


def _gpu(gpu: Gpu, vram: int | None, ram: int | None) -> Gpu:
    shared = ram if gpu.unified or gpu.integrated else None
    most = min(each for each in (vram, shared, gpu.total) if each is not None)
    if most == gpu.total:
        return gpu
    basis = {**gpu.basis, "total": CAP, "free": CAP}
    return replace(gpu, total=most, free=min(most, gpu.free), basis=basis)


def on_processor(hardware: Hardware) -> Hardware:
    """As a runtime sees it that computes on the processor alone."""
    return replace(hardware, gpus=())


def has_gpu(hardware: Hardware) -> bool:
    """One that models would be planned for."""
    return any(gpu.counted for gpu in hardware.gpus)
