"""Apple's computers: one memory, of which the GPU may have a part.

The limit is ``iogpu.wired_limit_mb``, where somebody has set it. Else it is what Metal recommends
as the largest working set: two thirds up to 32 GiB, three quarters from 36 GiB on. llama.cpp prints
it: 10922.67 MiB of 16 GiB (llama-cpp-python issue 687), 21845.34 of 32 (ollama issue 434), 49152 of
64 (llama.cpp issue 1870), and 28991.03 MB, 27 GiB, on an M4 Max, whose smallest memory is 36. Newer
systems allow more of large memories: 107.52 GiB of 128 (antirez/ds4, pull request 893).
"""

from collections.abc import Callable

from homeward.machine.estimate import Basis, How
from homeward.machine.gpus import basis as published
from homeward.machine.gpus import flops_basis, lookup
from homeward.machine.hardware import Gpu
from homeward.machine.scan.memory import Ram
from homeward.machine.scan.probing import Told
from homeward.machine.scan.processor import Processor
from homeward.machine.sizes import GIB, MIB, shown

Sysctl = Callable[[str], int | str | None]
"""A value of the kernel by its name, None where there is none."""

LARGE = 36 * GIB
NEWER = 0.84  # 107.52 of 128 GiB


def sysctl(name: str) -> int | str | None:
    """Of the machine at hand; names that end in ``_string`` are text, all others numbers."""
    import ctypes

    library = ctypes.CDLL(None)
    size = ctypes.c_size_t(0)
    if library.sysctlbyname(name.encode(), None, ctypes.byref(size), None, 0):
        return None
    held = ctypes.create_string_buffer(size.value)
    if library.sysctlbyname(name.encode(), held, ctypes.byref(size), None, 0):
        return None
    if name.endswith("_string"):
        return held.value.decode(errors="replace")
    return int.from_bytes(held.raw[: size.value], "little")


def number(read: Sysctl, name: str) -> int:
    value = read(name)
    return value if isinstance(value, int) else 0


def processor(read: Sysctl) -> Processor:
    return Processor(
        name=str(read("machdep.cpu.brand_string") or "Apple"),
        cores=number(read, "hw.physicalcpu") or 1,
        threads=number(read, "hw.logicalcpu") or 1,
    )


def gpus(read: Sysctl) -> Told[list[Gpu]]:
    """The GPU of Apple's own chips; what is free of it is main memory's to say."""
    name = str(read("machdep.cpu.brand_string") or "")
    memory = number(read, "hw.memsize")
    if not name.startswith("Apple"):
        return Told([], "no chip of Apple's: its GPU is not counted on")
    limit, basis = wired_limit(memory, number(read, "iogpu.wired_limit_mb") * MIB)
    row = lookup(name, memory)
    how = {"total": basis}
    if row is not None:
        how |= {"bandwidth": published(row), "flops": flops_basis(row)}
    gpu = Gpu(
        name=name,
        vendor="apple",
        total=limit,
        free=limit,
        bandwidth=row.bandwidth if row else 0.0,
        flops=row.flops if row else 0.0,
        unified=True,
        architecture="metal",
        basis=how,
    )
    return Told([gpu], f"{name}: {shown(limit)} of {shown(memory)}, {basis.source}")


def wired_limit(memory: int, wired: int = 0) -> tuple[int, Basis]:
    """What the GPU may have of the memory, in bytes; ``wired`` is the limit that was set, or 0."""
    if wired:
        return min(wired, memory), Basis(how=How.MEASURED, source="iogpu.wired_limit_mb")
    if memory < LARGE:
        source = "two thirds of memory, Metal's limit below 36 GiB"
        return memory * 2 // 3, Basis(how=How.TABLE, source=source)
    limit = memory * 3 // 4
    source = "three quarters of memory, Metal's limit from 36 GiB on"
    return limit, Basis(how=How.TABLE, source=source, low=limit, high=NEWER * memory)


def ram(available: int, read: Sysctl) -> Ram:
    return Ram(
        total=number(read, "hw.memsize"), free=available, source="hw.memsize, host_statistics"
    )
