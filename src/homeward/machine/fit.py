"""One model on one machine: whether it fits, how fast it is, and how sure each number is."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from homeward.machine.catalogue.entry import Licence
from homeward.machine.estimate import Basis, Fits, How, Placement, Range, Speed, Use, Weights
from homeward.machine.hardware import Hardware
from homeward.machine.memory.longest import longest, remedies
from homeward.machine.memory.placing import ram_room
from homeward.machine.recommend.verdict import USUAL_CONTEXT, Verdict, fast_at, sized
from homeward.machine.sizes import shown
from homeward.machine.speed.measured import Run
from homeward.machine.subject import Subject
from homeward.machine.weights.weigh import weigh

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


SILENT = ("embedding", "forecast")
"""Kinds that do not answer: a speed in tokens would say nothing of them."""


NO_SPEED = Range(0.0, 0.0, 0.0)


class Brief(Struct, frozen=True, kw_only=True):
    """A machine in short. ``gpus`` are by name, total and free bytes.

    ``ram_room`` is what a model may have of main memory: what is free, less the system's share.
    """

    cpu: str
    cores: int
    ram_total: int
    ram_free: int
    ram_room: int
    ram_bandwidth: float
    gpus: tuple[Mapping[str, str | int | float | bool], ...]


class Fit(Struct, frozen=True, kw_only=True):
    """Sizes in bytes, speeds in tokens a second (0 where it does not run, or does not answer).

    ``kind`` is the catalogue's: chat, code, vision, base; embedding and forecast do not answer.
    ``total_bytes`` is the sum of the five before it. ``decode_tok_s`` is at ``depth`` tokens of
    context. ``because`` says why it lies where it lies, ``remedies`` what would make it fit.
    """

    model: str
    kind: str
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


def fit(
    subject: Subject,
    use: Use,
    hardware: Hardware,
    *,
    measured: Sequence[Run] = (),
    depth: int | None = None,
    asked: bool = True,
) -> Fit:
    """Everything that `homeward fit MODEL` says. Pure; ConfigError for a use that no runtime has.

    ``measured`` are runs on this machine, which replace the estimate of the speed. ``asked`` is
    False where the context of ``use`` is the usual one rather than the user's. The speed is told
    at ``depth``; without one halfway through a context that was asked for, with a band from its
    beginning to its end, else at the beginning.
    """
    at = use.context // use.parallel // 2 if depth is None and asked else depth
    found = sized(subject, use, hardware, measured=measured, depth=at)
    needed, where = found.memory, found.placement.where
    context = Basis(how=How.GIVEN, source="asked for") if asked else _usual(use, subject)
    basis = {**needed.basis, "shapes": subject.basis, "context": context}
    kind = subject.entry.kind if subject.entry else "chat"
    silent = kind in SILENT
    fast = found.speed
    if depth is None and asked:
        ends = (
            fast_at(
                end,
                subject,
                use,
                hardware,
                memory=needed,
                placement=found.placement,
                measured=measured,
            )
            for end in (0, use.context // use.parallel)
        )
        fast = _throughout(fast, *ends)
    if where != "none" and not silent:
        basis["speed"] = fast.basis
    return Fit(
        model=subject.name,
        kind=kind,
        quant=subject.quant,
        context=use.context,
        kv=use.kv,
        parallel=use.parallel,
        verdict=Verdict.FITS if silent and where != "none" else found.verdict,
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
        decode_tok_s=NO_SPEED if silent else fast.decode,
        prefill_tok_s=NO_SPEED if silent else fast.prefill,
        depth=fast.depth,
        parameters=needed.weights.parameters,
        active_parameters=needed.weights.active_parameters,
        trained_context=subject.shapes.context,
        longest_context=longest(subject, use, hardware, where),
        remedies=_remedies(subject, use, hardware, needed.total) if where == "none" else (),
        warnings=warnings(subject, use),
        licence=subject.licence or UNKNOWN,
        machine=brief(hardware),
    )


def _throughout(half: Speed, empty: Speed, full: Speed) -> Speed:
    """``half`` with a band from the beginning of the context to its end."""
    decode = Range(full.decode.low, half.decode.mid, empty.decode.high)
    prefill = Range(full.prefill.low, half.prefill.mid, empty.prefill.high)
    basis = structs.replace(half.basis, low=decode.low, high=decode.high)
    return structs.replace(half, decode=decode, prefill=prefill, basis=basis)


def _remedies(subject: Subject, use: Use, hardware: Hardware, total: int) -> tuple[str, ...]:
    def other(quant: str) -> Weights:
        return weigh(subject.shapes, quant)

    found = remedies(subject, use, hardware, weigh=other)
    more = f"a machine with {shown(total)} free; here, a smaller model (`homeward fit` names some)"
    return found or (more,)


def _usual(use: Use, subject: Subject) -> Basis:
    trained = subject.shapes.context
    why = (
        f"all that the model was trained for; {USUAL_CONTEXT:,} are usual"
        if use.context == trained
        else "what is usual; runtimes have defaults of their own, so say which with --context"
    )
    return Basis(how=How.ASSUMED, source=why)


WHAT = {
    "base": "it is a base model: it continues a text, and does not follow instructions",
    "embedding": "it does not answer: it makes vectors of texts",
    "forecast": "it is no language model: it forecasts series of numbers",
}


def warnings(subject: Subject, use: Use) -> tuple[str, ...]:
    """What a user should know who would run it so; first what it is, if it is no chat model."""
    trained = subject.shapes.context
    each = use.context // use.parallel
    kind = subject.entry.kind if subject.entry else "chat"
    about = subject.entry.about if subject.entry else ""
    found = [f"it {about}" if about else WHAT[kind]] if kind in WHAT else []
    if trained and each > trained:
        found.append(
            f"it was trained for {trained:,} tokens, and beyond them (here {each:,}) it forgets or "
            "rambles unless its positions are stretched: ask for a shorter --context"
        )
    if subject.entry is not None and not subject.entry.official:
        found.append("it is a derivative, not by who trained the original")
    return tuple(found)


def brief(hardware: Hardware) -> Brief:
    return Brief(
        cpu=hardware.cpu,
        cores=hardware.cores,
        ram_total=hardware.ram_total,
        ram_free=hardware.ram_free,
        ram_room=ram_room(hardware),
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
