"""promptfoo: test cases that it reads from ``tests: file://OUT.jsonl``.

It renders variables and assertions as Nunjucks templates, twice, and loads a file for a text that
begins with ``file://``. What users wrote is not a program, so rows with such text are left out.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from homeward.learn.exports.writing import REFERENCE, Written, chat, metadata, target, write
from homeward.outcomes import Row

NOT_WORDS = "tools or images, which a prompt cannot tell"
A_PROGRAM = "text that promptfoo would run or load ({{, {%, {#, file://, package:)"
_RUN = re.compile(r"\{\{|\{%|\{#")
_LOADED = ("file://", "package:")


def export(rows: Sequence[Row], out: Path) -> Written:
    """``.jsonl`` with ``vars``, ``assert`` and ``metadata``; ConfigError.

    The one variable is ``messages``, the conversation as JSON: it is all of the prompt,
    ``'{{messages}}'``. An assertion is made of a reference alone, never one that asks a model.
    """
    lines: list[bytes] = []
    left_out = Counter[str]()
    for row in rows:
        messages = chat(row)
        if messages is None:
            left_out[NOT_WORDS] += 1
            continue
        test: dict[str, object] = {
            "vars": {"messages": msgspec.json.encode(messages).decode()},
            "metadata": {"id": row.id, **metadata(row)},
        }
        right = target(row)
        if right is not None and right[1] == REFERENCE:
            kind = "icontains" if len(right[0]) > 1 else "equals"  # a letter is in any answer
            test["assert"] = [{"type": kind, "value": right[0]}]
        if _is_run(test):
            left_out[A_PROGRAM] += 1
            continue
        lines.append(msgspec.json.encode(test) + b"\n")
    write(out, lines)
    return Written((str(out),), len(lines), left_out)


def _is_run(value: object) -> bool:
    """Whether there is a text anywhere that is taken for a template or for a file."""
    if isinstance(value, dict):
        return any(_is_run(each) for pair in value.items() for each in pair)
    if isinstance(value, list):
        return any(map(_is_run, value))
    return isinstance(value, str) and bool(_RUN.search(value) or value.startswith(_LOADED))
