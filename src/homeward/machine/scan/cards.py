"""Graphics cards as Linux lists them below ``/sys/class/drm``; displays without a GPU are none."""

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from homeward.machine.scan.files import below, fields, folders, number, text

AMD, INTEL, NVIDIA = 0x1002, 0x8086, 0x10DE
NOT_GIVEN = "start the container with --device /dev/dri, and --device /dev/kfd for ROCm"

_CARD = re.compile(r"card(\d+)")


class Card(Struct, frozen=True, kw_only=True):
    """``device`` is its folder; ``pci`` is ``744c:c8``, ``address`` like ``0000:03:00.0``."""

    number: int
    vendor: int
    pci: str
    address: str
    driver: str
    device: Path


def cards(root: Path) -> Iterator[Card]:
    """All that are on a bus, virtual ones too: their vendors make no GPUs."""
    for folder in sorted(folders(below(root, "sys/class/drm")), key=lambda path: path.name):
        found = _CARD.fullmatch(folder.name)
        vendor = number(folder / "device" / "vendor")
        if found is None or vendor is None:
            continue
        device = folder / "device"
        about = fields(device / "uevent", "=")
        made = (number(device / "device") or 0, number(device / "revision") or 0)
        yield Card(
            number=int(found[1]),
            vendor=vendor,
            pci=f"{made[0]:04x}:{made[1]:02x}",
            address=about.get("PCI_SLOT_NAME", folder.name),
            driver=about.get("DRIVER", ""),
            device=device,
        )


def amd_identity(card: Card) -> str:
    """As ROCm's variables name it, else its address."""
    unique = text(card.device / "unique_id")
    return f"GPU-{unique}" if unique else card.address


def hidden(root: Path) -> bool:
    """Whether this is a container that sees its host's cards in /sys but was given none of them."""
    devices = below(root, "dev")
    nodes = [*folders(devices / "dri"), *(devices / name for name in ("kfd", "accel"))]
    return devices.is_dir() and not any(node.exists() for node in nodes)


def no_gpus(root: Path) -> list[str]:
    """What shows pictures only: virtual machines' displays and servers' consoles, by driver."""
    return [
        card.driver or f"{card.vendor:04x}:{card.pci}"
        for card in cards(root)
        if card.vendor not in (AMD, INTEL, NVIDIA)
    ]


def largest_window(card: Card) -> int:
    """Bytes of the largest memory that the processor sees of a card (its largest BAR), 0 if none.

    With resizable BARs that is all the card has, up to the next power of two.
    """
    sizes = [0]
    for line in text(card.device / "resource").splitlines():
        parts = line.split()
        if len(parts) == 3:
            first, last = int(parts[0], 16), int(parts[1], 16)
            sizes.append(last - first + 1 if last else 0)
    return max(sizes)
