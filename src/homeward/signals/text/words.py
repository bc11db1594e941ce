"""Words and terms of a text, as learned routers count them."""

import re
from collections.abc import Sequence
from itertools import pairwise

_WORD = re.compile(r"[^\W\d_]+|\d+|[^\w\s]")
_HEAD, _TAIL = 1_400, 600  # characters read at each end of a long text
_STEM = 5


def ends(text: str) -> str:
    """The text, or the two ends of a long one: where instructions stand; bounds the time."""
    if len(text) <= _HEAD + _TAIL:
        return text
    return f"{text[:_HEAD]}\n{text[-_TAIL:]}"


def words(text: str) -> list[str]:
    """Words, numbers and signs, in lower case."""
    return _WORD.findall(text.lower())


def terms(found: Sequence[str]) -> list[str]:
    """What is counted: words, pairs of neighbours, the beginnings of long words, and numbers.

    In words and pairs a number is its length alone, up to four digits: how large the numbers of a
    question are says more than which they are.
    """
    numbers = [word for word in found if "0" <= word[0] <= "9"]
    plain = list(found)
    if numbers:
        plain = ["####"[: len(word)] if "0" <= word[0] <= "9" else word for word in found]
    return [
        *plain,
        *map(" ".join, pairwise(plain)),
        *["~" + word[:_STEM] for word in plain if len(word) > _STEM],
        *["=" + word for word in numbers],
    ]
