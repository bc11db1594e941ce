from pathlib import Path

import pytest

from homeward.machine.estimate import How
from homeward.machine.scan.processor import Processor
from homeward.machine.scan.ram_speed import by_modules, by_processor
from tests.machine.scan.machines import write

DMI = "run/udev/data/+dmi:id"


def modules(root: Path, *where: str) -> Path:
    """DDR4-3200, 25.6 GB/s of each channel; ``bank/slot`` as the firmware names them."""
    lines = [f"E:MEMORY_ARRAY_NUM_DEVICES={len(where)}"]
    for i, name in enumerate(where):
        start = f"E:MEMORY_DEVICE_{i}"
        bank, _, slot = name.partition("/")
        lines += [
            f"{start}_BANK_LOCATOR={bank}",
            f"{start}_LOCATOR={slot}",
            f"{start}_DATA_WIDTH=64",
            f"{start}_TYPE=DDR4",
            f"{start}_CONFIGURED_SPEED_MTS=3200",
        ]
    return write(root, {DMI: "\n".join(lines)})


@pytest.mark.parametrize(
    ("where", "channels"),
    [
        (["P0 CHANNEL A/DIMM 1", "P0 CHANNEL B/DIMM 1"], 2),
        (["P0 CHANNEL A/DIMM 0", "P0 CHANNEL A/DIMM 1", "P0 CHANNEL B/DIMM 0"], 2),
        (["BANK 0/ChannelA-DIMM0", "BANK 2/ChannelB-DIMM0"], 2),
        (["/DIMM_A2"], 1),
        (["P0 CHANNEL A/D", "P1 CHANNEL A/D"], 2),
        (["NODE 1/CPU1_DIMM_A1", "NODE 1/CPU1_DIMM_B1", "NODE 2/CPU2_DIMM_A1"], 3),
    ],
)
def test_modules_in_one_channel_are_read_one_after_another(
    tmp_path: Path, where: list[str], channels: int
) -> None:
    found = by_modules(modules(tmp_path, *where))
    assert found is not None
    bandwidth, basis = found
    assert bandwidth == pytest.approx(0.8 * channels * 25.6e9)
    assert basis.how is How.TABLE


def test_slots_without_a_module_do_not_count(tmp_path: Path) -> None:
    modules(tmp_path, "P0 CHANNEL A/DIMM 1")
    path = tmp_path / DMI
    path.write_text(path.read_text() + "E:MEMORY_DEVICE_1_PRESENT=0\n")
    found = by_modules(tmp_path)
    assert found is not None
    assert found[1].source.startswith("1 channel")


def test_virtual_modules_without_a_speed_tell_nothing(tmp_path: Path) -> None:
    write(tmp_path, {DMI: "E:MEMORY_DEVICE_0_TYPE=RAM\nE:MEMORY_DEVICE_0_SIZE=25769803776"})
    assert by_modules(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "cores", "least", "most"),
    [
        ("AMD Ryzen 9 7950X 16-Core Processor", 16, 50, 70),
        ("AMD Ryzen 7 5800X 8-Core Processor", 8, 30, 40),
        ("Intel(R) Core(TM) Ultra 7 258V", 8, 90, 110),
        ("13th Gen Intel(R) Core(TM) i7-13700K", 16, 40, 60),
        ("Raspberry Pi 5 Model B Rev 1.0", 4, 8, 14),
        ("AMD EPYC 9654 96-Core Processor", 96, 200, 400),
        ("Intel Xeon Processor", 2, 20, 40),  # a small part of a server
    ],
)
def test_processors_have_a_class(name: str, cores: int, least: float, most: float) -> None:
    bandwidth, basis = by_processor(Processor(name=name, cores=cores, threads=cores))
    assert least * 1e9 <= bandwidth <= most * 1e9
    assert basis.how is How.ASSUMED
    assert basis.low is not None
    assert basis.high is not None
    assert basis.low <= bandwidth <= basis.high
