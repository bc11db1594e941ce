"""Computers as folders and recordings: what /proc, /sys, NVML and sysctl say of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from homeward.machine.scan.apple import Sysctl
from homeward.machine.scan.memory import Ram
from homeward.machine.scan.nvml import Library
from homeward.machine.scan.system import System
from homeward.machine.sizes import GIB, KIB, MIB

UNLIMITED = "9223372036854771712"


def write(root: Path, files: Mapping[str, object]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n", encoding="utf-8")
    return root


def computer(
    root: Path,
    *,
    total: int = 64 * GIB,
    free: int = 48 * GIB,
    cpu: str = "AMD Ryzen 7 5800X 8-Core Processor",
    threads: int = 16,
    cores: int = 8,
) -> Path:
    """Linux on a desktop without a GPU; threads of one core are as many numbers apart."""
    blocks = [
        f"processor\t: {i}\nmodel name\t: {cpu}\nflags\t\t: sse2 avx2" for i in range(threads)
    ]
    files: dict[str, object] = {
        "proc/meminfo": f"MemTotal: {total // KIB} kB\nMemAvailable: {free // KIB} kB",
        "proc/cpuinfo": "\n\n".join(blocks),
        "proc/self/status": f"Name:\tpython\nCpus_allowed_list:\t0-{threads - 1}",
        "proc/self/cgroup": "0::/",
    }
    for i in range(threads):
        siblings = ",".join(str(n) for n in range(threads) if n % cores == i % cores)
        files[f"sys/devices/system/cpu/cpu{i}/topology/core_cpus_list"] = siblings
    return write(root, files)


def card(root: Path, number: int, vendor: str, device: str, **files: object) -> Path:
    """A card of sysfs; ``revision`` and ``slot`` beside the files of its folder."""
    slot = files.pop("slot", f"0000:0{number}:00.0")
    driver = files.pop("driver", "amdgpu")
    folder = f"sys/class/drm/card{number}/device"
    about = {"vendor": vendor, "device": device, "revision": files.pop("revision", "0x00")}
    about["uevent"] = f"DRIVER={driver}\nPCI_SLOT_NAME={slot}"
    return write(
        root, {f"{folder}/{name}": content for name, content in {**about, **files}.items()}
    )


def kfd(root: Path, node: int, bus: int, version: int, **properties: int) -> Path:
    said = {"simd_count": 64, "location_id": bus << 8, "domain": 0, "gfx_target_version": version}
    folder = f"sys/class/kfd/kfd/topology/nodes/{node}"
    lines = "\n".join(f"{key} {value}" for key, value in said.items())
    bank = "\n".join(f"{key} {value}" for key, value in properties.items())
    return write(root, {f"{folder}/properties": lines, f"{folder}/mem_banks/0/properties": bank})


class NVMLError(Exception):
    """As the library's own, with its number for what is not supported."""

    value = 3


class LibraryMissing(NVMLError):
    def __str__(self) -> str:
        return "NVML Shared Library Not Found"


@dataclass(frozen=True)
class Memory:
    total: int
    free: int
    used: int
    reserved: int = 0


@dataclass(frozen=True)
class Attributes:
    gpuInstanceSliceCount: int  # noqa: N815  # the library's own name


@dataclass(frozen=True)
class Rates:
    gpu: int


@dataclass(frozen=True)
class Device:
    """``memory`` is None where the library says that it does not support the question."""

    name: str
    uuid: str
    memory: Memory | None
    clock: int | None = None
    width: int | None = None
    capability: tuple[int, int] = (8, 6)
    parts: tuple["Device", ...] = ()
    slices: int = 0


@dataclass
class Recorded:
    """What stands for ``pynvml``: the functions that are asked, over devices that were recorded."""

    devices: list[Device]
    closed: int = 0
    NVMLError: type[Exception] = NVMLError
    nvmlMemory_v2: int = 2  # noqa: N815
    NVML_CLOCK_MEM: int = 2
    NVML_ERROR_NOT_SUPPORTED: int = 3

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.devices)

    def nvmlDeviceGetHandleByIndex(self, number: int) -> Device:  # noqa: N802
        return self.devices[number]

    def nvmlDeviceGetName(self, device: Device) -> str:  # noqa: N802
        return device.name

    def nvmlDeviceGetUUID(self, device: Device) -> str:  # noqa: N802
        return device.uuid

    def nvmlDeviceGetMemoryInfo(self, device: Device, version: int | None = None) -> Memory:  # noqa: N802
        return _known(device.memory)

    def nvmlDeviceGetMaxClockInfo(self, device: Device, kind: int) -> int:  # noqa: N802
        return _known(device.clock)

    def nvmlDeviceGetMemoryBusWidth(self, device: Device) -> int:  # noqa: N802
        return _known(device.width)

    def nvmlDeviceGetCudaComputeCapability(self, device: Device) -> tuple[int, int]:  # noqa: N802
        return device.capability

    def nvmlDeviceGetMigMode(self, device: Device) -> list[int]:  # noqa: N802
        return [int(bool(device.parts)), 0]

    def nvmlDeviceGetMaxMigDeviceCount(self, device: Device) -> int:  # noqa: N802
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, device: Device, number: int) -> Device:  # noqa: N802
        return _known(device.parts[number] if number < len(device.parts) else None)

    def nvmlDeviceGetAttributes_v2(self, device: Device) -> Attributes:  # noqa: N802
        return Attributes(device.slices)

    def nvmlDeviceGetUtilizationRates(self, device: Device) -> Rates:  # noqa: N802
        return Rates(40)

    def nvmlDeviceGetTemperature(self, device: Device, sensor: int) -> int:  # noqa: N802
        return 61

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.closed += 1


T = TypeVar("T")


def _known(value: T | None) -> T:
    if value is None:
        raise NVMLError("Not Supported")
    return value


def no_library() -> Library:
    raise LibraryMissing


def linux(*devices: Device, **environ: str) -> System:
    """With these of NVIDIA's, and with these variables."""
    recorded = Recorded(list(devices))
    return System(name="linux", environ=environ, nvml=(lambda: recorded) if devices else no_library)


def mac(values: Mapping[str, int | str], free: int) -> System:
    read: Sysctl = values.get
    return System(
        name="darwin",
        environ={},
        nvml=no_library,
        sysctl=read,
        available=lambda: Ram(total=0, free=free, source="psutil"),
    )


def geforce(name: str, uuid: str, gib: int, clock: int, width: int) -> Device:
    kept = 400 * MIB
    memory = Memory(total=gib * GIB, free=gib * GIB - kept, used=0, reserved=kept)
    return Device(f"NVIDIA GeForce {name}", uuid, memory, clock, width)
