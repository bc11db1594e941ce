"""One model on one machine: whether it fits, how fast it is, and how sure each number is."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from homeward.machine.catalogue.entry import Licence
from homeward.machine.estimate import Basis, Fits, How, Memory, Placement, Range, Speed, Use
from homeward.machine.hardware import Hardware
from homeward.machine.longest import longest, remedies
from homeward.machine.memory import memory
from homeward.machine.placing import place
from homeward.machine.speed import speed
from homeward.machine.subject import Subject

if TYPE_CHECKING:
    from homeward.machine.measured import Run

USUAL_CONTEXT = 8192
"""Tokens, where none are asked for and the model was trained for as many."""

READING = 5.0
"""Tokens a second. People read 238 words a minute in silence (Brysbaert, 2019, "How many words do
we read per minute?"), and a word of English is about 1.3 tokens."""

AT_EASE = 12.0
"""Tokens a second: more than twice as fast as one reads, so that skimming does not wait."""

UNKNOWN = Licence(
    key="unknown",
    name="unknown",
    spdx="NOASSERTION",
    commercial="unknown",
    conditions=("read the publisher's terms before you use it",),
    source="",
    checked="",
    how="not in the catalogue",
)


class Verdict(StrEnum):
    WELL = "runs well"
    RUNS = "runs"
    SLOW = "too slow"  # it fits, and answers more slowly than one reads
    NOT = "does not fit"


class Brief(Struct, frozen=True, kw_only=True):
    """A machine in short. ``gpus`` are by name, total and free bytes."""

    cpu: str
    cores: int
    ram_total: int
    ram_free: int
    ram_bandwidth: float
    gpus: tuple[Mapping[str, str | int | float | bool], ...]


class Fit(Struct, frozen=True, kw_only=True):
    """Sizes in bytes, speeds in tokens a second (0 where it does not run).

    ``total_bytes`` is the sum of the five before it. ``decode_tok_s`` is at ``depth`` tokens of
    context. ``because`` says why it lies where it lies, ``remedies`` what would make it fit.
    """

    model: str
    quant: str
    context: int
    kv: str
    parallel: int
    verdict: Verdict
    weights_bytes: int
    kv_bytes: int
    compute_bytes: int
    projector_bytes: int
    overhead_bytes: int
    total_bytes: int
    basis: Mapping[str, Basis]
    fits: Fits
    placement: Placement
    because: str
    decode_tok_s: Range
    prefill_tok_s: Range
    depth: int
    parameters: int
    active_parameters: int
    trained_context: int
    longest_context: int
    remedies: tuple[str, ...]
    warnings: tuple[str, ...]
    licence: Licence
    machine: Brief


class Sized(Struct, frozen=True, kw_only=True):
    """What the verdict rests on; ``speed`` is None where it does not run."""

    memory: Memory
    fits: Fits
    placement: Placement
    speed: Speed | None

    @property
    def verdict(self) -> Verdict:
        if self.speed is None:
            return Verdict.NOT
        decode = self.speed.decode.mid
        return (
            Verdict.WELL
            if decode >= AT_EASE
            else Verdict.RUNS
            if decode >= READING
            else Verdict.SLOW
        )


def usual_context(trained: int) -> int:
    """What is assumed where nobody says how long a context is wanted: `USUAL_CONTEXT` at most."""
    return min(trained, USUAL_CONTEXT) if trained else USUAL_CONTEXT


def sized(
    subject: Subject,
    use: Use,
    hardware: Hardware,
    *,
    measured: "Sequence[Run]" = (),
    depth: int | None = None,
) -> Sized:
    """Memory, place and speed alone. ConfigError for a use that no runtime has."""
    vendor = hardware.gpus[0].vendor if hardware.gpus else None
    needed = memory(
        subject.shapes, subject.weights, use, projector=subject.projector, vendor=vendor
    )
    fits, placement = place(needed, subject.shapes, hardware)
    if placement.where == "none":
        return Sized(memory=needed, fits=fits, placement=placement, speed=None)
    fast = speed(subject.shapes, needed, use, placement, hardware, depth=depth)
    if measured:
        from homeward.machine.measured import replace

        fast = replace(fast, measured)
    return Sized(memory=needed, fits=fits, placement=placement, speed=fast)


def fit(
    subject: Subject,
    use: Use,
    hardware: Hardware,
    *,
    measured: "Sequence[Run]" = (),
    depth: int | None = None,
    asked: bool = True,
) -> Fit:
    """Everything that `homeward fit MODEL` says. Pure; ConfigError for a use that no runtime has.

    ``measured`` are runs on this machine, which replace the estimate of the speed. ``asked`` is
    False where the context of ``use`` is the usual one rather than the user's.
    """
    found = sized(subject, use, hardware, measured=measured, depth=depth)
    needed, where = found.memory, found.placement.where
    basis = {**needed.basis, "shapes": subject.basis, "context": _context(use, subject, asked)}
    if found.speed is not None:
        basis["speed"] = found.speed.basis
    nothing = Range(0.0, 0.0, 0.0)
    potential = where if where != "none" else "gpu" if hardware.gpus else "ram"
    return Fit(
        model=subject.name,
        quant=subject.quant,
        context=use.context,
        kv=use.kv,
        parallel=use.parallel,
        verdict=found.verdict,
        weights_bytes=needed.weights.total,
        kv_bytes=needed.kv,
        compute_bytes=needed.compute,
        projector_bytes=needed.projector,
        overhead_bytes=needed.overhead,
        total_bytes=needed.total,
        basis=basis,
        fits=found.fits,
        placement=found.placement,
        because=found.placement.because,
        decode_tok_s=found.speed.decode if found.speed else nothing,
        prefill_tok_s=found.speed.prefill if found.speed else nothing,
        depth=found.speed.depth if found.speed else depth or 0,
        parameters=needed.weights.parameters,
        active_parameters=needed.weights.active_parameters,
        trained_context=subject.shapes.context,
        longest_context=longest(subject.shapes, needed.weights, use, hardware, potential),
        remedies=remedies(subject.shapes, needed.weights, use, hardware) if where == "none" else (),
        warnings=warnings(subject, use),
        licence=subject.licence or UNKNOWN,
        machine=brief(hardware),
    )


def _context(use: Use, subject: Subject, asked: bool) -> Basis:
    if asked:
        return Basis(how=How.GIVEN, source="asked for")
    trained = subject.shapes.context
    why = (
        f"all that the model was trained for; {USUAL_CONTEXT:,} are usual"
        if use.context == trained
        else "what is usual; runtimes have defaults of their own, so say which with --context"
    )
    return Basis(how=How.ASSUMED, source=why)


def warnings(subject: Subject, use: Use) -> tuple[str, ...]:
    """What a user should know who would run it so."""
    trained = subject.shapes.context
    each = use.context // use.parallel
    found = []
    if trained and each > trained:
        found.append(
            f"it was trained for {trained:,} tokens, and beyond them (here {each:,}) it forgets or "
            "rambles unless its positions are stretched: ask for a shorter --context"
        )
    kind = subject.entry.kind if subject.entry else "chat"
    told = {
        "base": "it is a base model: it continues a text, and does not follow instructions",
        "embedding": "it makes vectors of texts, and does not answer",
        "forecast": "it is no language model: it forecasts series of numbers, and the speed in "
        "tokens is not that of its forecasts",
    }
    if kind in told:
        found.append(told[kind])
    if subject.entry is not None and not subject.entry.official:
        found.append("it is a derivative, not by who trained the original")
    return tuple(found)


def brief(hardware: Hardware) -> Brief:
    return Brief(
        cpu=hardware.cpu,
        cores=hardware.cores,
        ram_total=hardware.ram_total,
        ram_free=hardware.ram_free,
        ram_bandwidth=hardware.ram_bandwidth,
        gpus=tuple(
            {
                "name": gpu.name,
                "total": gpu.total,
                "free": gpu.free,
                "bandwidth": gpu.bandwidth,
                "unified": gpu.unified,
                "integrated": gpu.integrated,
            }
            for gpu in hardware.gpus
        ),
    )
