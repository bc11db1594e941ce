"""An outcome table: what `homeward learn`, `evaluate`, `compare` and `replay` read."""

from collections.abc import Sequence
from pathlib import Path

from homeward.learn.exports.writing import Written, write
from homeward.outcomes import Row, line


def export(rows: Sequence[Row], out: Path) -> Written:
    """As ``.jsonl``, or gzipped where the name ends with ``.gz``; ConfigError."""
    write(out, map(line, rows))
    return Written((str(out),), len(rows), {})
