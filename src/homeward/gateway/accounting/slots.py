"""Where a gateway keeps its journal: a numbered folder, locked while the gateway lives.

    FOLDER/journal/1/lock           locked: the lock is gone with the process, whatever ends it
                     node           the name under which it draws from shared limits
                     tally.json     what it spent, as far as the segments that are gone
                     000042.jsonl   segments of the journal

Several gateways on one folder have a slot each. A slot that nobody holds was left by a gateway
that died: it is taken again, and what is in it is not lost.
"""

import os
import secrets
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Slot:
    """Held until `close`."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder
        self._lock = lock

    @property
    def node(self) -> str:
        """The same name each time this slot is held."""
        path = self.folder / "node"
        if not path.exists() or not path.stat().st_size:  # a power cut may leave it empty
            replace(path, secrets.token_hex(6).encode())
        return path.read_text()

    @property
    def is_second(self) -> bool:
        """Whether another gateway lives on the same folder."""
        return self.folder.name != "1"

    def segments(self) -> list[Path]:
        """Those that lie there, the oldest first."""
        return sorted(self.folder.glob("[0-9]*.jsonl"))

    def close(self) -> None:
        os.close(self._lock)


def claim(folder: Path) -> Slot:
    """The first slot that nobody holds."""
    return next(slot for number in count(1) if (slot := _take(folder / "journal" / str(number))))


def abandoned(folder: Path) -> Iterator[Slot]:
    """Slots that nobody holds and that have segments in them."""
    for path in sorted((folder / "journal").glob("[0-9]*/")):
        slot = _take(path) if any(path.glob("[0-9]*.jsonl")) else None
        if slot is not None:
            yield slot


def replace(path: Path, data: bytes) -> None:
    """Write a file so that there is always the old one or the new one, whole."""
    new = path.with_suffix(".new")
    new.write_bytes(data)
    new.replace(path)


def _take(path: Path) -> Slot | None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(lock)
    except (BlockingIOError, PermissionError):
        os.close(lock)
        return None
    return Slot(path, lock)
