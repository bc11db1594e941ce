"""Which models of a catalogue to run on a machine, best first, and why each.

The order is that of `homeward.machine.recommend.strengths`, named evidence for the task where there
is some, then of size, age and name: the same question has the same answer.
"""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from homeward.errors import ConfigError
from homeward.machine.catalogue.entry import Entry
from homeward.machine.estimate import Use
from homeward.machine.hardware import Hardware
from homeward.machine.recommend.advice import Advice, advise, known_licence
from homeward.machine.recommend.strengths import TASKS, Rating, rated, size_class
from homeward.machine.recommend.verdict import Verdict
from homeward.machine.speed.measured import Run

KINDS = ("chat", "code", "vision")
"""What is recommended: not base models, nor those that make vectors or forecasts."""

OWN_KIND = 0.1
"""What a model made for code is worth more at code without a figure of its own, and less at the
rest: about the gap between the coding models of a family and its general ones of the same size."""


class Recommendations(Struct, frozen=True, kw_only=True):
    """Each best first; ``does_not_fit`` the smallest first."""

    task: str
    runs_well: tuple[Advice, ...]
    runs: tuple[Advice, ...]
    too_slow: tuple[Advice, ...]
    does_not_fit: tuple[Advice, ...]


def recommend(
    entries: Iterable[Entry],
    hardware: Hardware,
    use: Use,
    *,
    task: str | None = None,
    licence: str | None = None,
    every: bool = False,
    measured: Sequence[Run] = (),
    permitted: Callable[[Entry], bool] | None = None,
) -> Recommendations:
    """What runs, with the context of ``use`` (or all that a model was trained for, if less).

    Official models of `KINDS` alone. ``task`` is one of `TASKS`.
    ``licence`` is ``commercial`` (commercial use allowed, with conditions or without),
    ``unconditional``, or the key or SPDX name of one licence. One model of each family and size,
    unless ``every``; those alone that are ``permitted``. ConfigError for an unknown task, or a
    licence that no entry has.
    """
    if task is not None and task not in TASKS:
        raise ConfigError(f"{task!r} is no task of the catalogue: say one of {', '.join(TASKS)}")
    there = [entry for entry in entries if entry.official and entry.kind in KINDS]
    ratings = rated(there, task)
    allowed = [entry for entry in there if _allowed(entry, licence)]
    if licence and not allowed:
        keys = ", ".join(sorted({entry.licence for entry in there}))
        raise ConfigError(
            f"no model of the catalogue has the licence {licence!r}: say commercial, "
            f"unconditional, or one of {keys}"
        )
    fitting = [entry for entry in allowed if task != "vision" or entry.kind == "vision"]
    if permitted is not None:
        fitting = [entry for entry in fitting if permitted(entry)]
    ordered = sorted(fitting, key=lambda entry: _rank(entry, ratings[entry.name], task))
    advised: list[Advice] = []
    seen: set[tuple[str, int, bool]] = set()
    for entry in ordered:
        kin = (entry.family, size_class(entry.shapes.parameters), entry.shapes.experts > 0)
        if kin in seen and not every:
            continue
        seen.add(kin)
        advice = advise(entry, ratings[entry.name], hardware, use, task, measured)
        advised.append(replace(advice, rank=len(advised) + 1))
    groups: dict[Verdict, list[Advice]] = {verdict: [] for verdict in Verdict}
    for each in advised:
        groups[each.verdict].append(each)
    return Recommendations(
        task=task or "",
        runs_well=tuple(groups[Verdict.WELL]),
        runs=tuple(groups[Verdict.RUNS]),
        too_slow=tuple(groups[Verdict.SLOW]),
        does_not_fit=tuple(sorted(groups[Verdict.NOT], key=lambda each: each.parameters)),
    )


def _rank(entry: Entry, rating: Rating, task: str | None) -> tuple[float, int, str, str]:
    """Sorts the best first. Who was trained for code is not the first choice for all else."""
    other = entry.kind == "code" and task != "code"
    made_for = task == "code" and entry.kind == "code"
    value = rating.value + OWN_KIND * (made_for and not rating.named) - OWN_KIND * other
    age = "".join(chr(ord("9") - int(digit)) for digit in entry.released if digit.isdigit())
    return -round(value, 3), -size_class(entry.shapes.parameters), age, entry.name


def _allowed(entry: Entry, wanted: str | None) -> bool:
    if wanted is None:
        return True
    found = known_licence(entry)
    if wanted == "commercial":
        return found.commercial in ("yes", "conditional")
    if wanted == "unconditional":
        return found.commercial == "yes"
    return wanted.lower() in (found.key.lower(), found.spdx.lower())
