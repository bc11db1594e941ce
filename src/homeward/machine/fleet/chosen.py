"""Which GPUs Ollama gives to a model, and how much it believes to be available there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from homeward.machine.fleet.rules import LIBRARIES, OLLAMA_RULES
from homeward.machine.fleet.server import Server, is_integrated
from homeward.machine.hardware import Hardware


@dataclass(frozen=True)
class Runner:
    """A loaded model: its buffers, and all that its process takes, in bytes by GPU."""

    name: str
    buffers: tuple[int, ...]
    taken: tuple[int, ...]
    in_ram: int
    keep_alive: float


def chosen_for(
    guess: int,
    hardware: Hardware,
    gpus: Sequence[int],
    loaded: Sequence[Runner],
    server: Server,
    percent: int = OLLAMA_RULES.percent,
) -> tuple[tuple[int, ...], int]:
    """Places in ``gpus``, and the bytes that are available in them together.

    One GPU where the prediction fits into one: of those the one with most free, and of its own
    memory before an integrated one. Else all of the library that has most free.
    """
    free = _free(hardware, gpus, loaded)
    system = _system(hardware, gpus, loaded)

    def integrated(at: int) -> bool:
        return is_integrated(hardware.gpus[gpus[at]])

    def available(chosen: Sequence[int]) -> int:
        """Where main memory is the GPU's, what is free of that is the limit."""
        whole = sum(free[at] for at in chosen)
        in_it = sum(free[at] for at in chosen if integrated(at))
        return whole - in_it + system if 0 < system < in_it else whole

    if len(gpus) <= 1:
        return tuple(free), available(tuple(free))
    fits = [at for at in free if guess <= available([at]) * percent // 100]
    if fits and not server.spread:  # of equals the first
        best = max(fits, key=lambda at: (not integrated(at), available([at])))
        return (best,), available([best])
    groups: dict[str, list[int]] = {}
    for at in free:
        groups.setdefault(LIBRARIES.get(hardware.gpus[gpus[at]].vendor, "Vulkan"), []).append(at)
    group = max(
        groups.values(),
        key=lambda each: (any(not integrated(at) for at in each), available(each)),
    )
    return tuple(group), available(group)


def _free(hardware: Hardware, gpus: Sequence[int], loaded: Sequence[Runner]) -> Mapping[int, int]:
    """The less of what the GPU says and what was counted, which knows nothing of drivers."""
    found = {}
    for at, number in enumerate(gpus):
        gpu = hardware.gpus[number]
        says = gpu.free - sum(runner.taken[at] for runner in loaded)
        counted = gpu.total - sum(runner.buffers[at] for runner in loaded)
        found[at] = max(0, min(says, counted))
    return found


def _system(hardware: Hardware, gpus: Sequence[int], loaded: Sequence[Runner]) -> int:
    """Of main memory, with what lies in it for integrated GPUs."""
    shared = sum(
        runner.taken[at]
        for runner in loaded
        for at, number in enumerate(gpus)
        if is_integrated(hardware.gpus[number])
    )
    return hardware.ram_free - shared - sum(runner.in_ram for runner in loaded)
