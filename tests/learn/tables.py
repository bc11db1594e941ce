"""Small outcome tables, made in the test that reads them."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SUM = {
    "id": "sum",
    "prompt": "What is 17 + 25?",
    "group": "arith",
    "reference": "# 42",
    "answers": {
        "small": {"score": 0, "text": "It is 41.", "chars": 400, "usd_per_mtok": 2.0},
        "large": {"score": 1, "text": "It is 42.", "cost_usd": 0.25},
        "scored": {"score": 1, "chars": 8},
    },
}
CAPITAL = {
    "id": "capital",
    "prompt": "Capital of France?",
    "group": "facts",
    "answers": {
        "small": {"score": 1, "answer": "Paris"},
        "large": {"score": 0.5, "text": "Lyon or Paris"},
    },
}
ROWS: Sequence[dict[str, Any]] = (SUM, CAPITAL)


def table(folder: Path, rows: Sequence[dict[str, Any]] = ROWS, name: str = "t.jsonl.gz") -> Path:
    path = folder / name
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(lines) if name.endswith(".gz") else lines)
    return path
