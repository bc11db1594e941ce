"""Writing an export: whole or not at all, for its owner alone, and never over another file."""

import gzip
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from homeward.errors import ConfigError
from homeward.model import TextPart
from homeward.outcomes import Row

REFERENCE = "reference"
GOOD = 0.5
"""The score above which an answer may stand for the right one."""


class Written(Struct, frozen=True):
    """What was written. ``left_out`` counts rows that the form has no place for, by the reason."""

    files: tuple[str, ...]
    rows: int
    left_out: Mapping[str, int]


def write(path: Path, lines: Iterable[bytes]) -> None:
    """All lines into a new file, gzipped where its name ends with ``.gz``; ConfigError."""
    if path.exists():
        raise ConfigError(f"{path} is there already; name another file, or move it away")
    part = path.with_name(f".{path.name}.part")
    data = b"".join(lines)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "wb") as file:
            # without a name and a time in it, the same rows make the same bytes
            file.write(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
        part.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def target(row: Row) -> tuple[str, str] | None:
    """What is right, and where that is from: the reference, else the best answer of those graded
    good.
    """
    if row.reference is not None:
        return row.reference.removeprefix("# "), REFERENCE
    rated = {
        name: answer.score
        for name, answer in row.answers.items()
        if answer.said and answer.score is not None and answer.score > GOOD
    }
    best = max(rated, key=rated.__getitem__, default=None)
    return None if best is None else (row.answers[best].said, f"graded answer of {best}")


def chat(row: Row) -> list[dict[str, str]] | None:
    """Its messages as roles and words; None where it has more than words (tools, images)."""
    if not row.messages:
        return [{"role": "user", "content": row.prompt}]
    spoken: list[dict[str, str]] = []
    for message in row.messages:
        more = message.tool_calls or message.role == "tool"
        if more or (not isinstance(message.content, str) and not _is_text(message.content)):
            return None
        role = "system" if message.role == "developer" else message.role
        spoken.append({"role": role, "content": message.text})
    return spoken


def _is_text(parts: Iterable[object]) -> bool:
    return all(isinstance(part, TextPart) for part in parts)


def metadata(row: Row) -> dict[str, object]:
    """What to filter by: scores by model, task, route, and where the target is from."""
    right = target(row)
    scores = {name: answer.score for name, answer in row.answers.items()}
    values = {
        "group": row.group,
        "conversation": row.conversation or None,
        "route": row.given.route if row.given is not None else None,
        "model": row.given.model if row.given is not None else None,
        "target_from": None if right is None else right[1],
        "scores": {name: score for name, score in scores.items() if score is not None} or None,
    }
    return {name: value for name, value in values.items() if value is not None}
