"""The verdict on an experiment, in numbers and in words."""

import math
from typing import Literal, NamedTuple, TypeAlias

from msgspec import Struct

from homeward.learn.experiment.observed import BETTER, SHARES
from homeward.learn.experiment.ratio import Ratio
from homeward.learn.experiment.sequential import Interval
from homeward.store.experiments import Measure

Call: TypeAlias = Literal["better", "not_worse", "worse", "open", "broken"]

UNITS = {"cost": "USD", "seconds": "s"}


class Names(NamedTuple):
    """What the arms are called in words."""

    control: str
    treatment: str


class Verdict(Struct, frozen=True):
    """``difference`` is the treatment less the control, in the measure's own unit.

    It lies between ``low`` and ``high`` however often somebody has looked; all three are None
    where nothing can be said. ``conversations`` (of votes: pairs) are what it rests on,
    ``margin`` is in the same unit. ``can_stop``: no further data is needed for what is said.
    """

    call: Call
    can_stop: bool
    words: str
    conversations: int
    difference: float | None
    low: float | None
    high: float | None
    margin: float | None


def verdict(
    found: Interval,
    measure: Measure,
    margin: float,
    names: Names,
    *,
    control_mean: float | None = None,
    ratio: Ratio | None = None,
) -> Verdict:
    """Judge the difference that was found, treatment less control.

    ``margin`` is how much worse still counts as not worse: a difference of measures from 0 to 1,
    of cost and seconds a part of ``control_mean``. Where the ``ratio`` is off nothing else is
    said.
    """
    sign = BETTER[measure]
    low, high = sorted((sign * found.low, sign * found.high))  # the gain: above 0 is better
    allowed: float | None = margin
    if measure not in SHARES:
        allowed = None if control_mean is None else margin * abs(control_mean)
    call = _call(low, high, allowed, ratio)
    words = f"{_words(call, found, measure, allowed, names)}{_split(ratio)}"
    return Verdict(
        call,
        call in ("better", "not_worse", "worse"),
        words,
        found.size,
        _finite(found.mean),
        _finite(found.low),
        _finite(found.high),
        allowed,
    )


def _call(low: float, high: float, margin: float | None, ratio: Ratio | None) -> Call:
    if ratio is not None and not ratio.is_fine:
        return "broken"
    if low > 0:
        return "better"
    if margin is not None and low > -margin:
        return "not_worse"
    if high < 0 and (margin is None or high <= -margin):
        return "worse"
    return "open"


def _words(
    call: Call, found: Interval, measure: Measure, margin: float | None, names: Names
) -> str:
    a, b = names
    if call == "broken":
        return "stop and look: conversations of one arm are lost, so no difference can be trusted"
    if not math.isfinite(found.low):
        return f"nothing can be said yet, of {found.size} conversations: keep going"
    unit = "votes" if measure == "votes" else "conversations"
    between = f"{_shown(found.low, measure)} to {_shown(found.high, measure, unit=True)}"
    basis = f"{names.treatment} less {names.control} is {between}, of {found.size} {unit}"
    within = "" if margin is None else f" by more than {_size(margin, measure)}"
    match call:
        case "better":
            return f"{b} is better than {a}: {basis}; stop when you like"
        case "not_worse":
            return f"{b} is not worse than {a}{within}: {basis}; stop when you like"
        case "worse":
            return f"{b} is worse than {a}{within}: {basis}; stop it"
        case _:
            return f"cannot tell yet: {basis}; keep going"


def _split(ratio: Ratio | None) -> str:
    if ratio is None:
        return ""
    state = "is fine" if ratio.is_fine else f"is off, p = {ratio.p:.2g}"
    counts = f"{ratio.control} and {ratio.treatment}"
    return f". The split {state}: {counts} conversations, {ratio.share:.0%} meant for the second"


def _shown(value: float, measure: Measure, *, unit: bool = False) -> str:
    if measure in SHARES:
        return f"{100 * value:+.1f}" + (" points" if unit else "")
    return f"{value:+.3g}" + (f" {UNITS[measure]}" if unit else "")


def _size(margin: float, measure: Measure) -> str:
    return f"{100 * margin:g} points" if measure in SHARES else f"{margin:.3g} {UNITS[measure]}"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
