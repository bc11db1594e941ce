"""Runs that were timed on this machine, and how they replace what was estimated."""

from collections.abc import Sequence
from math import exp, log
from statistics import median

from msgspec import Struct

from homeward.machine.estimate import Basis, How, Placement, Range, Speed
from homeward.machine.hardware import Hardware

LATEST = 6
"""Runs of one model at one depth that count: what the machine was before an update is past."""

SAME_DEPTH = 128
"""Tokens by which prompts of one depth differ: they are made of words."""

OTHERS_BAND = 1.3
"""Nine of ten models lie within this factor of an estimate that was moved by what three others were
off on the same machine (177 published runs, bench/speed.py's rows; 1.4 by one other)."""

SAME_BAND = 1.05
"""How far a run may be off when it is made again, where too few repeats tell."""


class Run(Struct, frozen=True, kw_only=True):
    """One timed answer: ``decode`` and ``prefill`` in tokens a second, 0 where not measured.

    ``expected_decode`` and ``expected_prefill`` are what was estimated for it before, from which
    a device that is faster or slower than others of its class is told. ``at`` is in seconds since
    1970. ``device`` is as `device_of` says. ``model`` is as it was named, ``entry`` its name in the
    catalogue.
    """

    id: str
    model: str
    entry: str = ""
    quant: str
    device: str
    runtime: str
    context: int
    depth: int
    parallel: int = 1
    kv: str = "f16"
    decode: float
    prefill: float
    expected_decode: float = 0.0
    expected_prefill: float = 0.0
    at: float


def device_of(hardware: Hardware, placement: Placement) -> str:
    """What computes: the name of each GPU that has a part of the model, and of the CPU."""
    gpus = [hardware.gpus[number].name for number in sorted(placement.gpu_bytes)]
    if placement.where == "gpu":
        return " + ".join(gpus)
    return " + ".join([*gpus, hardware.cpu]) if placement.where == "split" else hardware.cpu


def replace(
    speed: Speed,
    runs: Sequence[Run],
    *,
    model: str,
    quant: str,
    device: str,
    kv: str = "f16",
) -> Speed:
    """What was measured in place of what was estimated, or else corrected by it.

    Runs of this model and quantisation on this device replace the estimate; at a depth at which
    none was made, the estimate is moved by as much as they were off at the nearest depth. Runs of
    other models on the device correct it. Others say nothing.
    """
    here = [run for run in runs if run.device == device]
    own = [run for run in here if _is(run, model, quant)]
    if own:
        return _of_own(speed, own, kv)
    others = [run for run in here if not _is(run, model, quant)]
    return _of_others(speed, others) if others else speed


def _is(run: Run, model: str, quant: str) -> bool:
    named = model.lower() in (run.model.lower(), run.entry.lower())
    return named and run.quant.upper() == quant.upper()


def _of_own(speed: Speed, runs: Sequence[Run], kv: str) -> Speed:
    alike = [run for run in runs if run.kv == kv] or list(runs)
    nearest = min((run.depth for run in alike), key=lambda depth: abs(depth - speed.depth))
    close = [run for run in alike if abs(run.depth - nearest) <= max(SAME_DEPTH, nearest // 5)]
    chosen = sorted(close, key=lambda run: run.at)[-LATEST:]
    decode = _moved(
        speed.decode, [(run.decode, run.expected_decode) for run in chosen if run.decode]
    )
    read = sorted((run for run in alike if run.prefill), key=lambda run: run.at)[-LATEST:]
    prefill = _moved(speed.prefill, [(run.prefill, run.expected_prefill) for run in read])
    last = chosen[-1]
    source = f"{len(chosen)} runs with {last.runtime} at {nearest} tokens"
    return Speed(
        decode=decode,
        prefill=prefill,
        depth=speed.depth,
        basis=Basis(how=How.MEASURED, source=source, low=decode.low, high=decode.high),
    )


def _moved(estimate: Range, found: Sequence[tuple[float, float]]) -> Range:
    """The estimate, moved by as much as measurements were off; measurements where it had none."""
    if not found:
        return estimate
    if estimate.mid and all(expected for _, expected in found):
        values = [estimate.mid * real / expected for real, expected in found]
    else:
        values = [real for real, _ in found]
    mid = median(values)
    return Range(min(*values, mid / SAME_BAND), mid, max(*values, mid * SAME_BAND))


def _of_others(speed: Speed, runs: Sequence[Run]) -> Speed:
    decode, models = _corrected(
        speed.decode,
        {
            (run.model, run.quant): run.decode / run.expected_decode
            for run in runs
            if run.decode and run.expected_decode
        },
    )
    prefill, _ = _corrected(
        speed.prefill,
        {
            (run.model, run.quant): run.prefill / run.expected_prefill
            for run in runs
            if run.prefill and run.expected_prefill
        },
    )
    if not models:
        return speed
    named = ", ".join(sorted({run.model for run in runs})[:3])
    return Speed(
        decode=decode,
        prefill=prefill,
        depth=speed.depth,
        basis=Basis(
            how=speed.basis.how,
            source=f"{speed.basis.source}; corrected by runs of {named} on this machine",
            low=decode.low,
            high=decode.high,
        ),
    )


def _corrected(estimate: Range, off: dict[tuple[str, str], float]) -> tuple[Range, int]:
    """Moved by the mean of what other models were off, one weight of doubt against each."""
    if not off or not estimate.mid:
        return estimate, 0
    factor = exp(sum(map(log, off.values())) / len(off))
    mid = estimate.mid * factor
    before = max(estimate.high / estimate.mid, estimate.mid / estimate.low)
    band = min(before, OTHERS_BAND)
    return Range(mid / band, mid, mid * band), len(off)
