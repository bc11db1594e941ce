from pathlib import Path

import pytest

from homeward.machine.scan.watch import Vitals, snapshot
from homeward.machine.sizes import GIB
from tests.machine.scan.machines import Recorded, card, computer, geforce, write


def at(root: Path, busy: int, idle: int) -> Path:
    return write(root, {"proc/stat": f"cpu  {busy} 0 0 {idle} 0 0 0 0 0 0\ncpu0 1 1 1 1"})


def test_the_processors_share_is_of_the_time_between(tmp_path: Path) -> None:
    computer(tmp_path)
    before = snapshot(root=at(tmp_path, 100, 900), nvml=lambda: None)
    now = snapshot(before, root=at(tmp_path, 175, 925), nvml=lambda: None)
    assert before.cpu == 0
    assert now.cpu == 0.75


def test_the_memory_is_the_containers(tmp_path: Path) -> None:
    computer(tmp_path, total=64 * GIB, free=60 * GIB)
    write(tmp_path, {"sys/fs/cgroup/memory.max": 8 * GIB, "sys/fs/cgroup/memory.current": 2 * GIB})
    now = snapshot(root=tmp_path, nvml=lambda: None)
    assert (now.ram_total, now.ram_used) == (8 * GIB, 2 * GIB)


def test_a_gpu_of_nvidia(tmp_path: Path) -> None:
    recorded = Recorded([geforce("RTX 3090", "GPU-0", 24, 9751, 384)])
    (gpu,) = snapshot(root=computer(tmp_path), nvml=lambda: recorded).gpus
    assert (gpu.identity, gpu.total) == ("GPU-0", 24 * GIB)
    assert (gpu.utilisation, gpu.temperature) == (0.4, 61)


def test_a_gpu_of_amd(tmp_path: Path) -> None:
    files = {
        "mem_info_vram_total": 24 * GIB,
        "mem_info_vram_used": 3 * GIB,
        "gpu_busy_percent": 25,
        "hwmon/hwmon3/temp1_input": 54000,
    }
    card(computer(tmp_path), 0, "0x1002", "0x744c", **files)
    (gpu,) = snapshot(root=tmp_path, nvml=lambda: None).gpus
    assert (gpu.total, gpu.used, gpu.utilisation, gpu.temperature) == (24 * GIB, 3 * GIB, 0.25, 54)


def test_a_library_that_breaks_is_left_out(tmp_path: Path) -> None:
    def broken() -> None:
        raise OSError("gone")

    assert snapshot(root=computer(tmp_path), nvml=broken).gpus == ()


def test_an_empty_machine_has_something_to_say(tmp_path: Path) -> None:
    assert isinstance(snapshot(root=tmp_path, nvml=lambda: None), Vitals)


def test_this_machine_has_memory() -> None:
    now = snapshot(snapshot())
    assert 0 < now.ram_used <= now.ram_total
    assert 0 <= now.cpu <= 1


@pytest.mark.parametrize("said", ["", "cpu\n", "cpu 1 2 x 4 5 6 7 8", "intr 1"])
def test_a_strange_kernel_is_no_reason_to_raise(tmp_path: Path, said: str) -> None:
    computer(tmp_path)
    write(tmp_path, {"proc/stat": said})
    assert 0 <= snapshot(root=tmp_path, nvml=lambda: None).cpu <= 1
