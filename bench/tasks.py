"""How often `task` names what a prompt asks for, with its rules alone and as it is.

    python bench/tasks.py
    python bench/tasks.py FastChat/fastchat/llm_judge/data/*_bench/question.jsonl

First on tests/signals/task_prompts.jsonl, then on the first turns of MT-bench and Vicuna-bench
(github.com/lm-sys/FastChat, Apache-2.0), whose categories stand for a task as in `CATEGORIES`. An
outcome table (.jsonl, .jsonl.gz) is measured on the rows whose group is in there too.
"""

import asyncio
import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from homeward.model import Request
from homeward.signals.task import Task, rules

HELD_OUT = Path(__file__).parents[1] / "tests" / "signals" / "task_prompts.jsonl"
CATEGORIES = {
    "coding": {"code"},
    "math": {"mathematics"},
    "fermi": {"mathematics", "question"},
    **{name: {name} for name in ("reasoning", "extraction")},
    **{name: {"creative"} for name in ("writing", "roleplay")},
    **{name: {"question"} for name in ("stem", "humanities", "generic", "knowledge")},
    **{name: {"question"} for name in ("common-sense", "counterfactual", "commonsense_qa")},
    **{name: {"question"} for name in ("trivia_qa", "natural_qa")},
    **{name: {"code"} for name in ("mbpp", "human_eval")},
    "gsm8k": {"mathematics"},
    "agentverse-logicgrid": {"reasoning"},
}


def rows(path: Path) -> Iterator[tuple[str, set[str], str]]:
    content = path.read_bytes()
    for line in (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines():
        row = json.loads(line)
        if "answers" in row:
            if row.get("group") in CATEGORIES:
                yield row["prompt"], CATEGORIES[row["group"]], row["group"]
        elif "label" in row:
            yield row["prompt"], {row["label"]}, row["label"]
        elif row["category"] in CATEGORIES:
            yield row["turns"][0], CATEGORIES[row["category"]], row["category"]


async def main(paths: list[Path]) -> None:
    for path in paths:
        seen, right, by_rules = Counter[str](), Counter[str](), Counter[str]()
        for prompt, wanted, kind in rows(path):
            evidence = rules(prompt.strip().lower())
            seen[kind] += 1
            right[kind] += (await Task()(Request.of(prompt))).label in wanted
            by_rules[kind] += max(evidence, key=evidence.__getitem__, default="chat") in wanted
        print(f"{path.parent.name}/{path.name}: {seen.total()} prompts")
        print(f"  rules alone {by_rules.total() / seen.total():.3f}")
        print(f"  the signal  {right.total() / seen.total():.3f}")
        for kind, count in seen.items():
            print(f"    {kind:<22} {right[kind]:3} of {count:3}   rules {by_rules[kind]:3}")


if __name__ == "__main__":
    asyncio.run(main([HELD_OUT, *map(Path, sys.argv[1:])]))
