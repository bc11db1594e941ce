"""A piece of the journal: an append-only file with a line of JSON for each thing to be kept.

A line is in the file when `append` returns, and so survives a SIGKILL. It is not forced to the
disk: a power cut may take the last seconds.
"""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from homeward.store.records import Contents, Entry


class Line(Struct, frozen=True, omit_defaults=True):
    """One of the two."""

    entry: Entry | None = None
    contents: Contents | None = None


ENCODER = msgspec.json.Encoder()
DECODER = msgspec.json.Decoder(Line)


def read(path: Path) -> tuple[list[Line], int]:
    """The whole lines of a file, and how many bytes of it are none: a line cut by a crash."""
    lines, lost = [], 0
    with path.open("rb") as file:
        for text in file:
            try:
                if not text.endswith(b"\n"):
                    raise ValueError(text)
                lines.append(DECODER.decode(text))
            except ValueError:  # msgspec's errors are of this kind too
                lost += len(text)
    return lines, lost


class Segment:
    """Written, then sealed, then stored and deleted. Its lines are in memory as well.

    ``size`` is in bytes, ``missing`` are lines that the disk did not take: they are in memory
    alone. The file is made for the first line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = int(path.stem)
        self.count = 0
        self.size = 0
        self._lines: list[Line] | None = []
        self.missing = 0
        self._fd: int | None = None

    def append(self, line: Line) -> None:
        """OSError when the disk does not take it, UnicodeError when it is no text: then it is in
        memory alone.
        """
        assert self._lines is not None  # noqa: S101  a sealed segment is not written
        self._lines.append(line)
        self.count += 1
        data = rest = b""
        try:
            data = rest = ENCODER.encode(line) + b"\n"
            self.size += len(data)
            if self._fd is None:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
                self._fd = os.open(self.path, flags, 0o600)
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except (OSError, UnicodeError):
            self.missing += 1
            if len(rest) < len(data) and self._fd is not None:
                end = os.fstat(self._fd).st_size
                os.ftruncate(self._fd, end - len(data) + len(rest))  # no half line before the next
            raise

    def seal(self) -> None:
        """Nothing more is appended."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def forget(self) -> None:
        """Free the memory, where the file has it all."""
        if not self.missing:
            self._lines = None

    def load(self) -> list[Line]:
        """OSError where the file is needed and gone."""
        return read(self.path)[0] if self._lines is None else self._lines

    def delete(self) -> None:
        self.path.unlink(missing_ok=True)


def leftover(path: Path) -> tuple[Segment, int]:
    """What a process that has ended left behind, and the bytes of a line that it left half."""
    lines, lost = read(path)
    segment = Segment(path)
    segment.count, segment.size = len(lines), path.stat().st_size
    segment.forget()
    return segment, lost
