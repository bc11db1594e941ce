"""A table of sums: a small model that adds well and multiplies badly, and a large one."""

from pathlib import Path
from random import Random
from typing import Any

from tests.learn.tables import table

APPLES = "Tom has {a} apples and Ann gives him {b} more apples. How many apples has he now?"
CRATES = "A train with {a} wagons has {b} crates in each wagon. How many crates are there?"
POEM = "Write a poem about the moon over the wide sea, as Goethe would have."


def rows(count: int = 240, seed: int = 0) -> list[dict[str, Any]]:
    """``small`` has every sum and hardly a product right, ``large`` 19 in 20 of either.

    ``other`` is a second small model, right nine times in ten; its words are numbers alone.
    """
    draw = Random(seed)
    return [_row(draw, f"{seed}-{place}") for place in range(count)]


def _row(draw: Random, name: str) -> dict[str, Any]:
    a, b = draw.randint(11, 99), draw.randint(11, 99)
    hard = draw.random() < 0.5
    truth = a * b if hard else a + b
    said = truth if draw.random() < (0.05 if hard else 1.0) else truth + draw.randint(1, 9)
    large = truth if draw.random() < 0.95 else truth + 1
    other = truth if draw.random() < 0.9 else truth + 10
    sign = "*" if hard else "+"
    return {
        "id": name,
        "prompt": (CRATES if hard else APPLES).format(a=a, b=b),
        "group": "product" if hard else "sum",
        "reference": f"# {truth}",
        "answers": {
            "small": {"score": float(said == truth), "text": f"{a} {sign} {b} = {said}"},
            "large": {"score": float(large == truth), "text": f"It is {large}."},
            "other": {"score": float(other == truth), "text": str(other)},
        },
    }


def tables(folder: Path) -> tuple[Path, Path]:
    """One to learn from, and later rows that nobody has learned from."""
    before = table(folder, rows(), "before.jsonl")
    return before, table(folder, rows(400, seed=1), "later.jsonl")
