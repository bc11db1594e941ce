"""Which models of a catalogue to run on a machine, best first, and why each.

The order is that of `homeward.machine.strengths`, named evidence for the task where there is
some, then of size, age and name: the same question has the same answer.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from homeward.errors import ConfigError
from homeward.machine.catalogue import licence as licence_of
from homeward.machine.catalogue.entry import Entry, Evidence, Licence
from homeward.machine.estimate import Basis, How, Range, Use
from homeward.machine.fit import UNKNOWN
from homeward.machine.hardware import Hardware
from homeward.machine.measured import Run
from homeward.machine.sizes import shown
from homeward.machine.strengths import TASKS, Rating, rated
from homeward.machine.subject import Subject
from homeward.machine.verdict import AT_EASE, READING, Sized, Verdict, sized
from homeward.machine.weights.weigh import weigh

KINDS = ("chat", "code", "vision")
"""What is recommended: not base models, nor those that make vectors or forecasts."""

USUAL, SMALLER, LARGER = "Q4_K_M", "Q3_K_M", "Q8_0"
"""Four bits are what publishers and runtimes give by default; below three much is lost, and a
smaller model at four bits is better than a larger one at two."""

SHRUNK = 0.75
"""Of its size, that a model keeps at least from `USUAL` to `SMALLER`: 4.82 to 5.28 bits a weight
become 3.80 to 4.31."""

OWN_KIND = 0.1
"""What a model made for code is worth more at code without a figure of its own, and less at the
rest: about the gap between the coding models of a family and its general ones of the same size."""

ORDER = tuple(Verdict)  # the best first


class Advice(Struct, frozen=True, kw_only=True):
    """One model. ``strength`` is 0 to 1 for the task; an expectation, unless ``published``.

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
    strength: float
    published: bool
    strengths: Mapping[str, float]
    evidence: tuple[Evidence, ...]
    licence: str
    spdx: str
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
    measured: Sequence[Run] = (),
) -> Recommendations:
    """What runs, with the context of ``use`` (or all that a model was trained for, if less).

    Official models of `KINDS` alone. ``task`` is one of `TASKS`.
    ``licence`` is ``commercial`` (commercial use allowed, with conditions or without),
    ``unconditional``, or the key or SPDX name of one licence. One model of each family and size,
    unless ``every``. ConfigError for an unknown task, or a licence that no entry has.
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
    ordered = sorted(fitting, key=lambda entry: _rank(entry, ratings[entry.name], task))
    advised: list[Advice] = []
    seen: set[tuple[str, int, bool]] = set()
    for entry in ordered:
        kin = (entry.family, size_class(entry.shapes.parameters), entry.shapes.experts > 0)
        if kin in seen and not every:
            continue
        seen.add(kin)
        advised.append(_advise(entry, ratings[entry.name], hardware, use, measured))
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


def size_class(parameters: int) -> int:
    """Models of one class differ in size by less than a half: 7 and 8 milliards are of one."""
    bounds = (0.8e9, 2e9, 5e9, 10e9, 18e9, 40e9, 80e9, 200e9)
    return sum(parameters >= bound for bound in bounds)


def _rank(entry: Entry, rating: Rating, task: str | None) -> tuple[float, int, str, str]:
    """Sorts the best first. Who was trained for code is not the first choice for all else."""
    other = entry.kind == "code" and task != "code"
    made_for = task == "code" and entry.kind == "code"
    value = rating.value + OWN_KIND * (made_for and not rating.named) - OWN_KIND * other
    age = "".join(chr(ord("9") - int(digit)) for digit in entry.released if digit.isdigit())
    return -round(value, 3), -size_class(entry.shapes.parameters), age, entry.name


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
    entry: Entry, rating: Rating, hardware: Hardware, use: Use, measured: Sequence[Run]
) -> Advice:
    trained = entry.shapes.context
    fitting = replace(use, context=min(use.context, trained) if trained else use.context)
    quant, found, why = _best(entry, hardware, fitting, measured)
    known = _licence(entry)
    fits = found.verdict is not Verdict.NOT
    scores = [f"{each.benchmark} {each.score:.2f}" for each in entry.evidence[:2]]
    named = rating.named and fits
    return Advice(
        name=entry.name,
        family=entry.family,
        kind=entry.kind,
        verdict=found.verdict,
        why="; ".join([why, ", ".join(scores)]) if named and scores else why,
        quant=quant,
        context=fitting.context,
        weights_bytes=found.memory.weights.total,
        total_bytes=found.memory.total,
        where=found.placement.where,
        decode_tok_s=found.speed.decode,
        parameters=entry.shapes.parameters,
        active_parameters=entry.shapes.active_parameters or entry.shapes.parameters,
        released=entry.released,
        strength=round(rating.value, 3),
        published=rating.named,
        strengths=entry.tasks,
        evidence=entry.evidence,
        licence=entry.licence,
        spdx=known.spdx,
        commercial=known.commercial,
        ollama=entry.ollama[0] if entry.ollama else "",
        gguf=entry.gguf[0] if entry.gguf else "",
        room_for=_room(entry, hardware, found, quant),
    )


def _best(
    entry: Entry, hardware: Hardware, use: Use, measured: Sequence[Run]
) -> tuple[str, Sized, str]:
    """The best quantisation that fits, what it takes, and why it is that one."""
    usual = usual_quant(entry)
    found = sized(subject_of(entry, usual), use, hardware, measured=measured)
    if usual == USUAL and _may_help(found, hardware):
        lower = sized(subject_of(entry, SMALLER), use, hardware, measured=measured)
        if ORDER.index(lower.verdict) < ORDER.index(found.verdict):
            gone = f"at {SMALLER}, as {USUAL} takes {shown(found.memory.total)}"
            gone += " and is slower" if found.verdict is Verdict.SLOW else ""
            return SMALLER, lower, f"{_reason(lower)}; {gone}"
    if found.verdict is Verdict.NOT:
        return usual, found, found.placement.because
    return usual, found, _reason(found)


def _may_help(found: Sized, hardware: Hardware) -> bool:
    """Whether it is worth weighing at `SMALLER`: it would fit then, or be as fast as one reads."""
    total = found.memory.total - int((1 - SHRUNK) * found.memory.weights.total)
    on_gpus = sum(gpu.free for gpu in hardware.gpus)
    if found.verdict is Verdict.NOT:
        return total <= hardware.ram_free + on_gpus
    if found.verdict is Verdict.SLOW and found.placement.where == "split":
        return total <= on_gpus
    return found.verdict is Verdict.SLOW and found.speed.decode.mid >= SHRUNK * READING


def _reason(found: Sized) -> str:
    where = {"gpu": "on the GPU", "ram": "in main memory", "split": "on GPU and main memory"}
    decode = found.speed.decode.mid
    told = {
        Verdict.WELL: f"about {decode:.0f} tokens/s",
        Verdict.RUNS: f"about {decode:.0f} tokens/s, where {AT_EASE:.0f} are comfortable",
        Verdict.SLOW: f"about {decode:.1f} tokens/s, and people read {READING:.0f}",
    }
    place = where.get(found.placement.where, found.placement.where)
    return f"{shown(found.memory.total)} {place}, {told[found.verdict]}"


def _room(entry: Entry, hardware: Hardware, found: Sized, quant: str) -> str:
    """A larger quantisation, where it would fit in the same place and still run well."""
    if found.verdict is not Verdict.WELL or quant != USUAL:
        return ""
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
