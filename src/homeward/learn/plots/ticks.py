"""Ticks: round numbers along an axis, and where their words stand."""

import math

from homeward.learn.plots.picture import Range

MOST = 5


def ticks(span: Range, most: int = MOST) -> list[float]:
    """Round numbers within a range: 1, 2 or 5 times a power of ten apart."""
    rough = (span.high - span.low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough * (1 - 1e-9))
    first, last = math.ceil(span.low / step - 1e-9), math.floor(span.high / step + 1e-9)
    return [place * step for place in range(first, last + 1)]


def number(value: float) -> str:
    """In four digits: enough for a cost or a share on an axis."""
    return f"{value:.4g}"


def scale(span: Range, columns: int, *, mark: str, line: str) -> tuple[str, str]:
    """An axis of so many columns with its ticks, and the numbers under it."""
    axis, words = [line] * columns, [" "] * columns
    free = 0
    for value in ticks(span):
        at = round(span.share(value) * (columns - 1))
        axis[at] = mark
        word = number(value)
        start = min(max(at - len(word) // 2, 0), columns - len(word))
        if start >= free:
            words[start : start + len(word)] = word
            free = start + len(word) + 2
    return "".join(axis), "".join(words).rstrip()
