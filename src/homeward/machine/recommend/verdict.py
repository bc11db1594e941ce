"""Whether a model runs on a machine, and as fast as one reads."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from homeward.machine.estimate import Fits, Memory, Placement, Speed, Use
from homeward.machine.hardware import Hardware
from homeward.machine.memory.memory import memory
from homeward.machine.memory.placing import place, vendor
from homeward.machine.speed.measured import Run, device_of, replace
from homeward.machine.speed.speed import speed
from homeward.machine.subject import Subject

USUAL_CONTEXT = 8192
"""Tokens, where none are asked for and the model was trained for as many."""

READING = 5.0
"""Tokens a second. People read 238 words a minute in silence (Brysbaert, 2019, "How many words do
we read per minute?"), and a word of English is about 1.3 tokens."""

AT_EASE = 12.0
"""Tokens a second: more than twice as fast as one reads, so that skimming does not wait."""


class Verdict(StrEnum):
    WELL = "runs well"
    RUNS = "runs"
    SLOW = "too slow"  # it fits, and answers more slowly than one reads
    NOT = "does not fit"
    FITS = "fits"  # one that does not answer, and so has no speed in tokens


class Sized(Struct, frozen=True, kw_only=True):
    """What the verdict rests on; ``speed`` is zero where it does not run."""

    memory: Memory
    fits: Fits
    placement: Placement
    speed: Speed

    @property
    def verdict(self) -> Verdict:
        if self.placement.where == "none":
            return Verdict.NOT
        decode = self.speed.decode.mid
        if decode >= AT_EASE:
            return Verdict.WELL
        return Verdict.RUNS if decode >= READING else Verdict.SLOW


def usual_context(trained: int) -> int:
    """What is assumed where nobody says how long a context is wanted: `USUAL_CONTEXT` at most."""
    return min(trained, USUAL_CONTEXT) if trained else USUAL_CONTEXT


def sized(
    subject: Subject,
    use: Use,
    hardware: Hardware,
    *,
    measured: Sequence[Run] = (),
    depth: int | None = None,
) -> Sized:
    """Memory, place and speed alone. ConfigError for a use that no runtime has."""
    needed = memory(
        subject.shapes, subject.weights, use, projector=subject.projector, vendor=vendor(hardware)
    )
    fits, placement = place(needed, hardware)
    fast = fast_at(
        depth, subject, use, hardware, memory=needed, placement=placement, measured=measured
    )
    return Sized(memory=needed, fits=fits, placement=placement, speed=fast)


def fast_at(
    depth: int | None,
    subject: Subject,
    use: Use,
    hardware: Hardware,
    *,
    memory: Memory,
    placement: Placement,
    measured: Sequence[Run] = (),
) -> Speed:
    """The speed at one more depth of what was sized: as measured here, where it was."""

    def estimated(at: int | None) -> Speed:
        return speed(subject.shapes, memory, use, placement, hardware, depth=at)

    if not measured or placement.where == "none":
        return estimated(depth)
    return replace(
        estimated(depth),
        measured,
        model=subject.entry.name if subject.entry else subject.name,
        quant=subject.quant,
        device=device_of(hardware, placement),
        kv=use.kv,
        again=estimated,
    )
