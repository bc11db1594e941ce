"""The tables: which questions are in them, how they are written, and the hash that freezes them."""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from data.mixture import DOMAINS, table_rows
from data.row import Row

HERE = Path(__file__).parent
BUILD = HERE / "build"
MANIFEST = HERE / "data.sha256"
BOX = "box/"
SIZE = 200
"""Rows of one group in one table."""
TABLES = {
    "validation": [(domain, "validation") for domain in DOMAINS],
    "test": [(domain, "test") for domain in DOMAINS],
    "none": [("none", "test")],
    "none-validation": [("none", "validation")],
}

Record = dict[str, Any]


def questions(table: str) -> list[Record]:
    """The records of a table, without answers yet."""
    return [
        record
        for group, split in TABLES[table]
        for record in numbered(group, table_rows(group, split, SIZE))
    ]


def numbered(group: str, rows: Iterable[Row]) -> Iterator[Record]:
    for number, row in enumerate(rows, start=1):
        record: Record = {
            "id": f"box/{group}/{number:04}",
            "prompt": row.prompt,
            "group": row.group,
            "kind": row.kind,
            "reference": row.reference,
            "check": row.check,
        }
        yield record | ({"tests": list(row.tests)} if row.tests else {})


def digest_of(records: Iterable[object]) -> str:
    digest = hashlib.sha256()
    for record in records:
        digest.update(json.dumps(record, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def path_of(table: str) -> Path:
    """Where its answers are. Only what is frozen goes into the repository."""
    folder = BUILD if table == "none-validation" else HERE
    return folder / f"{table}.jsonl.gz"


def read(path: Path) -> list[Record]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [renamed(json.loads(line), lambda name: name.removeprefix(BOX)) for line in lines]


def write(path: Path, records: Iterable[Record]) -> None:
    """Gzip without a time stamp, so that the same records are the same bytes.

    A member goes by its name in routes, so that `homeward evaluate` finds what it answered.
    """
    named = (renamed(record, lambda name: f"{BOX}{name}") for record in records)
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in named)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def renamed(record: Record, name: Callable[[str], str]) -> Record:
    return record | {"answers": {name(member): a for member, a in record["answers"].items()}}
