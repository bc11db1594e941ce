"""Finds out what a computer has. Every question has a deadline, and its answer is on record.

    hardware = scan()
    hardware = scan(overrides=Overrides(vram=sizes.parse("24GiB")))

Nothing is started and nothing is fetched: on Linux it reads files below ``root`` and asks NVIDIA's
library.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from homeward.machine.estimate import Basis
from homeward.machine.hardware import Gpu, Hardware, Probe
from homeward.machine.scan import amd, apple, cards, intel, nvidia
from homeward.machine.scan.disk import Disk, disk, models_folder
from homeward.machine.scan.files import below
from homeward.machine.scan.given import GIVEN, chosen, given_gpus, given_ram, with_bandwidth
from homeward.machine.scan.memory import Ram, ram
from homeward.machine.scan.overrides import Overrides
from homeward.machine.scan.probing import SAY_IT, Asked, Told
from homeward.machine.scan.processor import Processor, processor
from homeward.machine.scan.ram_bandwidth import kept as kept_bandwidth
from homeward.machine.scan.ram_speed import ram_speed
from homeward.machine.scan.sharing import counted, reading_like_memory, sharing
from homeward.machine.scan.system import System
from homeward.machine.sizes import shown

T = TypeVar("T")

DEADLINE = 5.0
"""Seconds. A driver that sleeps takes two to wake up eight GPUs; one that hangs never does."""


def scan(
    *,
    root: Path = Path("/"),
    overrides: Overrides | None = None,
    deadline: float = DEADLINE,
    kept: Path | None = None,
    models: Path | None = None,
    system: System | None = None,
) -> Hardware:
    """What is there, with what the user gave in its place, and how each number was found.

    ``deadline`` is in seconds, for each question. ``kept`` is the file in which
    `ram_bandwidth.keep` left what it measured, ``models`` the folder whose disk matters.
    `ConfigError` for overrides that name a GPU which is not there.
    """
    said, system = overrides or Overrides(), system or System()
    given = given_gpus(said)
    memory_asked = Asked("memory", lambda: _memory(root, system), "say it with --ram 64GiB")
    cpu_asked = Asked("cpu", lambda: _processor(root, system))
    disk_asked = Asked("disk", lambda: _disk(models or models_folder(), root))
    gpus_asked = _gpus(root, system) if given is None else []
    probes: list[Probe] = []

    def answer(asked: Asked[T], otherwise: T) -> T:
        told, probe = asked.answer(deadline)
        probes.append(probe)
        return otherwise if told is None else told.value

    memory = answer(memory_asked, Ram(total=0, free=0, source="not known"))
    cpu = answer(cpu_asked, Processor(name="unknown processor", cores=1, threads=1))
    drive = answer(disk_asked, None)
    found = [gpu for asked in gpus_asked for gpu in answer(asked, [])]
    before = kept_bandwidth(kept, cpu.name, memory.total) if kept else None
    memory, how = given_ram(memory, said, given)
    basis: dict[str, Basis] = {"ram_total": how, "ram_free": how}
    there = given.gpus if given else [sharing(gpu, memory) for gpu in found]
    every = with_bandwidth(chosen(counted(there), said.gpus), said.bandwidth)
    bandwidth, basis["ram_bandwidth"] = ram_speed(root, said, cpu, every, before)
    if drive is not None:
        basis["disk_bandwidth"] = GIVEN if said.disk_bandwidth else drive.basis
    return Hardware(
        system=system.name,
        cpu=cpu.name,
        cores=cpu.cores,
        threads=cpu.threads,
        ram_total=memory.total,
        ram_free=memory.free,
        ram_bandwidth=bandwidth,
        disk_bandwidth=said.disk_bandwidth or (drive.bandwidth if drive else 0.0),
        disk_free=drive.free if drive else 0,
        container=bool(memory.limit) or _container(root),
        gpus=tuple(reading_like_memory(gpu, bandwidth) for gpu in every),
        probes=tuple(probes),
        basis=basis,
    )


def _gpus(root: Path, system: System) -> list[Asked[list[Gpu]]]:
    """Questions for each maker that this system has, the surest first."""
    asked: list[tuple[str, Callable[[], Told[list[Gpu]]]]]
    asked = [("nvidia", lambda: nvidia.gpus(system.nvml, root, system.environ))]
    if system.name == "linux":
        asked += [
            ("amd", lambda: amd.gpus(root, system.environ)),
            ("intel", lambda: intel.gpus(root)),
            ("displays", lambda: _displays(root)),
        ]
    if system.name == "darwin":
        asked = [("apple", lambda: apple.gpus(system.sysctl))]
    if system.name == "windows":
        asked.append(("others", _others))
    return [Asked(name, question, SAY_IT) for name, question in asked]


def _memory(root: Path, system: System) -> Told[Ram]:
    found = ram(root) if system.name == "linux" else None
    if found is None:
        found = system.available()
    if system.name == "darwin":
        found = apple.ram(found.free, system.sysctl)
    limit = f", of which the container may have {shown(found.limit)}" if found.limit else ""
    said = f"{shown(found.free)} of {shown(found.total)} free{limit}; {found.source}"
    return Told(found, said)


def _processor(root: Path, system: System) -> Told[Processor]:
    found = processor(root) if system.name == "linux" else None
    if system.name == "darwin":
        found = apple.processor(system.sysctl)
    found = found or system.processor()
    quota = f", a quota of {found.quota:g} processors" if found.quota else ""
    virtual = ", virtual" if found.virtual else ""
    said = f"{found.name}: {found.cores} cores, {found.threads} threads{quota}{virtual}"
    return Told(found, said)


def _disk(folder: Path, root: Path) -> Told[Disk | None]:
    found = disk(folder, root)
    return Told(found, f"{shown(found.free)} free, speed as {found.basis.source}")


def _displays(root: Path) -> Told[list[Gpu]]:
    found = ", ".join(cards.no_gpus(root))
    return Told([], f"{found}: shows pictures only" if found else "none without a GPU")


def _others() -> Told[list[Gpu]]:
    problem = f"on Windows only NVIDIA's GPUs are found; for another {SAY_IT}"
    return Told([], problem=problem)


def _container(root: Path) -> bool:
    marks = (".dockerenv", "run/.containerenv", "run/secrets/kubernetes.io")
    return any(below(root, mark).exists() for mark in marks)
