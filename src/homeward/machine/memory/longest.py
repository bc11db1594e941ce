"""The longest context that fits, and what else would make a model fit."""

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from homeward.errors import ConfigError
from homeward.machine.estimate import Use, Weights
from homeward.machine.hardware import Hardware
from homeward.machine.memory.cache import CELLS, TYPES
from homeward.machine.memory.memory import memory
from homeward.machine.memory.placing import decide, emptied, ram_room, vendor
from homeward.machine.sizes import shown
from homeward.machine.subject import Subject

UNTRAINED = 1 << 20
"""Tokens, where nobody says for how many a model was trained."""

SMALLER_CACHES = ("q8_0", "q5_1", "q4_0")
SMALLER_QUANTS = ("Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "IQ4_XS", "Q3_K_M", "IQ3_XXS", "Q2_K")
USABLE = 2048
"""Tokens: a shorter context is not offered."""


def longest(subject: Subject, use: Use, hardware: Hardware, where: str) -> int:
    """Tokens for all slots together, no more than it was trained for; 0 where none fits.

    ``where`` is ``gpu``, ``ram`` or ``split``; anything else is the place that has most room.
    """
    step = CELLS * use.parallel
    most = (subject.shapes.context or UNTRAINED) * use.parallel
    low, high = 0, -(-most // step)
    while low < high:
        middle = (low + high + 1) // 2
        tried = replace(use, context=min(middle * step, most))
        if fits(subject, tried, hardware, where):
            low = middle
        else:
            high = middle - 1
    return min(low * step, most)


def fits(subject: Subject, use: Use, hardware: Hardware, where: str) -> bool:
    """Whether it does there; ``where`` is as in `longest`. ConfigError as `memory`."""
    needed = memory(
        subject.shapes, subject.weights, use, projector=subject.projector, vendor=vendor(hardware)
    )
    found, _ = decide(needed, hardware)
    by_place = {"gpu": found.gpu, "ram": found.ram, "split": found.split}
    return by_place.get(where, found.gpu or found.ram or found.split)


def remedies(
    subject: Subject,
    use: Use,
    hardware: Hardware,
    *,
    weigh: Callable[[str], Weights] | None = None,
    where: str = "",
) -> tuple[str, ...]:
    """What would make it fit ``where`` it does not, one sentence each, the mildest first.

    ``where`` is as in `longest`. ``weigh`` gives the weights in another quantisation.
    """
    weights = subject.weights

    def would(changed: Use, other: Weights = weights, machine: Hardware = hardware) -> bool:
        try:
            return fits(replace(subject, weights=other), changed, machine, where)
        except ConfigError:  # a cache that this model cannot have
            return False

    def found() -> Iterator[str]:
        if would(use, machine=emptied(hardware)):
            yield "unload what else is loaded: it fits in this machine when nothing else runs"
        if where == "gpu" and fits(subject, use, hardware, "split"):
            yield "leave a part of it in main memory: that fits, and is slower"
        alone = replace(use, parallel=1, context=max(use.context // use.parallel, 1))
        if use.parallel > 1 and would(alone):
            yield f"serve one at a time instead of {use.parallel}: --parallel 1"
        if (kv := _smaller_cache(use, would)) is not None:
            needs = "" if use.flash_attention else ", which needs flash attention"
            yield f"keep the cache in a smaller type: --kv {kv}{needs}"
        room = longest(subject, use, hardware, where)
        if USABLE * use.parallel <= room < use.context:
            yield f"ask for a shorter context: {room:,} tokens fit (--context {room})"
        if weigh is not None and (smaller := _smaller_quant(weights, weigh, use, would)):
            yield f"take a smaller quantisation: --quant {smaller.quant} ({shown(smaller.total)})"

    return tuple(found()) or (_last(weights, hardware),)


def _last(weights: Weights, hardware: Hardware) -> str:
    whole = emptied(hardware)
    there = ram_room(whole) + sum(gpu.free for gpu in hardware.gpus if not gpu.unified)
    short = weights.total - there
    lacks = f", whose memory is {shown(short)} too small for the weights alone" if short > 0 else ""
    return f"take a smaller model, or a larger machine than this one{lacks}"


def _smaller_cache(use: Use, would: Callable[[Use], bool]) -> str | None:
    after = TYPES.index(use.kv)
    smaller = [kv for kv in SMALLER_CACHES if TYPES.index(kv) > after]
    return next((kv for kv in smaller if would(replace(use, kv=kv, flash_attention=True))), None)


def _smaller_quant(
    weights: Weights,
    weigh: Callable[[str], Weights],
    use: Use,
    would: Callable[[Use, Weights], bool],
) -> Weights | None:
    for quant in SMALLER_QUANTS:
        other = weigh(quant)
        if other.total < weights.total and would(use, other):
            return other
    return None
