"""Outcome tables drawn by a seed: one word makes the small model fail, nothing else does."""

import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from homeward.learn.train.fit import train
from homeward.outcomes import RecordedAnswer, Row, line
from homeward.signals.learned.router import LearnedRouter

GROUPS = {
    "cooking": ("bread", "soup", "salt", "pan", "oven", "butter", "dish", "onion", "garlic"),
    "sailing": ("boat", "wind", "rope", "harbour", "anchor", "tide", "mast", "captain", "deck"),
}
HARD = "integral"
PRICES = {"small": 0.1, "middle": 0.5, "large": 5.0}
PAIR = ("small", "large")
THREE = ("small", "middle", "large")


def rows(count: int = 300, seed: int = 0, *, words: bool = False) -> list[Row]:
    """Small fails on `HARD` prompts and middle on all of sailing, nine times in ten; large seldom.

    With ``words`` there is the text of the answers too, and of the checkers a and b, who are right
    nine times in ten.
    """
    draw = random.Random(seed)
    return [_row(place, draw, words=words) for place in range(count)]


def _row(place: int, draw: random.Random, *, words: bool) -> Row:
    group = draw.choice(sorted(GROUPS))
    hard = draw.random() < 0.4
    said = draw.choices(GROUPS[group], k=draw.randint(4, 9))
    said.insert(draw.randrange(len(said)), HARD if hard else "simple")
    truth = draw.randint(10, 99)

    def answer(chance: float, chars: int) -> RecordedAnswer:
        right = draw.random() < chance
        number = truth if right else truth + draw.randint(1, 3)
        text = f"It is {number}." if right else f"However, it might not be {number}."
        return RecordedAnswer(score=float(right), chars=chars, text=text if words else None)

    answers = {
        "small": answer(0.1 if hard else 0.9, 400),
        "middle": answer(0.1 if group == "sailing" else 0.9, 400),
        "large": answer(0.95, 400),
    }
    if words:
        answers |= {"a": answer(0.9, 40), "b": answer(0.9, 40)}
    prompt = f"Tell me about the {' '.join(said)}, please."
    return Row(prompt, id=str(place), group=group, reference=f"# {truth}", answers=answers)


def prompt(*, hard: bool = False, group: str = "cooking") -> str:
    """One like those of the table."""
    said = [*GROUPS[group][:6]]
    said.insert(2, HARD if hard else "simple")
    return f"Tell me about the {' '.join(said)}, please."


ELSEWHERE = 'def f(xs):\n    return {x: [y for y in xs if y != x] for x in xs}  # fixme: "?"\n' * 9
"""A text of another kind: code."""


def scored(row: Row, **scores: float | None) -> Row:
    """The row with these scores instead; None is ungraded."""
    changed = {
        name: msgspec.structs.replace(row.answers[name], score=score)
        for name, score in scores.items()
    }
    return msgspec.structs.replace(row, answers={**row.answers, **changed})


@cache
def router(models: Sequence[str] = PAIR, **options: Any) -> LearnedRouter:
    """Trained on 300 rows of seed 0, once for all tests."""
    words = bool(options.get("with_answer") or options.get("checkers"))
    prices = PRICES if len(models) > 2 else None
    return train(rows(words=words), models, prices=prices, name="drawn.jsonl", **options)


def written(path: Path, drawn: Sequence[Row]) -> Path:
    """A table of these rows."""
    path.write_bytes(b"".join(map(line, drawn)))
    return path
