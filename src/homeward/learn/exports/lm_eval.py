"""lm-evaluation-harness: a task of its own, read from a file of this machine.

``lm-eval run --tasks NAME --include_path FOLDER --apply_chat_template`` with its chat models.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from homeward.errors import ConfigError
from homeward.learn.exports.writing import Written, chat, target, write
from homeward.outcomes import Row

MANY_TURNS = "more than one message, which a task cannot ask"
NO_TARGET = "nobody said what is right"


def export(rows: Sequence[Row], out: Path) -> Written:
    """``.jsonl`` of documents, and beside it a ``.yaml`` of the task; ConfigError.

    Documents have text alone, in the same fields: `datasets` wants one type for each column.
    Graded are ``exact_match`` and ``chrf`` (of 100), which says how near a free text is.
    """
    if out.suffix != ".jsonl":
        raise ConfigError(f"{out.name} has to end with .jsonl: lm-eval's loader goes by the name")
    task = out.with_suffix(".yaml")
    if task.exists():
        raise ConfigError(f"{task} is there already; name another file, or move it away")
    lines: list[bytes] = []
    left_out = Counter[str]()
    for row in rows:
        messages, right = chat(row), target(row)
        if messages is None or len(messages) > 1:
            left_out[MANY_TURNS] += 1
        elif right is None:
            left_out[NO_TARGET] += 1
        else:
            document = {
                "id": row.id,
                "prompt": messages[0]["content"],
                "target": right[0],
                "target_from": right[1],
                "group": row.group or "",
            }
            lines.append(msgspec.json.encode(document) + b"\n")
    write(out, lines)
    write(task, [_task(out).encode()])
    return Written((str(out), str(task)), len(lines), left_out)


def _task(out: Path) -> str:
    """In JSON, which is YAML."""
    task = {
        "task": out.stem,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(out.resolve())}},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "{{prompt}}",
        "doc_to_target": "{{target}}",
        "generation_kwargs": {"until": [], "do_sample": False},
        "metric_list": [
            {
                "metric": "exact_match",
                "aggregation": "mean",
                "higher_is_better": True,
                "ignore_case": True,
                "ignore_punctuation": True,
            },
            {"metric": "chrf", "aggregation": "chrf", "higher_is_better": True},
        ],
        "num_fewshot": 0,
        "metadata": {"version": 1.0},
    }
    return msgspec.json.format(msgspec.json.encode(task), indent=2).decode() + "\n"
