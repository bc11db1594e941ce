"""Runs that were timed on this machine, and how they replace what was estimated."""

from collections.abc import Callable, Sequence
from math import exp, log
from statistics import median

from msgspec import Struct
from msgspec.structs import replace as changed

from homeward.machine.estimate import Basis, Bound, How, Placement, Range, Speed
from homeward.machine.hardware import Hardware

LATEST = 6
"""Runs of one model at one depth that count: what the machine was before an update is past."""

SAME_DEPTH = 128
"""Tokens by which prompts of one depth differ: they are made of words."""

ALIKE_READ, ALIKE_SHARE, ALIKE_BANDWIDTH = 4.0, 0.2, 1.1
"""How far apart two models may be of which one corrects the other: factor of the bytes that a token
reads, difference of the share of its time that reading takes, and factor of the bandwidth that was
known of the device. Beyond them a correction makes it worse (bench/speed_corrected.py)."""

SAME_BAND = 1.05
"""How far a run may be off when it is made again, where too few repeats tell."""


class Run(Struct, frozen=True, kw_only=True):
    """One timed answer: ``decode`` and ``prefill`` in tokens a second, 0 where not measured.

    ``expected_decode`` and ``expected_prefill`` are what was estimated for it before, from which
    a device that is faster or slower than others of its class is told. ``at`` is in seconds since
    1970. ``device`` is as `device_of` says. ``model`` is as it was named, ``entry`` its name in the
    catalogue. ``bound`` is what held the answer up, as estimated; None where nobody said.
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
    bound: Bound | None = None
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
    again: Callable[[int], Speed] | None = None,
) -> Speed:
    """What was measured in place of what was estimated, or else corrected by it.

    Runs of this model and quantisation on this device replace the estimate; at a depth at which
    none was made, the estimate is moved by as much as they were off at the nearest depth. ``again``
    estimates it at another depth by what is known now, which may be more than when it was run.
    Runs of other models on the device correct an answer's speed where they are `alike`. Others say
    nothing.
    """
    here = [run for run in runs if run.device == device]
    own = [run for run in here if _is(run, model, quant)]
    if own:
        return _of_own(speed, own, kv, again)
    return _of_others(speed, here) if here else speed


def _is(run: Run, model: str, quant: str) -> bool:
    named = model.lower() in (run.model.lower(), run.entry.lower())
    return named and run.quant.upper() == quant.upper()


def _of_own(
    speed: Speed, runs: Sequence[Run], kv: str, again: Callable[[int], Speed] | None
) -> Speed:
    alike = [run for run in runs if run.kv == kv] or list(runs)
    nearest = min((run.depth for run in alike), key=lambda depth: abs(depth - speed.depth))
    close = [run for run in alike if abs(run.depth - nearest) <= max(SAME_DEPTH, nearest // 5)]
    chosen = sorted(close, key=lambda run: run.at)[-LATEST:]
    decode = _moved(
        speed.decode,
        [
            (run.decode, again(run.depth).decode.mid if again else run.expected_decode)
            for run in chosen
            if run.decode
        ],
    )
    read = sorted((run for run in alike if run.prefill), key=lambda run: run.at)
    prefill = _moved(
        speed.prefill,
        [
            (run.prefill, again(run.depth).prefill.mid if again else run.expected_prefill)
            for run in read[-LATEST:]
        ],
    )
    last = chosen[-1]
    source = f"{len(chosen)} runs with {last.runtime} at {nearest} tokens"
    basis = Basis(how=How.MEASURED, source=source, low=decode.low, high=decode.high)
    return changed(speed, decode=decode, prefill=prefill, basis=basis)


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


def alike(one: Bound | None, other: Bound | None) -> bool:
    """Whether the same holds both up, so that what the one was off the other is likely to be."""
    if one is None or other is None:
        return False
    return (
        _within(one.read, other.read, ALIKE_READ)
        and _within(one.bandwidth, other.bandwidth, ALIKE_BANDWIDTH)
        and abs(one.share - other.share) <= ALIKE_SHARE
    )


def _within(one: float, other: float, factor: float) -> bool:
    return one <= other * factor and other <= one * factor


def correction(off: Sequence[float]) -> float:
    """Logarithm of the factor by which an estimate is moved, of those that other models were off.

    One that was off far says less than several that agree: as if one more had not been off.
    """
    return median(off) * len(off) / (len(off) + 1)


def _of_others(speed: Speed, runs: Sequence[Run]) -> Speed:
    """Only an answer's speed is moved, and its band stays as wide: docs/speed.md says why."""
    near: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda run: run.at):
        if run.decode and run.expected_decode and alike(speed.bound, run.bound):
            near.setdefault(run.entry or run.model, []).append(run)
    if not near:
        names = _listed({run.model for run in runs})
        why = f"runs of {names} on this machine are too unlike it to correct that"
        return changed(speed, basis=changed(speed.basis, source=f"{speed.basis.source}; {why}"))
    off = [
        median(log(run.decode / run.expected_decode) for run in made[-LATEST:])
        for made in near.values()
    ]
    factor = exp(correction(off))
    old = speed.decode
    decode = Range(old.low * factor, old.mid * factor, old.high * factor)
    names = _listed({made[-1].model for made in near.values()})
    source = f"{speed.basis.source}; corrected by runs of {names} on this machine"
    basis = changed(speed.basis, source=source, low=decode.low, high=decode.high)
    return changed(speed, decode=decode, basis=basis)


def _listed(names: set[str]) -> str:
    some = sorted(names)[:3]
    return ", ".join(some) + (" ..." if len(names) > len(some) else "")
