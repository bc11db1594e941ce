"""Whole computers, as in the bug reports of other tools."""

from pathlib import Path
from threading import Event

import pytest

from homeward.errors import ConfigError
from homeward.machine.estimate import How
from homeward.machine.hardware import Hardware
from homeward.machine.memory.placing import ram_room, usable
from homeward.machine.scan.memory import Ram
from homeward.machine.scan.nvml import Library
from homeward.machine.scan.overrides import Overrides
from homeward.machine.scan.scan import scan
from homeward.machine.scan.system import System
from homeward.machine.sizes import GIB, MIB
from tests.contract import PATIENCE
from tests.machine.scan.machines import (
    Device,
    Memory,
    NVMLError,
    Recorded,
    card,
    computer,
    geforce,
    kfd,
    linux,
    mac,
    no_library,
    write,
)

HALO = {
    "mem_info_vram_total": 512 * MIB,
    "mem_info_vram_used": 100 * MIB,
    "mem_info_gtt_total": 110 * GIB,
    "mem_info_gtt_used": 2 * GIB,
    "revision": "0xc1",
}


def found(
    root: Path,
    system: System | None = None,
    overrides: Overrides | None = None,
    deadline: float = PATIENCE,
) -> Hardware:
    return scan(
        root=root, system=system or linux(), overrides=overrides, deadline=deadline, models=root
    )


def probe(hardware: Hardware, name: str) -> str:
    return next(each.found + each.problem for each in hardware.probes if each.name == name)


def test_a_computer_without_a_gpu_has_none(tmp_path: Path) -> None:
    hardware = found(computer(tmp_path))
    assert hardware.gpus == ()
    assert (hardware.cores, hardware.threads) == (8, 16)
    assert (hardware.ram_total, hardware.ram_free) == (64 * GIB, 48 * GIB)
    assert not hardware.container


def test_an_empty_folder_still_has_an_answer(tmp_path: Path) -> None:
    quiet = System(
        name="linux", environ={}, nvml=no_library, available=lambda: Ram(total=1, free=1)
    )
    assert found(tmp_path, quiet).gpus == ()


def test_gb10_has_the_memory_of_the_machine(tmp_path: Path) -> None:
    computer(tmp_path, total=119 * GIB, free=110 * GIB, cpu="Cortex-X925", threads=20, cores=20)
    (gpu,) = found(tmp_path, linux(Device("NVIDIA GB10", "GPU-1", None, capability=(12, 1)))).gpus
    assert gpu.unified
    assert (gpu.total, gpu.free) == (119 * GIB, 110 * GIB)
    assert gpu.bandwidth == pytest.approx(273e9, rel=0.01)
    assert gpu.architecture == "12.1"


def test_a_unified_gpu_that_tells_too_little_is_not_believed(tmp_path: Path) -> None:
    computer(tmp_path, total=119 * GIB, free=110 * GIB)
    little = Memory(total=64 * GIB, free=60 * GIB, used=4 * GIB)
    assert found(tmp_path, linux(Device("NVIDIA GB10", "GPU-1", little))).gpus[0].total == 119 * GIB


def test_a_jetson_is_told_by_its_board(tmp_path: Path) -> None:
    computer(tmp_path, total=61 * GIB, free=50 * GIB, threads=12, cores=12)
    write(tmp_path, {"proc/device-tree/model": "NVIDIA Jetson AGX Orin Developer Kit"})
    hardware = found(tmp_path, linux(Device("Orin (nvgpu)", "GPU-1", None, capability=(8, 7))))
    (gpu,) = hardware.gpus
    assert (gpu.unified, gpu.total, gpu.free) == (True, 61 * GIB, 50 * GIB)
    assert gpu.bandwidth == pytest.approx(204.8e9)


def test_a_jetson_without_the_library_is_found_too(tmp_path: Path) -> None:
    computer(tmp_path, total=7 * GIB, free=6 * GIB, threads=6, cores=6)
    board = "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super"
    write(tmp_path, {"proc/device-tree/model": board})
    (gpu,) = found(tmp_path).gpus
    assert (gpu.unified, gpu.total) == (True, 7 * GIB)
    assert gpu.bandwidth == pytest.approx(102.4e9)


def test_strix_halo_has_what_its_table_allows_of_main_memory(tmp_path: Path) -> None:
    computer(tmp_path, total=125 * GIB, free=120 * GIB, cpu="AMD RYZEN AI MAX+ 395 w/ Radeon 8060S")
    card(tmp_path, 1, "0x1002", "0x1586", **HALO)
    kfd(tmp_path, 1, bus=1, version=110501)
    (gpu,) = found(tmp_path).gpus
    assert (gpu.name, gpu.architecture) == ("Radeon 8060S", "gfx1151")
    assert (gpu.unified, gpu.integrated, gpu.counted) == (True, True, True)
    assert (gpu.total, gpu.free) == (110 * GIB, 108 * GIB)
    assert gpu.bandwidth == 256e9


def test_the_pages_that_the_kernel_allows_bound_it(tmp_path: Path) -> None:
    computer(tmp_path, total=125 * GIB, free=120 * GIB)
    card(tmp_path, 1, "0x1002", "0x1586", **HALO)
    write(tmp_path, {"sys/module/ttm/parameters/pages_limit": 96 * GIB // 4096})
    assert found(tmp_path).gpus[0].total == 96 * GIB


def test_what_hip_took_of_main_memory_is_not_free(tmp_path: Path) -> None:
    computer(tmp_path, total=125 * GIB, free=20 * GIB)
    card(tmp_path, 1, "0x1002", "0x1586", **HALO)
    assert found(tmp_path).gpus[0].free == 20 * GIB


def test_a_large_part_that_the_firmware_carves_out_is_memory_of_its_own(tmp_path: Path) -> None:
    computer(tmp_path, total=31 * GIB, free=28 * GIB)
    sizes = {"mem_info_vram_total": 96 * GIB, "mem_info_gtt_total": 16 * GIB}
    card(tmp_path, 1, "0x1002", "0x1586", **{**HALO, **sizes})
    (gpu,) = found(tmp_path).gpus
    assert (gpu.unified, gpu.total) == (False, 96 * GIB)


def test_graphics_in_the_processor_do_not_count_beside_a_card(tmp_path: Path) -> None:
    computer(tmp_path, total=30 * GIB, free=20 * GIB)
    sizes = {"mem_info_vram_total": 512 * MIB, "mem_info_gtt_total": 15 * GIB}
    card(tmp_path, 1, "0x1002", "0x164e", revision="0xd8", **sizes)
    card(tmp_path, 0, "0x10de", "0x2684", driver="nvidia")
    hardware = found(tmp_path, linux(geforce("RTX 4090", "GPU-1", 24, 10501, 384)))
    assert [(gpu.vendor, gpu.counted) for gpu in hardware.gpus] == [
        ("nvidia", True),
        ("amd", False),
    ]
    assert hardware.gpus[1].integrated


def test_a_card_of_amd_has_its_own_memory(tmp_path: Path) -> None:
    computer(tmp_path)
    sizes = {
        "mem_info_vram_total": 24 * GIB,
        "mem_info_vram_used": GIB,
        "mem_info_gtt_total": 31 * GIB,
    }
    card(tmp_path, 0, "0x1002", "0x744c", revision="0xc8", slot="0000:03:00.0", **sizes)
    kfd(tmp_path, 1, bus=3, version=110000, width=384, mem_clk_max=1249)
    (gpu,) = found(tmp_path).gpus
    assert (gpu.name, gpu.unified) == ("Radeon RX 7900 XTX", False)
    assert (gpu.total, gpu.free) == (24 * GIB, 23 * GIB)
    assert gpu.bandwidth == 960e9
    assert "agrees" in gpu.basis["bandwidth"].source


@pytest.mark.parametrize("vendor", ["0x1234", "0x1af4", "0x15ad", "0x1a03", "0x80ee", "0x1414"])
def test_displays_without_a_gpu_are_none(tmp_path: Path, vendor: str) -> None:
    card(computer(tmp_path), 0, vendor, "0x1111", driver="bochs-drm")
    hardware = found(tmp_path)
    assert hardware.gpus == ()
    assert "pictures only" in probe(hardware, "displays")


def test_parts_of_a_split_gpu_are_gpus(tmp_path: Path) -> None:
    computer(tmp_path)
    small = Memory(total=5 * GIB, free=4 * GIB, used=GIB)
    parts = tuple(
        Device("NVIDIA A100-SXM4-40GB MIG 1g.5gb", f"MIG-{i}", small, slices=1) for i in range(2)
    )
    whole = Memory(total=40 * GIB, free=38 * GIB, used=2 * GIB)
    device = Device("NVIDIA A100-SXM4-40GB", "GPU-1", whole, 1215, 5120, (8, 0), parts)
    first, second = found(tmp_path, linux(device)).gpus
    assert (first.total, first.free, first.identity) == (5 * GIB, 4 * GIB, "MIG-0")
    assert first.bandwidth == pytest.approx(1555e9 / 8, rel=0.01)
    assert first.flops == pytest.approx(78e12 / 7)
    assert second.identity == "MIG-1"


def test_cuda_visible_devices_names_one_part(tmp_path: Path) -> None:
    computer(tmp_path)
    memory = Memory(total=40 * GIB, free=40 * GIB, used=0)
    parts = tuple(Device("NVIDIA A100 MIG 3g.20gb", f"MIG-{i}", memory, slices=3) for i in range(2))
    device = Device("NVIDIA A100-SXM4-40GB", "GPU-1", memory, parts=parts)
    hardware = found(tmp_path, linux(device, CUDA_VISIBLE_DEVICES="MIG-1"))
    assert [gpu.identity for gpu in hardware.gpus] == ["MIG-1"]


def test_the_second_of_two_equal_gpus(tmp_path: Path) -> None:
    computer(tmp_path)
    two = [geforce("RTX 3090", f"GPU-{i}", 24, 9751, 384) for i in range(2)]
    hardware = found(tmp_path, linux(*two, CUDA_VISIBLE_DEVICES="1"))
    assert [gpu.identity for gpu in hardware.gpus] == ["GPU-1"]
    assert "1 more" in probe(hardware, "nvidia")


def test_numbers_of_unequal_gpus_count_the_fastest_first(tmp_path: Path) -> None:
    computer(tmp_path)
    two = [
        geforce("RTX 3060", "GPU-slow", 12, 7501, 192),
        geforce("RTX 4090", "GPU-fast", 24, 10501, 384),
    ]
    first = found(tmp_path, linux(*two, CUDA_VISIBLE_DEVICES="0"))
    by_bus = linux(*two, CUDA_VISIBLE_DEVICES="0", CUDA_DEVICE_ORDER="PCI_BUS_ID")
    assert first.gpus[0].identity == "GPU-fast"
    assert found(tmp_path, by_bus).gpus[0].identity == "GPU-slow"


def test_no_visible_device_is_no_gpu(tmp_path: Path) -> None:
    computer(tmp_path)
    one = geforce("RTX 3090", "GPU-0", 24, 9751, 384)
    assert found(tmp_path, linux(one, CUDA_VISIBLE_DEVICES="")).gpus == ()


def test_what_the_driver_keeps_is_not_for_models(tmp_path: Path) -> None:
    computer(tmp_path)
    (gpu,) = found(tmp_path, linux(geforce("RTX 4090", "GPU-0", 24, 10501, 384))).gpus
    assert gpu.total == 24 * GIB - 400 * MIB


def test_a_bandwidth_that_the_clocks_deny_is_said(tmp_path: Path) -> None:
    computer(tmp_path)
    (gpu,) = found(tmp_path, linux(geforce("RTX 4090", "GPU-0", 24, 5250, 384))).gpus
    how = gpu.basis["bandwidth"]
    assert gpu.bandwidth == pytest.approx(504e9)
    assert [how.low, how.high] == pytest.approx([504e9, 1010e9])
    assert "but NVML" in how.source


def test_an_unknown_card_of_nvidia_has_the_bandwidth_of_its_clocks(tmp_path: Path) -> None:
    computer(tmp_path)
    (gpu,) = found(tmp_path, linux(geforce("RTX 9990", "GPU-0", 24, 10000, 384))).gpus
    assert gpu.bandwidth == pytest.approx(960e9)


def test_a_driver_that_does_not_answer_is_a_problem_where_there_is_a_card(tmp_path: Path) -> None:
    computer(tmp_path)
    write(tmp_path, {"proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: NVIDIA RTX A4000"})
    hardware = found(tmp_path)
    assert "NVIDIA RTX A4000" in probe(hardware, "nvidia")
    assert "--vram" in probe(hardware, "nvidia")


def test_a_gpu_that_is_lost_is_no_unified_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NVMLError, "value", 15)
    hardware = found(computer(tmp_path), linux(Device("NVIDIA GeForce RTX 3090", "GPU-0", None)))
    assert [(gpu.unified, gpu.counted) for gpu in hardware.gpus] == [(False, False)]
    assert "does not tell its memory" in probe(hardware, "nvidia")


def test_a_container_that_was_given_no_card_has_none(tmp_path: Path) -> None:
    card(computer(tmp_path), 0, "0x1002", "0x744c", mem_info_vram_total=24 * GIB)
    write(tmp_path, {"dev/null": "", ".dockerenv": ""})
    hardware = found(tmp_path)
    assert (hardware.gpus, hardware.container) == ((), True)
    assert "--device /dev/dri" in probe(hardware, "amd")


def test_a_container_that_was_given_its_card_has_it(tmp_path: Path) -> None:
    card(computer(tmp_path), 0, "0x1002", "0x744c", mem_info_vram_total=24 * GIB)
    write(tmp_path, {"dev/null": "", "dev/dri/renderD128": ""})
    assert len(found(tmp_path).gpus) == 1


def test_wsl_has_the_memory_of_its_virtual_machine(tmp_path: Path) -> None:
    computer(tmp_path, total=16 * GIB, free=14 * GIB)
    write(tmp_path, {"proc/version": "Linux version 6.6.87.2-microsoft-standard-WSL2"})
    hardware = found(tmp_path, linux(geforce("RTX 4070", "GPU-0", 12, 10501, 192)))
    assert hardware.ram_total == 16 * GIB
    assert "Windows" in hardware.basis["ram_total"].source
    assert "approximate" in hardware.gpus[0].basis["free"].source


def test_an_m4_pro_of_48_gib(tmp_path: Path) -> None:
    values: dict[str, int | str] = {
        "hw.memsize": 48 * GIB,
        "machdep.cpu.brand_string": "Apple M4 Pro",
        "hw.physicalcpu": 14,
        "hw.logicalcpu": 14,
    }
    hardware = found(tmp_path, mac(values, free=30 * GIB))
    (gpu,) = hardware.gpus
    assert (gpu.unified, gpu.total, gpu.free) == (True, 36 * GIB, 30 * GIB)
    assert gpu.bandwidth == 273e9
    assert (hardware.ram_total, hardware.cores) == (48 * GIB, 14)


@pytest.mark.parametrize(
    ("gib", "limit"), [(16, 10922.67), (32, 21845.33), (36, 27648), (64, 49152)]
)
def test_the_limits_of_metal_are_those_that_llama_cpp_prints(
    tmp_path: Path, gib: int, limit: float
) -> None:
    values: dict[str, int | str] = {
        "hw.memsize": gib * GIB,
        "machdep.cpu.brand_string": "Apple M2 Max",
    }
    (gpu,) = found(tmp_path, mac(values, free=gib * GIB)).gpus
    assert gpu.total / MIB == pytest.approx(limit, abs=0.01)


def test_a_wired_limit_that_was_set_holds(tmp_path: Path) -> None:
    values: dict[str, int | str] = {
        "hw.memsize": 64 * GIB,
        "machdep.cpu.brand_string": "Apple M2 Max",
        "iogpu.wired_limit_mb": 57344,
    }
    assert found(tmp_path, mac(values, free=64 * GIB)).gpus[0].total == 56 * GIB


def test_windows_says_what_it_does_not_look_for(tmp_path: Path) -> None:
    quiet = System(
        name="windows", environ={}, nvml=no_library, available=lambda: Ram(total=1, free=1)
    )
    assert "only NVIDIA" in probe(found(tmp_path, quiet), "others")


def test_a_driver_that_hangs_is_left_behind(tmp_path: Path) -> None:
    never = Event()

    def hang() -> Library:
        never.wait()

    hung = System(name="linux", environ={}, nvml=hang)
    hardware = found(computer(tmp_path), hung, deadline=0.05)
    try:
        assert hardware.gpus == ()
        assert "did not answer within 0.05 s" in probe(hardware, "nvidia")
    finally:
        never.set()  # its thread ends


def test_the_library_is_closed_again(tmp_path: Path) -> None:
    recorded = Recorded([geforce("RTX 3090", "GPU-0", 24, 9751, 384)])
    found(computer(tmp_path), System(name="linux", environ={}, nvml=lambda: recorded))
    assert recorded.closed == 1


def test_given_memory_stands_for_the_gpus(tmp_path: Path) -> None:
    system = linux(geforce("RTX 3090", "GPU-0", 24, 9751, 384))
    (gpu,) = found(computer(tmp_path), system, Overrides(vram=16 * GIB)).gpus
    assert (gpu.name, gpu.total, gpu.free, gpu.unified) == ("given", 16 * GIB, 16 * GIB, False)
    assert gpu.basis["total"].how is How.GIVEN
    assert gpu.basis["bandwidth"].how is How.ASSUMED


def test_no_given_memory_is_no_gpu(tmp_path: Path) -> None:
    system = linux(geforce("RTX 3090", "GPU-0", 24, 9751, 384))
    assert found(computer(tmp_path), system, Overrides(vram=0)).gpus == ()


def test_a_given_bandwidth_is_the_gpus(tmp_path: Path) -> None:
    system = linux(geforce("RTX 3090", "GPU-0", 24, 9751, 384))
    hardware = found(computer(tmp_path), system, Overrides(bandwidth=1008e9))
    assert hardware.gpus[0].bandwidth == 1008e9
    assert hardware.ram_bandwidth != 1008e9


def test_a_given_bandwidth_is_main_memorys_without_a_gpu(tmp_path: Path) -> None:
    assert found(computer(tmp_path), overrides=Overrides(bandwidth=80e9)).ram_bandwidth == 80e9


def test_a_gpu_may_be_named(tmp_path: Path) -> None:
    (gpu,) = found(computer(tmp_path), overrides=Overrides(gpu="RTX 4090")).gpus
    assert gpu.total == 24 * GIB
    assert gpu.bandwidth == pytest.approx(1008e9, rel=0.01)


def test_a_named_mac_brings_its_memory(tmp_path: Path) -> None:
    said = Overrides(gpu="Apple M4 Pro", ram=48 * GIB)
    hardware = found(computer(tmp_path), overrides=said)
    assert (hardware.ram_total, hardware.gpus[0].total) == (48 * GIB, 36 * GIB)
    assert hardware.gpus[0].basis["total"].how is How.GIVEN


def test_a_gpu_that_nobody_knows_is_refused_with_near_names(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="GeForce RTX 4090"):
        found(computer(tmp_path), overrides=Overrides(gpu="GeForce RTX 4091"))


def test_those_that_count_may_be_chosen(tmp_path: Path) -> None:
    two = [geforce("RTX 3090", f"GPU-{i}", 24, 9751, 384) for i in range(2)]
    hardware = found(computer(tmp_path), linux(*two), Overrides(gpus=("1",)))
    assert [gpu.counted for gpu in hardware.gpus] == [False, True]


def test_a_chosen_gpu_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no GPU here is called '1'"):
        found(computer(tmp_path), overrides=Overrides(gpus=("1",)))


def test_every_number_says_how_it_was_found(tmp_path: Path) -> None:
    hardware = found(computer(tmp_path), linux(geforce("RTX 3090", "GPU-0", 24, 9751, 384)))
    assert {"ram_total", "ram_free", "ram_bandwidth", "disk_bandwidth"} <= set(hardware.basis)
    assert {"total", "free", "bandwidth", "flops"} <= set(hardware.gpus[0].basis)


def test_a_container_bounds_what_a_unified_gpu_may_take(tmp_path: Path) -> None:
    """Else its memory and the container's would be counted twice."""
    computer(tmp_path, total=125 * GIB, free=120 * GIB)
    card(tmp_path, 1, "0x1002", "0x1586", **HALO)
    write(tmp_path, {"sys/fs/cgroup/memory.max": 16 * GIB, "sys/fs/cgroup/memory.current": GIB})
    hardware = found(tmp_path)
    (gpu,) = hardware.gpus
    assert (hardware.ram_total, gpu.total, gpu.free) == (16 * GIB, 16 * GIB, 15 * GIB)
    assert ram_room(hardware) == 15 * GIB
    (placed,) = usable(hardware)
    assert placed.shared


def test_given_main_memory_bounds_a_unified_gpu_too(tmp_path: Path) -> None:
    computer(tmp_path, total=125 * GIB, free=120 * GIB)
    card(tmp_path, 1, "0x1002", "0x1586", **HALO)
    (gpu,) = found(tmp_path, overrides=Overrides(ram=32 * GIB)).gpus
    assert (gpu.total, gpu.free) == (32 * GIB, 32 * GIB)


@pytest.mark.parametrize("garbage", ["", "-1", "\x00\xff", "9" * 5000, "0x", "nan", "12 MB"])
def test_garbage_in_sys_is_nothing_said(tmp_path: Path, garbage: str) -> None:
    computer(tmp_path)
    card(tmp_path, 1, "0x1002", "0x744c", **dict.fromkeys(HALO, garbage))
    kfd(tmp_path, 1, bus=1, version=110000)
    write(
        tmp_path,
        {
            "sys/fs/cgroup/memory.max": garbage,
            "sys/fs/cgroup/memory.current": garbage,
            "sys/fs/cgroup/memory.stat": f"inactive_file {garbage}",
            "proc/self/cgroup": f"0::/../../{garbage[:20]}\n{garbage}\n::::\n1:memory:",
            "proc/device-tree/model": garbage,
            "sys/class/kfd/kfd/topology/nodes/1/properties": f"simd_count {garbage}",
        },
    )
    hardware = found(tmp_path)
    assert (hardware.ram_total, hardware.ram_free) == (64 * GIB, 48 * GIB)
    assert all(gpu.total >= gpu.free >= 0 for gpu in hardware.gpus)
    assert not any("Error" in each.problem for each in hardware.probes)
