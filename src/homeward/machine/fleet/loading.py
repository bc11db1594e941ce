"""What a turn costs: the seconds of a load are the file's bytes over the bandwidth of its disk."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from homeward.machine.estimate import Basis, How, Range
from homeward.machine.fleet.member import Member
from homeward.machine.fleet.packing import places
from homeward.machine.hardware import Hardware

DISK = Range(0.5e9, 1.5e9, 5e9)
"""Bytes a second of a SATA drive, of a common NVMe drive, of a fast one: where none is measured."""

PAGE_CACHE = 8e9
"""Bytes a second at most from main memory over PCIe, where the file was read lately: half of what
PCIe 3.0 with 16 lanes (15.75e9, PCI-SIG) or 4.0 with eight is good for."""

RECOVERY = Range(0.5, 1.0, 1.5)
"""Seconds until a GPU's memory is seen to be free again (Ollama, server/sched.go,
waitForVRAMRecovery: "typical convergence is 0.5-1.5s")."""


class Load(Struct, frozen=True, kw_only=True):
    """``seconds`` to load a model of ``size`` bytes."""

    name: str
    size: int
    seconds: Range
    basis: Basis


class Panel(Struct, frozen=True, kw_only=True):
    """Seconds of loading until each model has answered each of ``prompts`` prompts."""

    prompts: int
    model_by_model: Range
    prompt_by_prompt: Range


def load(member: Member, hardware: Hardware, *, cached: bool) -> Load:
    """``cached``: main memory has room for the files of all, so that it may have been kept."""
    disk, said = hardware.disk_bandwidth, hardware.basis.get("disk_bandwidth")
    rates = Range(disk / 2, disk, disk)
    if not disk:
        rates, said = DISK, Basis(how=How.TABLE, source="drives of SATA, common and fast NVMe")
    how, source = (said.how, said.source) if said else (How.GIVEN, "the disk's bandwidth as given")
    fastest = max(rates.high, PAGE_CACHE) if cached else rates.high
    discrete = any(not place.shared for place in places(hardware))
    wait = RECOVERY if discrete else Range(0.0, 0.0, 0.0)
    seconds = Range(
        round(member.size / fastest + wait.low, 2),
        round(member.size / rates.mid + wait.mid, 2),
        round(member.size / rates.low + wait.high, 2),
    )
    basis = Basis(how=how, source=source, low=seconds.low, high=seconds.high)
    return Load(name=member.name, size=member.size, seconds=seconds, basis=basis)


def loads(members: Sequence[Member], hardware: Hardware) -> tuple[Load, ...]:
    cached = sum(member.size for member in members) < hardware.ram_free
    return tuple(load(member, hardware, cached=cached) for member in members)


def panel(groups: Sequence[Sequence[str]], costs: Sequence[Load], prompts: int) -> Panel:
    """Model by model each is loaded once. ``groups`` are those that take turns.

    Prompt by prompt all models are asked in one order each time: all that take turns are loaded
    again for each prompt.
    """
    by_name = {each.name: each.seconds for each in costs}
    once = _sum(by_name.values())
    turning = [by_name[name] for group in groups for name in group] if len(groups) > 1 else []
    every = _sum(turning)
    more = max(0, prompts - 1)
    swapping = _sum([once, Range(more * every.low, more * every.mid, more * every.high)])
    return Panel(prompts=prompts, model_by_model=once, prompt_by_prompt=swapping)


def _sum(ranges: Iterable[Range]) -> Range:
    low = mid = high = 0.0
    for each in ranges:
        low, mid, high = low + each.low, mid + each.mid, high + each.high
    return Range(round(low, 2), round(mid, 2), round(high, 2))
