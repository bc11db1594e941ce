"""Spans of time as words of the command line: ``30d``, ``12h``."""

import re

import typer

from homeward.model import Seconds

_SPAN = re.compile(r"(\d{1,5})([smhdw])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def span(word: str) -> Seconds:
    """How long that is; BadParameter."""
    found = _SPAN.fullmatch(word.strip().lower())
    if found is None or not int(found[1]):
        raise typer.BadParameter(f"{word!r} is no span of time; say 30d, 12h, 15m or 2w")
    return float(int(found[1]) * _UNITS[found[2]])
