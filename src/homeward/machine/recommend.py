"""Which models of a catalogue to run on a machine, best first, and why each.

The order is that of named evidence for the task, then of size, then of age, then of the name; so
the same question has the same answer. What has no evidence comes after what has, and says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from homeward.errors import ConfigError
from homeward.machine.catalogue.entry import Entry, Evidence, Licence
from homeward.machine.catalogue.rows import licence as licence_of
from homeward.machine.estimate import Basis, How, Range, Use
from homeward.machine.fit import AT_EASE, READING, UNKNOWN, Sized, Verdict, sized
from homeward.machine.hardware import Hardware
from homeward.machine.sizes import shown
from homeward.machine.subject import Subject
from homeward.machine.weights.weigh import weigh

if TYPE_CHECKING:
    from homeward.machine.measured import Run

KINDS = ("chat", "code", "vision")
"""What is recommended: not base models, nor those that make vectors or forecasts."""

USUAL, SMALLER, LARGER = "Q4_K_M", "Q3_K_M", "Q8_0"
"""Four bits are what publishers and runtimes give by default; below three much is lost, and a
smaller model at four bits is better than a larger one at two."""

FEWEST_BITS = 3.6
"""A weight, of any mix of `SMALLER`: what is larger than memory so is not computed further."""


class Advice(Struct, frozen=True, kw_only=True):
    """One model. ``strength`` is 0 to 1 for the task, None where nothing is published.

    ``room_for`` is a larger quantisation that would fit in the same place.
    """

    name: str
    family: str
    kind: str
    verdict: Verdict
    why: str
    quant: str
    context: int
    weights_bytes: int
    total_bytes: int
    where: str
    decode_tok_s: Range
    parameters: int
    active_parameters: int
    released: str
    strength: float | None
    strengths: Mapping[str, float]
    evidence: tuple[Evidence, ...]
    licence: str
    commercial: str
    ollama: str
    gguf: str
    room_for: str = ""


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
    measured: "Sequence[Run]" = (),
) -> Recommendations:
    """What runs, with the context of ``use`` (or all that a model was trained for, if less).

    Official models of `KINDS` alone. ``task`` is one that the catalogue has strengths for.
    ``licence`` is ``commercial`` (commercial use allowed, with conditions or without),
    ``unconditional``, or the key or SPDX name of one licence. One model of each family and size,
    unless ``every``. ConfigError for a task or licence that no entry has.
    """
    there = [entry for entry in entries if entry.official and entry.kind in KINDS]
    _known_task(there, task)
    allowed = [entry for entry in there if _allowed(entry, licence)]
    if licence and not allowed:
        keys = ", ".join(sorted({entry.licence for entry in there}))
        raise ConfigError(
            f"no model of the catalogue has the licence {licence!r}: say commercial, "
            f"unconditional, or one of {keys}"
        )
    ordered = sorted(allowed, key=lambda entry: _rank(entry, task))
    advised: list[Advice] = []
    seen: set[tuple[str, int]] = set()
    for entry in ordered:
        kin = (entry.family, size_class(entry.shapes.parameters))
        if kin in seen and not every:
            continue
        seen.add(kin)
        advised.append(_advise(entry, hardware, use, task, measured))
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


def strength(entry: Entry, task: str | None) -> float | None:
    """For the task; without one, the mean over those that there is a figure for."""
    if task is not None:
        return entry.tasks.get(task)
    return sum(entry.tasks.values()) / len(entry.tasks) if entry.tasks else None


def size_class(parameters: int) -> int:
    """Models of one class differ in size by less than a half: 7 and 8 milliards are of one."""
    bounds = (0.8e9, 2e9, 5e9, 10e9, 18e9, 40e9, 80e9, 200e9)
    return sum(parameters >= bound for bound in bounds)


def _rank(entry: Entry, task: str | None) -> tuple[bool, float, int, int, str]:
    """Sorts the best first."""
    found = strength(entry, task)
    age = -int(entry.released.replace("-", "")[:8].ljust(8, "0") or 0)
    return (
        found is None,
        -round(found or 0.0, 3),
        -size_class(entry.shapes.parameters),
        age,
        entry.name,
    )


def _known_task(entries: Sequence[Entry], task: str | None) -> None:
    known = sorted(set(chain.from_iterable(entry.tasks for entry in entries)))
    if task is not None and task not in known:
        raise ConfigError(f"no model is rated for the task {task!r}: say one of {', '.join(known)}")


def _licence(entry: Entry) -> Licence:
    try:
        return licence_of(entry.licence)
    except ConfigError:
        return UNKNOWN


def _allowed(entry: Entry, wanted: str | None) -> bool:
    if wanted is None:
        return True
    found = _licence(entry)
    if wanted == "commercial":
        return found.commercial in ("yes", "conditional")
    if wanted == "unconditional":
        return found.commercial == "yes"
    return wanted.lower() in (found.key.lower(), found.spdx.lower())


# ---------------------------------------------------------------- one of them


def subject_of(entry: Entry, quant: str = "") -> Subject:
    """An entry of the catalogue at a quantisation (the usual one of it), from its exact shapes."""
    quant = quant or usual_quant(entry)
    return Subject(
        name=entry.name,
        quant=quant,
        shapes=entry.shapes,
        weights=weigh(entry.shapes, quant),
        basis=Basis(how=How.SHAPES, source=f"catalogue, {entry.repository}"),
        projector=2 * entry.projector,  # published in 16 bits
        licence=_licence(entry),
        entry=entry,
    )


def usual_quant(entry: Entry) -> str:
    """`USUAL`, but the publisher's own where a model was trained for it."""
    return "MXFP4_MOE" if entry.shapes.architecture == "gpt-oss" else USUAL


def _advise(
    entry: Entry, hardware: Hardware, use: Use, task: str | None, measured: "Sequence[Run]"
) -> Advice:
    trained = entry.shapes.context
    fitting = replace(use, context=min(use.context, trained) if trained else use.context)
    quant, found, why = _best(entry, hardware, fitting, measured)
    known = _licence(entry)
    speed = found.speed if found else None
    lines = [why, _evidence(entry, task)]
    room = _room(entry, hardware, found, quant)
    return Advice(
        name=entry.name,
        family=entry.family,
        kind=entry.kind,
        verdict=found.verdict if found else Verdict.NOT,
        why="; ".join(filter(None, lines)),
        quant=quant,
        context=fitting.context,
        weights_bytes=found.memory.weights.total if found else 0,
        total_bytes=found.memory.total if found else 0,
        where=found.placement.where if found else "none",
        decode_tok_s=speed.decode if speed else Range(0.0, 0.0, 0.0),
        parameters=entry.shapes.parameters,
        active_parameters=entry.shapes.active_parameters or entry.shapes.parameters,
        released=entry.released,
        strength=strength(entry, task),
        strengths=entry.tasks,
        evidence=entry.evidence,
        licence=known.spdx if known is not UNKNOWN else entry.licence,
        commercial=known.commercial,
        ollama=entry.ollama[0] if entry.ollama else "",
        gguf=entry.gguf[0] if entry.gguf else "",
        room_for=room,
    )


def _best(
    entry: Entry, hardware: Hardware, use: Use, measured: "Sequence[Run]"
) -> tuple[str, Sized | None, str]:
    """The best quantisation that fits, what it takes, and why it is that one."""
    usual = usual_quant(entry)
    free = hardware.ram_free + sum(gpu.free for gpu in hardware.gpus if not gpu.unified)
    least = int(entry.shapes.parameters * FEWEST_BITS / 8)
    if least > free:
        return (
            usual,
            None,
            f"at {SMALLER} its weights alone are over {shown(least)}, and {shown(free)} are free",
        )
    found = sized(subject_of(entry, usual), use, hardware, measured=measured)
    if found.verdict is not Verdict.NOT:
        return usual, found, _reason(found)
    if usual == USUAL:
        lower = sized(subject_of(entry, SMALLER), use, hardware, measured=measured)
        if lower.verdict is not Verdict.NOT:
            gone = f"{SMALLER}, as {USUAL} takes {shown(found.memory.total)}"
            return SMALLER, lower, f"{_reason(lower)}; {gone}"
    return usual, found, found.placement.because


def _reason(found: Sized) -> str:
    where = {"gpu": "on the GPU", "ram": "in main memory", "split": "on GPU and main memory"}
    assert found.speed is not None
    decode = found.speed.decode.mid
    told = {
        Verdict.WELL: f"about {decode:.0f} tokens/s",
        Verdict.RUNS: f"about {decode:.0f} tokens/s, where {AT_EASE:.0f} are comfortable",
        Verdict.SLOW: f"about {decode:.1f} tokens/s, and people read {READING:.0f}",
    }
    place = where.get(found.placement.where, found.placement.where)
    return f"{shown(found.memory.total)} {place}, {told[found.verdict]}"


def _evidence(entry: Entry, task: str | None) -> str:
    if strength(entry, task) is None:
        return "no published score in the catalogue" + (f" for {task}" if task else "")
    return ", ".join(f"{each.benchmark} {each.score:.2f}" for each in entry.evidence[:2])


def _room(entry: Entry, hardware: Hardware, found: Sized | None, quant: str) -> str:
    """A larger quantisation, where it would fit in the same place and still run well."""
    if found is None or found.verdict is not Verdict.WELL or quant != USUAL:
        return ""
    assert found.speed is not None
    growth = int(entry.shapes.parameters * 8.5 / 8) - found.memory.weights.total
    if found.placement.where == "gpu":
        free = max((gpu.free for gpu in hardware.gpus), default=0)
    else:
        free = hardware.ram_free
    slower = (
        found.speed.decode.mid * found.memory.weights.total / (found.memory.weights.total + growth)
    )
    fits = found.memory.total + growth <= 0.9 * free
    return LARGER if fits and slower >= AT_EASE else ""
