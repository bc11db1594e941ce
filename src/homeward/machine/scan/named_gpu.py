"""A GPU that the user names, as ``--gpu "RTX 4090"``: which of those with that name is meant."""

import difflib
from collections.abc import Sequence

from homeward.errors import ConfigError
from homeward.machine import gpus as table
from homeward.machine.gpus import Row
from homeward.machine.scan.overrides import Overrides
from homeward.machine.sizes import GIB

USUAL = {
    "GeForce GTX 1060": 6,
    "GeForce RTX 3080 Ti": 12,
    "H100 PCIe": 80,
    "H100 SXM5": 80,
}
"""GiB of the form that is meant without a size, where the others were hardly ever sold: made for
one customer (H100 with 64 GB), for one country, or withdrawn."""

NEAR = 0.125
"""How far a size that is said may be from one that is sold: 80 GB cards have 79.6 GiB or less."""


def named_gpu(name: str, overrides: Overrides) -> tuple[Row, int]:
    """Its row, and its memory in bytes (of the whole machine where they share it; 0: not known).

    ConfigError for a name that the table does not have, for one that comes with several memories
    where none is said, and for a memory that it does not come with. Of forms with one memory
    (PCIe, SXM) the slowest is meant.
    """
    rows = table.variants(name)
    if not rows:
        raise ConfigError(_unknown(name))
    shares = rows[0].unified or rows[0].integrated
    sizes = sorted({size for each in rows for size in each.memory})
    said = table.size_in(name)
    if told := (overrides.ram if shares else None) or overrides.vram:
        row = table.of_size(rows, said or told)
        enough = (size for size in row.memory if shares and size >= told)
        return row, told if overrides.ram else min(enough, default=told)
    if not sizes:
        return rows[0], 0
    if said is None:
        said = _usual(rows, sizes)
        if said is None:
            raise ConfigError(_several(rows[0].name, sizes, shares=shares))
    size = min(sizes, key=lambda each: abs(each - said))
    if abs(size - said) > NEAR * said:
        raise ConfigError(f"{_comes_with(rows[0].name, sizes)}: say so, or --vram")
    return table.of_size(rows, size), size


def _usual(rows: Sequence[Row], sizes: Sequence[int]) -> int | None:
    if len(sizes) == 1:
        return sizes[0]
    known = {USUAL.get(row.name, 0) * GIB for row in rows}
    return known.pop() if len(known) == 1 and 0 not in known else None


def _several(name: str, sizes: Sequence[int], *, shares: bool) -> str:
    example = _gib(sizes[-1])
    option = f"--ram {example}GiB" if shares else "--vram"
    return f'{_comes_with(name, sizes)}: say --gpu "{_short(name)} {example}GB", or {option}'


def _comes_with(name: str, sizes: Sequence[int]) -> str:
    *first, last = (_gib(size) for size in sizes)
    return f"{_short(name)} comes with {', '.join(first) + ' or ' if first else ''}{last} GiB"


def _short(name: str) -> str:
    """Without its maker's brand, and without its form: the A100 is sold in two."""
    words = name.split()
    dropped = ("GeForce", "PCIe") if not name.startswith("Tesla P") else ()
    kept = [word for word in words if word not in dropped and not word.startswith("SXM")]
    return " ".join(kept)


def _gib(size: int) -> str:
    return f"{size / GIB:g}"


def _unknown(name: str) -> str:
    names = list(dict.fromkeys(each.name for each in table.rows()))
    near = difflib.get_close_matches(name, names, 3, 0.5)
    hint = f"; near it are {', '.join(near)}" if near else ""
    return f"no GPU in the table is called {name!r}{hint}; give --vram instead"
