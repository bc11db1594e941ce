from pathlib import Path

import pytest

from homeward.machine.scan.intel import gpus
from homeward.machine.sizes import GIB, MIB
from tests.machine.scan.machines import card, computer


def window(size: int) -> str:
    start = 0x6000000000
    return f"0x{start:016x} 0x{start + size - 1:016x} 0x000000000014220c\n0x0 0x0 0x0"


def test_xe_tells_the_memory_of_a_card(tmp_path: Path) -> None:
    files = {"tile0/physical_vram_size_bytes": 12 * GIB, "resource": window(16 * GIB)}
    card(computer(tmp_path), 0, "0x8086", "0xe20b", driver="xe", **files)
    (gpu,) = gpus(tmp_path).value
    assert (gpu.name, gpu.total, gpu.counted) == ("Intel Arc B580", 12 * GIB, True)
    assert gpu.bandwidth == 456e9


@pytest.mark.parametrize(("seen", "total"), [(16 * GIB, 16 * GIB), (256 * MIB, 8 * GIB)])
def test_with_i915_the_window_decides_between_two_sizes(
    tmp_path: Path, seen: int, total: int
) -> None:
    card(computer(tmp_path), 0, "0x8086", "0x56a0", driver="i915", resource=window(seen))
    (gpu,) = gpus(tmp_path).value
    assert gpu.total == total


def test_graphics_in_a_processor_are_listed_and_not_counted_on(tmp_path: Path) -> None:
    card(computer(tmp_path), 0, "0x8086", "0x7d55", driver="i915", resource=window(256 * MIB))
    (gpu,) = gpus(tmp_path).value
    assert (gpu.integrated, gpu.unified, gpu.counted) == (True, True, False)


def test_an_unknown_one_with_a_small_window_is_in_a_processor(tmp_path: Path) -> None:
    card(computer(tmp_path), 0, "0x8086", "0xffff", driver="xe", resource=window(256 * MIB))
    assert gpus(tmp_path).value[0].integrated
