"""Inspect: samples that its `json_dataset` reads (checked with inspect-ai 0.3.285)."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from homeward.learn.exports.writing import Written, chat, metadata, target, write
from homeward.outcomes import Row

NOT_WORDS = "tools or images, which a sample cannot tell"


def export(rows: Sequence[Row], out: Path) -> Written:
    """``.jsonl`` with ``input``, ``target``, ``id`` and ``metadata``; ConfigError.

    The target is empty where nobody said what is right: such samples are for a grader.
    """
    lines: list[bytes] = []
    left_out = Counter[str]()
    for row in rows:
        messages = chat(row)
        if messages is None or not row.prompt:
            left_out["no words to ask" if messages else NOT_WORDS] += 1
            continue
        right = target(row)
        sample = {
            "id": row.id,
            "input": messages[0]["content"] if not row.messages else messages,
            "target": "" if right is None else right[0],
            "metadata": metadata(row),
        }
        lines.append(msgspec.json.encode(sample) + b"\n")
    write(out, lines)
    return Written((str(out),), len(lines), left_out)
