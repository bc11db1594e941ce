"""How good each model is at a task: what is published, and where nothing is, what to expect.

What to expect is read off the models that have a figure: a line over the logarithm of their size
and their date of release. It places the others among them, and is always told from a figure.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from math import log2, sqrt

from msgspec import Struct

from homeward.machine.catalogue.entry import Entry

TASKS = ("chat", "code", "math", "reasoning", "summary", "tools", "translation", "vision")

ENOUGH = 8
"""Figures, from which on a line is drawn through them."""

DOUBLING, YEAR = 0.04, 0.04
"""What twice the parameters and a later year add, where too few figures tell. That a year is worth
at least one doubling is the cautious end of what is reported: the parameters needed for the same
ability halve in 3.5 months (Xiao et al., "Densing Law of LLMs", arXiv:2412.04315)."""

DOUBT = 4.0
"""Figures that the two numbers above count as, so that few others do not bend the line."""


class Rating(Struct, frozen=True):
    """``value`` is 0 to 1. ``named``: it is a published figure's, and no expectation."""

    value: float
    named: bool


def rated(entries: Sequence[Entry], task: str | None) -> Mapping[str, Rating]:
    """By name. Without a task, the mean over the tasks that an entry has figures for."""
    figures = {entry.name: figure(entry, task) for entry in entries}
    known = [entry for entry in entries if figures[entry.name] is not None]
    values = [figures[entry.name] or 0.0 for entry in known]
    points = [traits(entry) for entry in known]
    line = _line(points, values)
    found = {}
    for entry in entries:
        value = figures[entry.name]
        if value is None:
            size, years = traits(entry)
            expected = line[0] + line[1] * size + line[2] * years
            found[entry.name] = Rating(min(1.0, max(0.0, expected)), named=False)
        else:
            found[entry.name] = Rating(value, named=True)
    return found


def figure(entry: Entry, task: str | None) -> float | None:
    if task is not None:
        return entry.tasks.get(task)
    return sum(entry.tasks.values()) / len(entry.tasks) if entry.tasks else None


def traits(entry: Entry) -> tuple[float, float]:
    """Doublings of 10^9 parameters, and years since 2020.

    A mixture of experts counts as the geometric mean of its total and its active parameters, a
    rule of thumb of the field.
    """
    total = entry.shapes.parameters or 1
    active = entry.shapes.active_parameters or total
    since = date.fromisoformat(entry.released) - date(2020, 1, 1)
    return log2(max(sqrt(total * active), 1e7) / 1e9), since.days / 365.25


def _line(points: Sequence[tuple[float, float]], values: Sequence[float]) -> tuple[float, ...]:
    """Intercept and two slopes: least squares, drawn towards `DOUBLING` and `YEAR`."""
    if len(points) < ENOUGH:
        return 0.2, DOUBLING, YEAR
    n = len(points)
    mid = [sum(point[at] for point in points) / n for at in (0, 1)]
    mean = sum(values) / n
    deviations = [(size - mid[0], years - mid[1]) for size, years in points]
    left = [value - mean for value in values]
    a = sum(x * x for x, _ in deviations) + DOUBT
    b = sum(x * y for x, y in deviations)
    d = sum(y * y for _, y in deviations) + DOUBT
    p = sum(x * v for (x, _), v in zip(deviations, left, strict=True)) + DOUBT * DOUBLING
    q = sum(y * v for (_, y), v in zip(deviations, left, strict=True)) + DOUBT * YEAR
    below = a * d - b * b
    slopes = ((p * d - q * b) / below, (a * q - b * p) / below)
    return mean - slopes[0] * mid[0] - slopes[1] * mid[1], *slopes
