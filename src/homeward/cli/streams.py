"""The standard streams, made safe for whatever a model or a pipe says."""

import io
import os
import sys

LONGEST = 16 * 2**20
"""Characters that are read from a pipe: far more than any model's context window."""


def settle() -> None:
    """UTF-8 in pipes, and nowhere a character that ends the program; stand-ins for closed ones."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  for good
        elif isinstance(stream, io.TextIOWrapper):
            encoding = None if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="replace")


def give_up() -> None:
    """Standard output cannot be written: what is left in its buffer is not tried again at exit."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  for good


def whole(word: str) -> str:
    """A word of the command line as UTF-8, also where the locale could not read it."""
    return os.fsencode(word).decode("utf-8", "replace")
