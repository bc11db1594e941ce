"""Intel's GPUs, from sysfs.

``xe`` tells the memory of a card; ``i915`` does not, so the table does then, and the window
through which the processor sees the card decides between two sizes. What is free neither tells.
https://docs.kernel.org/gpu/xe/index.html
"""

from pathlib import Path

from homeward.machine.estimate import Basis, How
from homeward.machine.gpus import basis as published
from homeward.machine.gpus import flops_basis, lookup
from homeward.machine.hardware import Gpu
from homeward.machine.scan.cards import INTEL, NOT_GIVEN, Card, cards, hidden, largest_window
from homeward.machine.scan.files import folders, number
from homeward.machine.scan.probing import Told
from homeward.machine.sizes import GIB, shown

FIRST_CARD = 4 * GIB
"""Less is no card that runs models; the window of graphics in a processor is 256 MiB."""


def gpus(root: Path) -> Told[list[Gpu]]:
    """Graphics in a processor have the size 0 and share main memory; they are not counted on."""
    found = [_gpu(card) for card in cards(root) if card.vendor == INTEL]
    if found and hidden(root):
        return Told([], problem=f"{len(found)} of Intel's GPUs are the host's; {NOT_GIVEN}")
    said = [
        f"{gpu.name}: {'in the processor' if gpu.integrated else shown(gpu.total)}" for gpu in found
    ]
    return Told(found, "; ".join(said) or "no GPU")


def _gpu(card: Card) -> Gpu:
    told = sum(
        number(tile / "physical_vram_size_bytes") or 0
        for tile in folders(card.device)
        if tile.name.startswith("tile")
    )
    window = largest_window(card)
    row = lookup("", told or window or None, card.pci.partition(":")[0])
    integrated = row.integrated if row else max(told, window) < FIRST_CARD
    name = f"Intel {row.name}" if row else f"Intel GPU {card.pci}"
    basis: dict[str, Basis] = {}
    total = 0
    if not integrated:
        if told:
            total, basis["total"] = told, Basis(how=How.MEASURED, source="physical_vram_size_bytes")
        elif row is not None and row.memory:
            total = min(row.memory, key=lambda size: abs(size - window))
            basis["total"] = published(row)
        else:
            total, basis["total"] = window, Basis(how=How.ASSUMED, source="the size of its window")
        basis["free"] = Basis(how=How.ASSUMED, source="the driver does not tell; all of it")
    if row is not None:
        basis["flops"] = flops_basis(row)
        if row.bandwidth:
            basis["bandwidth"] = published(row)
    return Gpu(
        name=name,
        vendor="intel",
        total=total,
        free=total,
        bandwidth=row.bandwidth if row else 0.0,
        flops=row.flops if row else 0.0,
        unified=integrated,
        integrated=integrated,
        counted=not integrated,
        architecture=card.driver,
        identity=card.address,
        basis=basis,
    )
