"""Words made fit for a terminal."""

import os
from typing import TextIO

# A model's words are data: left alone, an escape sequence in them could rewrite the terminal.
_CONTROLS = {code: None for code in (*range(32), 127, *range(128, 160)) if chr(code) not in "\n\t"}


def shorten(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def printable(text: str) -> str:
    """Text without control characters, but for line feeds and tabs."""
    return text.translate(_CONTROLS)


def dim(text: str, out: TextIO) -> str:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain or not out.isatty() else f"\x1b[2m{text}\x1b[0m"
