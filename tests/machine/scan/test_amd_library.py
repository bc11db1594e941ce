from pathlib import Path

from homeward.machine.scan.amd import gpus
from homeward.machine.sizes import GIB
from tests.machine.scan.machines import write


class Recorded:
    """What stands for ``amdsmi``, with one MI300X."""

    closed = 0

    def amdsmi_get_processor_handles(self) -> list[int]:
        return [1]

    def amdsmi_get_gpu_asic_info(self, handle: int) -> dict[str, str]:
        return {"market_name": "AMD Instinct MI300X", "target_graphics_version": "gfx942"}

    def amdsmi_get_gpu_vram_usage(self, handle: int) -> dict[str, int]:
        return {"vram_total": 196592, "vram_used": 283}

    def amdsmi_get_gpu_device_uuid(self, handle: int) -> str:
        return "29ff74a1-0000-1000-80ff-ffffffffffff"

    def amdsmi_shut_down(self) -> None:
        self.closed += 1


def missing() -> Recorded:
    raise ModuleNotFoundError("No module named 'amdsmi'")


def test_a_gpu_that_sysfs_does_not_show(tmp_path: Path) -> None:
    recorded = Recorded()
    (gpu,) = gpus(write(tmp_path, {"dev/kfd": ""}), {}, lambda: recorded).value
    assert (gpu.name, gpu.architecture) == ("Radeon Instinct MI300X", "gfx942")
    assert 191 * GIB < gpu.free < gpu.total < 192 * GIB
    assert gpu.bandwidth == 5300e9
    assert recorded.closed == 1


def test_without_the_library_there_is_a_reason(tmp_path: Path) -> None:
    told = gpus(write(tmp_path, {"dev/kfd": ""}), {}, missing)
    assert told.value == []
    assert "not amdsmi (No module named 'amdsmi')" in told.problem


def test_without_a_device_nobody_asks_the_library(tmp_path: Path) -> None:
    assert gpus(tmp_path, {}, missing).problem == ""
