from pathlib import Path

import pytest

from homeward.machine.scan.processor import cpus, processor
from tests.machine.scan.machines import computer, write


def test_threads_of_one_core_are_one_core(tmp_path: Path) -> None:
    found = processor(computer(tmp_path, threads=16, cores=8))
    assert found is not None
    assert (found.cores, found.threads) == (8, 16)
    assert found.name == "AMD Ryzen 7 5800X 8-Core Processor"


def test_those_that_the_process_is_kept_to_count(tmp_path: Path) -> None:
    computer(tmp_path, threads=16, cores=8)
    write(tmp_path, {"proc/self/status": "Cpus_allowed_list:\t0-3,8-9"})
    found = processor(tmp_path)
    assert found is not None
    assert (found.cores, found.threads) == (4, 6)


def test_a_share_of_the_time_counts(tmp_path: Path) -> None:
    computer(tmp_path, threads=16, cores=8)
    write(
        tmp_path,
        {"proc/self/cgroup": "0::/app", "sys/fs/cgroup/app/cpu.max": "250000 100000"},
    )
    found = processor(tmp_path)
    assert found is not None
    assert (found.cores, found.threads, found.quota) == (3, 3, 2.5)


def test_a_share_in_the_first_version_of_groups(tmp_path: Path) -> None:
    computer(tmp_path, threads=16, cores=8)
    write(
        tmp_path,
        {
            "proc/self/cgroup": "3:cpu,cpuacct:/app",
            "sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us": 200000,
            "sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us": 100000,
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": -1,
        },
    )
    found = processor(tmp_path)
    assert found is not None
    assert found.cores == 2


def test_without_sysfs_the_list_of_processors_tells(tmp_path: Path) -> None:
    rows = [
        f"processor\t: {i}\nmodel name\t: A\nphysical id\t: 0\ncore id\t: {i % 2}" for i in range(4)
    ]
    found = processor(write(tmp_path, {"proc/cpuinfo": "\n\n".join(rows)}))
    assert found is not None
    assert (found.cores, found.threads) == (2, 4)


def test_a_board_has_a_name_where_its_processor_has_none(tmp_path: Path) -> None:
    rows = "processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd"
    board = {"proc/cpuinfo": rows, "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0"}
    found = processor(write(tmp_path, board))
    assert found is not None
    assert found.name == "Raspberry Pi 5 Model B Rev 1.0"


def test_nothing_is_said_of_another_system(tmp_path: Path) -> None:
    assert processor(tmp_path) is None


@pytest.mark.parametrize(
    ("said", "found"),
    [("0-2,5", {0, 1, 2, 5}), ("7", {7}), ("", set()), ("0-1,3-4\n", {0, 1, 3, 4})],
)
def test_sets_as_the_kernel_writes_them(said: str, found: set[int]) -> None:
    assert cpus(said) == found
