from pathlib import Path

import pytest

from homeward.machine.estimate import How
from homeward.machine.scan import ram_bandwidth
from homeward.machine.scan.ram_bandwidth import FILE, Measured, keep, kept, measure
from homeward.machine.scan.scan import scan
from homeward.machine.sizes import GIB, MIB
from tests.contract import PATIENCE
from tests.machine.scan.machines import computer, linux

CPU = "AMD Ryzen 7 5800X 8-Core Processor"
BEFORE = Measured(
    bandwidth=31e9,
    worst=12e9,
    threads=2,
    load=0.4,
    at="2026-11-21T16:00:00",
    cpu=CPU,
    ram_total=64 * GIB,
)


def test_what_was_measured_is_found_again(tmp_path: Path) -> None:
    keep(BEFORE, tmp_path / "new" / FILE)
    assert kept(tmp_path / "new" / FILE, CPU, 64 * GIB - 30 * MIB) == BEFORE


@pytest.mark.parametrize(("cpu", "total"), [("another", 64 * GIB), (CPU, 128 * GIB)])
def test_it_is_not_of_another_machine(tmp_path: Path, cpu: str, total: int) -> None:
    keep(BEFORE, tmp_path / FILE)
    assert kept(tmp_path / FILE, cpu, total) is None


def test_a_broken_file_is_as_none(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    assert kept(tmp_path / FILE, CPU, 1) is None


def test_a_scan_believes_what_was_measured(tmp_path: Path) -> None:
    keep(BEFORE, tmp_path / FILE)
    root = computer(tmp_path / "root", cpu=CPU, total=64 * GIB)
    hardware = scan(root=root, system=linux(), kept=tmp_path / FILE, models=root, deadline=PATIENCE)
    assert hardware.ram_bandwidth == 31e9
    how = hardware.basis["ram_bandwidth"]
    assert (how.how, how.low) == (How.MEASURED, 12e9)
    assert "2026-11-21" in how.source


def test_something_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ram_bandwidth, "BLOCK", 4 * MIB)
    monkeypatch.setattr(ram_bandwidth, "PIECE", MIB)
    monkeypatch.setattr(ram_bandwidth, "WINDOW", 0.01)
    steps: list[int] = []
    found = measure(CPU, 64 * GIB, 8 * GIB, 3, lambda threads, _: steps.append(threads))
    assert steps == [1, 2, 3]
    assert found.bandwidth >= found.worst >= 0
    assert found.threads in steps


def test_no_more_threads_than_memory_has_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ram_bandwidth, "_copy", lambda threads: (float(threads), 1.0))
    assert measure(CPU, 64 * GIB, 4 * GIB, 64).threads == 4
