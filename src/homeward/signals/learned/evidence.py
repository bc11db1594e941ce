"""Evidence: what can be seen of an answer, and of others' answers to the same question."""

import math
import re
from collections import Counter
from collections.abc import Sequence

from homeward.signals.arithmetic import equations

ANSWER = 26
"""How many numbers `of_answer` gives."""

_NUMBER = re.compile(r"-?\$?\d[\d,]*\.?\d*")
_MARKED = re.compile(r"####\s*(.*)")
_READ = 6_000  # characters of an answer


def of_answer(prompt: str, text: str) -> tuple[float, ...]:
    """How an answer looks beside its question: true equations, numbers used, length, doubts."""
    text = text[:_READ]
    checked, wrong = equations(text)
    asked, said = set(_numbers(prompt)), _numbers(text)
    marked = _MARKED.search(text)
    final = next(iter(_numbers(marked[1])), None) if marked else None
    if final is None:
        final = said[-1] if said else -1.0
    lower = text.lower()
    return (
        float(checked - wrong),
        float(wrong),
        float(wrong > 0),
        math.log1p(checked),
        math.log1p(len(text)),
        math.log1p(len(text.split())),
        float(text.count("\n")),
        float(final in asked),
        float(final % 1 != 0),
        math.log1p(abs(final)),
        float(final < 0),
        float(marked is not None),
        len(asked.intersection(said)) / max(len(asked), 1),
        float(len(asked.difference(said))),
        float(len(said) - len(set(said))),
        len(text) / max(len(prompt), 1),
        math.log1p(len(asked)),
        float(lower.count("however") + lower.count("but ")),
        float(text.count("?")),
        math.log1p(max(map(abs, said), default=0.0)),
        float(final > max(asked, default=0.0)),
        float(said.count(final)),
        float(re.search(r"\d\.\d{3,}", text) is not None),
        float("cannot" in lower or "not " in lower),
        float("let" in lower),
        float(text.count("<<")),
    )


def _numbers(text: str) -> list[float]:
    found = (word.replace("$", "").replace(",", "").rstrip(".") for word in _NUMBER.findall(text))
    return [min(max(float(word), -1e12), 1e12) for word in found if word not in ("", "-")]


def of_agreement(own: str | None, others: Sequence[str | None]) -> tuple[float, ...]:
    """How far others come to the same typed answer; None abstains.

    The patterns (so many agree, so many agree on something else) one by one, then who agrees, the
    two shares, abstentions, and whether the answer is a whole number.
    """
    count = len(others)
    agree = [other is not None and other == own for other in others]
    against = Counter(other for other in others if other is not None and other != own)
    top = max(against.values(), default=0)
    pattern = [0.0] * (count + 1) ** 2
    pattern[sum(agree) * (count + 1) + top] = 1.0
    whole = own is not None and re.fullmatch(r"-?\d+", own) is not None
    return (
        *pattern,
        *map(float, agree),
        sum(agree) / max(count, 1),
        top / max(count, 1),
        float(own is None),
        float(sum(other is None for other in others)),
        float(whole),
    )
