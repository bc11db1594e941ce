"""What a runtime says of its memory, put into the schedule: learnt from what it evicts.

Ollama tells which models are loaded, how large they are and until when it would keep them, but
not how much memory there is. A model that is gone before its time made room for the others: all
of them together did not fit. Those that are seen together do.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from homeward.machine.scheduler.schedule import NEVER, Machine


@dataclass(frozen=True)
class Loaded:
    """``size`` is in bytes; ``until`` is when it goes if nobody asks, on the schedule's clock."""

    size: int
    until: float


def saw(machine: Machine, loaded: Mapping[str, Loaded], asked_at: float, now: float) -> None:
    """What was loaded, by place, some time between ``asked_at`` and ``now``.

    It is believed also of a model that we thought is at work: its requests wait in the runtime
    then. What was let in to be loaded in that time, or has not answered yet, is left as it is.
    """
    runners = list(machine.runners.values())
    pushed_out = [r for r in runners if r.until > now and r.place not in loaded]
    sizes = [each.size for each in loaded.values()]
    if pushed_out and loaded and all([*sizes, *(r.size for r in pushed_out)]):
        too_much = sum(sizes) + sum(r.size for r in pushed_out)
        machine.memory = min(machine.memory, too_much - 1)
    machine.memory = max(machine.memory, sum(sizes))
    machine.most = max(machine.most, len(loaded))
    settled = [r for r in runners if not r.fresh and r.since < asked_at]
    for runner in settled:
        if runner.place not in loaded:
            machine.unload(runner)
    for runner in runners:
        here = loaded.get(runner.place)
        runner.until = NEVER if here is None else here.until
        if here is not None and here.size:
            runner.size = here.size
    for runner in settled:
        alone = sum(other.place == runner.place for other in runners) == 1
        fits = machine.fits([*machine.loaded, runner])  # not where we have just decided otherwise
        if runner.place in loaded and alone and fits and not runner.loads:
            machine.load(runner, now)
