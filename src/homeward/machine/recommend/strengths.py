"""How good each model is at a task: what is published, and where nothing is, what to expect.

What to expect is read off the models that have a figure: a line over the logarithm of their size
and their date of release, less one standard deviation of the figures from it. So a model that
nobody has measured stands behind those of its size and age that do well, and is told from them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from math import log2, sqrt

from msgspec import Struct

from homeward.machine.catalogue.entry import Entry, Evidence
from homeward.machine.shapes import Shapes

BENCHMARKS: Mapping[str, tuple[str, ...]] = {
    "chat": ("IFEval", "Arena"),
    "code": ("SWE-bench", "LiveCodeBench", "Aider", "HumanEval", "MBPP", "CRUX"),
    "math": ("AIME", "MATH", "GSM8K"),
    "reasoning": ("GPQA", "MMLU-Pro", "MMLU", "BIG-Bench"),
    "summary": (),
    "tools": ("BFCL", "tau"),
    "translation": ("WMT",),
    "vision": ("MMMU", "MathVista", "DocVQA", "ChartQA"),
}
"""How the names of a task's benchmarks begin, the most telling first."""

TASKS = tuple(BENCHMARKS)
GENERAL = ("chat", "code", "math", "reasoning", "tools")
"""Whose mean counts where no task is named, or one that no benchmark is for."""

ENOUGH = 8
"""Figures, from which on a line is drawn through them."""

DOUBLING, YEAR, DEVIATION = 0.04, 0.04, 0.1
"""What twice the parameters and a later year add, and how far figures lie from the line, where too
few tell. That a year is worth at least one doubling is the cautious end of what is reported: the
parameters needed for the same ability halve in 3.5 months (Xiao et al., "Densing Law of LLMs",
arXiv:2412.04315)."""

RECENT = 5.0
"""Years since 2020, where no model has a figure."""

DOUBT = 4.0
"""Figures that the slopes above count as, so that few others do not bend the line."""


class Rating(Struct, frozen=True):
    """``value`` is 0 to 1. ``named``: it is a published figure's, and no expectation."""

    value: float
    named: bool


def rated(entries: Sequence[Entry], task: str | None) -> Mapping[str, Rating]:
    """By name. ``task`` is one of `TASKS`; None is their general mean."""
    wanted = (task,) if task and any(task in entry.tasks for entry in entries) else GENERAL
    figures = {entry.name: _figure(entry, wanted) for entry in entries}
    points = [
        (*traits(entry), value) for entry in entries if (value := figures[entry.name]) is not None
    ]
    expected = _Line.through(points)
    usual = sum(years for _, years, _ in points) / len(points) if points else RECENT
    return {
        name: Rating(_expected(entry, expected, usual), named=False)
        if value is None
        else Rating(value, named=True)
        for entry in entries
        for name, value in [(entry.name, figures[entry.name])]
    }


def _expected(entry: Entry, line: "_Line", years: float) -> float:
    """Off the line; of one class of small models the same for all, so that the newer comes first.

    The line is drawn through larger ones, whose progress over the years says little of these: by
    it, one of this year with 350 million parameters would be worth one of last year with 700.
    """
    size, since = traits(entry)
    kind = size_class(int(2**size * 1e9))
    if kind >= ABLE:
        return line(size, since)
    return line(log2(BOUNDS[kind] / 2 / 1e9), years)


BOUNDS = (0.45e9, 0.8e9, 2e9, 5e9, 10e9, 18e9, 40e9, 80e9, 200e9)

ABLE = 3
"""Class of size: from 2 billion parameters, below which models know little."""


def size_class(parameters: int) -> int:
    """Models of one class are of about one size, up to 2.5 times each other's: 7 and 8 billion."""
    return sum(parameters >= bound for bound in BOUNDS)


def evidence(entry: Entry, task: str | None) -> Iterator[Evidence]:
    """The figures that the rating is for, the most telling first."""
    tasks = (task,) if task and BENCHMARKS[task] else GENERAL
    for names in (BENCHMARKS[each] for each in tasks):
        for name in names:
            yield from (each for each in entry.evidence if each.benchmark.startswith(name))


def _figure(entry: Entry, tasks: Sequence[str]) -> float | None:
    found = [entry.tasks[task] for task in tasks if task in entry.tasks]
    return sum(found) / len(found) if found else None


def traits(entry: Entry) -> tuple[float, float]:
    """Doublings of 10^9 parameters, and years since 2020.

    A mixture of experts counts as the geometric mean of its total and its active parameters, a
    rule of thumb of the field.
    """
    total = entry.shapes.parameters
    active = entry.shapes.active_parameters or total - _idle(entry.shapes)
    since = date.fromisoformat(entry.released) - date(2020, 1, 1)
    return log2(max(sqrt(total * max(active, 0)), 1e7) / 1e9), since.days / 365.25


def _idle(shapes: Shapes) -> int:
    """Parameters of the experts that one token does not meet."""
    if not shapes.experts:
        return 0
    layers = sum(shapes.has_experts(number) for number in range(shapes.layers))
    idle = shapes.experts - shapes.experts_used
    return layers * idle * 3 * shapes.hidden * shapes.expert_ffn


class _Line(Struct, frozen=True):
    """Least squares over two numbers, the slopes drawn towards `DOUBLING` and `YEAR`."""

    start: float = 0.2
    doubling: float = DOUBLING
    year: float = YEAR
    deviation: float = DEVIATION

    def __call__(self, size: float, years: float) -> float:
        value = self.start + self.doubling * size + self.year * years - self.deviation
        return min(1.0, max(0.0, value))

    @classmethod
    def through(cls, points: Sequence[tuple[float, float, float]]) -> "_Line":
        n = len(points)
        if n < ENOUGH:
            return cls()
        means = [sum(column) / n for column in zip(*points, strict=True)]
        off = [[value - mean for value, mean in zip(p, means, strict=True)] for p in points]
        a = sum(x * x for x, _, _ in off) + DOUBT
        b = sum(x * y for x, y, _ in off)
        c = sum(y * y for _, y, _ in off) + DOUBT
        p = sum(x * v for x, _, v in off) + DOUBT * DOUBLING
        q = sum(y * v for _, y, v in off) + DOUBT * YEAR
        below = a * c - b * b
        doubling, year = (p * c - q * b) / below, (a * q - b * p) / below
        left = sum((v - doubling * x - year * y) ** 2 for x, y, v in off)
        start = means[2] - doubling * means[0] - year * means[1]
        return cls(start, doubling, year, sqrt(left / (n - 3)))
