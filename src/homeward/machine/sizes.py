"""Sizes and bandwidths as people write and read them."""

import math
import re

from homeward.errors import ConfigError

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

_BINARY = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_SIZE = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*([kmgt]?)(i?b)?", re.IGNORECASE)
_RATE = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*(?:([kmgt]?)(i?b)(?:/s|ps))?", re.IGNORECASE)
_MOST = 1e18  # of a number before its unit
_LEAST = MIB  # a bare number below it is more likely to be meant as gigabytes than as bytes


def parse(text: str) -> int:
    """Bytes: ``24GiB`` and ``24G`` are binary, ``24GB`` is decimal, a bare number is bytes.

    `ConfigError` for anything else, and for a bare number that cannot be meant as bytes.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ConfigError(f"{text!r} is no size; write 24GiB, 512MiB or 24GB, or 0 for none")
    number, prefix, unit = float(found[1]), found[2].lower(), found[3] or ""
    if number > _MOST:
        raise ConfigError(f"no machine has a memory of {number:.0e}; write 24GiB")
    if not prefix and not unit and 0 < number < _LEAST:
        raise ConfigError(f"{text!r} is a size without a unit; write {text.strip()}GiB")
    step = 1000.0 if prefix and unit.lower() == "b" else 1024.0
    return round(number * math.pow(step, _BINARY[prefix]))


def shown(size: float) -> str:
    """``15.4 GiB``; the unit is the largest of which there is one at least."""
    for step, unit in ((4, "TiB"), (3, "GiB"), (2, "MiB"), (1, "KiB")):
        amount = size / 1024**step
        if abs(round(amount, 1)) >= 1:
            return f"{amount:.0f} {unit}" if unit in ("MiB", "KiB") else f"{amount:.1f} {unit}"
    return f"{size:.0f} B"


def bandwidth(text: str) -> float:
    """Bytes a second. A bare number is in GB/s, as data sheets have it; ``1.8TB/s`` says it.

    `ConfigError` for anything else.
    """
    found = _RATE.fullmatch(text.strip())
    if found is None or float(found[1]) == 0:
        raise ConfigError(f"{text!r} is no bandwidth; write 1008 or 1008GB/s, or 1.8TB/s")
    number, prefix, unit = float(found[1]), found[2], found[3]
    if number > _MOST:
        raise ConfigError(f"no memory has a bandwidth of {number:.0e}; write 1008 or 1008GB/s")
    if unit is None:
        return number * 1e9
    step = 1000.0 if unit.lower() == "b" else 1024.0
    return number * math.pow(step, _BINARY[prefix.lower()])


def shown_bandwidth(rate: float) -> str:
    """``1,008 GB/s``; decimal, as data sheets have it."""
    return f"{rate / 1e9:,.0f} GB/s" if rate >= 9.95e9 else f"{rate / 1e9:.1f} GB/s"
