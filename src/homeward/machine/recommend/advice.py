"""What to say of one model of the catalogue on a machine: at which quantisation, and why."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from homeward.errors import ConfigError
from homeward.machine.catalogue import licence as licence_of
from homeward.machine.catalogue.entry import Entry, Evidence, Licence
from homeward.machine.estimate import Basis, How, Range, Use
from homeward.machine.fit import UNKNOWN
from homeward.machine.hardware import Hardware
from homeward.machine.recommend.strengths import Rating, evidence
from homeward.machine.recommend.verdict import AT_EASE, READING, Sized, Verdict, sized
from homeward.machine.sizes import shown
from homeward.machine.speed.measured import Run
from homeward.machine.subject import Subject
from homeward.machine.weights.quants import USUAL, usual
from homeward.machine.weights.weigh import weigh

SMALLER, LARGER = "Q3_K_M", "Q8_0"
"""Beside `USUAL`, which has four bits. Below three much is lost, and a
smaller model at four bits is better than a larger one at two."""

SHRUNK = 0.75
"""Of its size, that a model keeps at least from `USUAL` to `SMALLER`: 4.82 to 5.28 bits a weight
become 3.80 to 4.31."""

LARGER_BITS = 8.5
"""A weight at `LARGER`: 32 numbers of a byte each, with a scale of 16 bits (ggml's block_q8_0)."""

KEPT = 0.9
"""Of free memory, where what is added up was not placed: the rest is for what grows."""

ORDER = (Verdict.WELL, Verdict.RUNS, Verdict.SLOW, Verdict.NOT)  # the best first


class Advice(Struct, frozen=True, kw_only=True):
    """One model. ``strength`` is 0 to 1 for the task; an expectation, unless ``published``.
    ``rank`` counts from the best of all, whether it runs or not.

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
    rank: int = 0


def subject_of(entry: Entry, quant: str = "") -> Subject:
    """An entry of the catalogue at a quantisation (the usual one of it), from its exact shapes."""
    quant = quant or usual(entry.shapes)
    return Subject(
        name=entry.name,
        quant=quant,
        shapes=entry.shapes,
        weights=weigh(entry.shapes, quant),
        basis=Basis(how=How.SHAPES, source=f"catalogue, {entry.repository}"),
        projector=2 * entry.projector,  # published in 16 bits
        licence=known_licence(entry),
        entry=entry,
    )


def advise(
    entry: Entry,
    rating: Rating,
    hardware: Hardware,
    use: Use,
    task: str | None,
    measured: Sequence[Run],
) -> Advice:
    trained = entry.shapes.context
    fitting = replace(use, context=min(use.context, trained) if trained else use.context)
    quant, found, why = _best(entry, hardware, fitting, measured)
    known = known_licence(entry)
    fits = found.verdict is not Verdict.NOT
    known_by = tuple(evidence(entry, task)) if rating.named else ()
    scores = [f"{each.benchmark} {each.score:.2f}" for each in known_by[:2]]
    return Advice(
        name=entry.name,
        family=entry.family,
        kind=entry.kind,
        verdict=found.verdict,
        why="; ".join([why, ", ".join(scores)]) if scores and fits else why,
        quant=quant,
        context=fitting.context,
        weights_bytes=found.memory.weights.total,
        total_bytes=found.memory.total,
        where=found.placement.where,
        decode_tok_s=found.speed.decode,
        parameters=entry.shapes.parameters or found.memory.weights.parameters,
        active_parameters=found.memory.weights.active_parameters,
        released=entry.released,
        strength=round(rating.value, 3),
        published=rating.named,
        strengths=entry.tasks,
        evidence=known_by,
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
    first = usual(entry.shapes)
    found = sized(subject_of(entry, first), use, hardware, measured=measured)
    if first == USUAL and _may_help(found, hardware):
        lower = sized(subject_of(entry, SMALLER), use, hardware, measured=measured)
        if ORDER.index(lower.verdict) < ORDER.index(found.verdict):
            gone = f"at {SMALLER}, as {USUAL} takes {shown(found.memory.total)}"
            gone += " and is slower" if found.verdict is Verdict.SLOW else ""
            return SMALLER, lower, f"{_reason(lower)}; {gone}"
    if found.verdict is Verdict.NOT:
        return first, found, found.placement.because
    return first, found, _reason(found)


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
    growth = int(entry.shapes.parameters * LARGER_BITS / 8) - found.memory.weights.total
    if found.placement.where == "gpu":
        free = max((gpu.free for gpu in hardware.gpus), default=0)
    else:
        free = hardware.ram_free
    slower = (
        found.speed.decode.mid * found.memory.weights.total / (found.memory.weights.total + growth)
    )
    fits = found.memory.total + growth <= KEPT * free
    return LARGER if fits and slower >= AT_EASE else ""


def known_licence(entry: Entry) -> Licence:
    try:
        return licence_of(entry.licence)
    except ConfigError:
        return UNKNOWN
