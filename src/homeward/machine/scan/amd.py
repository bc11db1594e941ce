"""AMD's GPUs, from sysfs; ROCm need not be there.

A processor's own graphics have little memory of their own (the part that the firmware carves out)
and use main memory through a table (GTT). Which of the two a program gets: the driver takes GTT
where that is the larger (``apu_prefer_gtt`` in Linux 6.10 and later). ``mem_info_gtt_used`` does
not count what HIP allocated (ROCm issue 5444), so that what is free is bounded by main memory too.
https://docs.kernel.org/gpu/amdgpu/driver-misc.html
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from homeward.machine.estimate import Basis, How
from homeward.machine.gpus import Row, flops_basis, lookup
from homeward.machine.gpus import basis as published
from homeward.machine.hardware import Gpu
from homeward.machine.scan import amd_library
from homeward.machine.scan.bandwidth import checked
from homeward.machine.scan.cards import AMD, NOT_GIVEN, Card, amd_identity, cards, hidden
from homeward.machine.scan.files import below, count, fields, folders, number, text
from homeward.machine.scan.probing import Told
from homeward.machine.scan.visible import visible_to_rocm
from homeward.machine.sizes import shown

PAGE = 4096
RDNA = 100000  # gfx10 and later, as KFD writes versions
INTEGRATED = {
    *("gfx902", "gfx909", "gfx90c", "gfx1013", "gfx1033", "gfx1035", "gfx1036"),
    *("gfx1103", "gfx1150", "gfx1151", "gfx1152", "gfx1153"),
}
"""Graphics in a processor: LLVM's AMDGPUUsage calls those from gfx1103 on APU."""

WORTHWHILE = {"gfx1150", "gfx1151", "gfx1152", "gfx1153"}
"""On the older ones a model is assumed to gain little over the processor: not measured."""


def gpus(
    root: Path,
    environ: Mapping[str, str],
    library: Callable[[], amd_library.Library] = amd_library.open_library,
) -> Told[list[Gpu]]:
    """Those that this process may use; graphics in a processor are marked ``integrated``."""
    nodes = _nodes(root)
    found = [card for card in cards(root) if card.vendor == AMD]
    if not found:
        return amd_library.gpus(library, root)
    if hidden(root):
        return Told([], problem=f"{len(found)} of AMD's GPUs are the host's; {NOT_GIVEN}")
    order = {address: number for number, address in enumerate(nodes)}
    found.sort(key=lambda card: order.get(card.address, len(order)))
    every = [_gpu(root, card, nodes.get(card.address, {})) for card in found]
    left = [every[i] for i in visible_to_rocm(environ, [gpu.identity for gpu in every])]
    said = [f"{gpu.name}: {shown(gpu.free)} of {shown(gpu.total)} free" for gpu in left]
    if len(left) < len(every):
        out = len(every) - len(left)
        said.append(f"{out} more that ROCR_VISIBLE_DEVICES or HIP_VISIBLE_DEVICES leaves out")
    blind = [gpu.name for gpu in left if not gpu.total]
    problem = f"{', '.join(blind)}: the driver tells no memory; load amdgpu" if blind else ""
    return Told(left, "; ".join(said) or "no GPU", problem)


def _gpu(root: Path, card: Card, node: Mapping[str, str]) -> Gpu:
    vram = number(card.device / "mem_info_vram_total") or 0
    vram_used = number(card.device / "mem_info_vram_used") or 0
    architecture = _architecture(card, node)
    row = lookup(_name(root, card), vram or None, card.pci)
    integrated = architecture in INTEGRATED or (
        not architecture and row is not None and (row.integrated or row.unified)
    )
    basis: dict[str, Basis] = {}
    total, free, source = vram, vram - vram_used, "mem_info_vram_*"
    unified = False
    if integrated:
        pool, used = _gtt(root, card)
        if pool > vram:
            unified, total, free = True, pool, pool - used
            source = f"mem_info_gtt_*; {shown(vram)} are carved out besides"
        else:
            source += ", carved out of main memory by the firmware"
    if total:
        basis["total"] = basis["free"] = Basis(how=How.MEASURED, source=source)
    elif row is not None and row.memory:
        total = free = min(row.memory)
        basis["total"] = basis["free"] = published(row)
    bandwidth, how = _bandwidth(row, node, integrated=integrated)
    if how is not None:
        basis["bandwidth"] = how
    if row is not None and row.flops:
        basis["flops"] = flops_basis(row)
    return Gpu(
        name=row.name if row else _name(root, card),
        vendor="amd",
        total=total,
        free=max(0, free),
        bandwidth=bandwidth,
        flops=row.flops if row else 0.0,
        unified=unified,
        integrated=integrated,
        counted=not integrated or architecture in WORTHWHILE or bool(row and row.unified),
        architecture=architecture,
        identity=amd_identity(card),
        basis=basis,
    )


def _gtt(root: Path, card: Card) -> tuple[int, int]:
    """What it may take of main memory, and what it has, in bytes."""
    total = number(card.device / "mem_info_gtt_total") or 0
    for module in ("ttm", "amdttm"):
        pages = number(below(root, f"sys/module/{module}/parameters/pages_limit"))
        if pages:
            total = min(total, pages * PAGE) if total else pages * PAGE
    return total, number(card.device / "mem_info_gtt_used") or 0


def _architecture(card: Card, node: Mapping[str, str]) -> str:
    """``gfx1151``, from the compute driver or from the chip's own list of its parts."""
    version = count(node.get("gfx_target_version"))
    if version:
        return f"gfx{version // 10000}{version // 100 % 100:x}{version % 100:x}"
    chip = card.device / "ip_discovery/die/0/GC/0"
    parts = [number(chip / name) for name in ("major", "minor", "revision")]
    if None in parts:
        return ""
    return "gfx" + "".join(f"{part:x}" if i else f"{part}" for i, part in enumerate(parts))


def _nodes(root: Path) -> dict[str, dict[str, str]]:
    """What the compute driver (KFD) says of each GPU, by its address, in the order of HIP."""
    found: dict[str, dict[str, str]] = {}
    topology = below(root, "sys/class/kfd/kfd/topology/nodes")
    numbered = [folder for folder in folders(topology) if folder.name.isdecimal()]
    for folder in sorted(numbered, key=lambda path: int(path.name)):
        about = fields(folder / "properties")
        if not count(about.get("simd_count")):
            continue  # a processor
        place, domain = count(about.get("location_id")), count(about.get("domain"))
        address = f"{domain:04x}:{place >> 8 & 0xFF:02x}:{place >> 3 & 0x1F:02x}.{place & 7}"
        found[address] = {**about, **fields(folder / "mem_banks/0/properties")}
    return found


def _bandwidth(
    row: Row | None, node: Mapping[str, str], *, integrated: bool
) -> tuple[float, Basis | None]:
    """GDDR6 moves 16 bits in a cycle of the clock that KFD tells; of others it is not known."""
    gddr6 = count(node.get("gfx_target_version")) >= RDNA and not integrated
    if not gddr6:
        return checked(row, None, None, 16, "KFD")
    clock, width = count(node.get("mem_clk_max")), count(node.get("width"))
    return checked(row, clock, width, 16, "KFD")


def _name(root: Path, card: Card) -> str:
    """As the firmware, libdrm's list or nobody calls it."""
    if name := text(card.device / "product_name"):
        return name
    device, _, revision = card.pci.partition(":")
    ids = text(below(root, "usr/share/libdrm/amdgpu.ids"))
    row = re.search(rf"^{device},\s*{revision},\s*(.+)$", ids, re.MULTILINE | re.IGNORECASE)
    return row[1].strip() if row else f"AMD GPU {device}"
