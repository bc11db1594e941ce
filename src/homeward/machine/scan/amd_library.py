"""AMD's GPUs through ROCm's own library, where /sys does not show them but ``/dev/kfd`` is there.

The module ``amdsmi`` comes with ROCm and is asked only if it is installed
(https://rocm.docs.amd.com/projects/amdsmi).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from homeward.machine.estimate import Basis, How
from homeward.machine.gpus import basis as published
from homeward.machine.gpus import flops_basis, lookup
from homeward.machine.hardware import Gpu
from homeward.machine.scan.files import below
from homeward.machine.scan.probing import SAY_IT, Told
from homeward.machine.sizes import MIB, shown

Library = Any
"""The module ``amdsmi``, or what stands for it."""


def open_library() -> Library:
    import amdsmi

    amdsmi.amdsmi_init()
    return amdsmi


def gpus(library: Callable[[], Library], root: Path) -> Told[list[Gpu]]:
    """All that the library lists; nothing, with the reason, where there are some without it."""
    if not below(root, "dev/kfd").exists():
        return Told([], "no GPU")
    try:
        smi = library()
    except Exception as error:  # not installed, or not of this driver
        return Told([], problem=f"/dev/kfd is there, but not amdsmi ({error}); {SAY_IT}")
    try:
        found = [_gpu(smi, handle) for handle in smi.amdsmi_get_processor_handles()]
    finally:
        smi.amdsmi_shut_down()
    said = [f"{gpu.name}: {shown(gpu.free)} of {shown(gpu.total)} free" for gpu in found]
    return Told(found, "; ".join(said) or "no GPU")


def _gpu(smi: Library, handle: object) -> Gpu:
    about = smi.amdsmi_get_gpu_asic_info(handle)
    memory = smi.amdsmi_get_gpu_vram_usage(handle)
    total, used = int(memory["vram_total"]) * MIB, int(memory["vram_used"]) * MIB
    row = lookup(about["market_name"], total)
    how = Basis(how=How.MEASURED, source="amdsmi")
    table = {"bandwidth": published(row), "flops": flops_basis(row)} if row else {}
    return Gpu(
        name=row.name if row else about["market_name"],
        vendor="amd",
        total=total,
        free=max(0, total - used),
        bandwidth=row.bandwidth if row else 0.0,
        flops=row.flops if row else 0.0,
        architecture=str(about.get("target_graphics_version", "")),
        identity=str(smi.amdsmi_get_gpu_device_uuid(handle)),
        basis={"total": how, "free": how, **table},
    )
