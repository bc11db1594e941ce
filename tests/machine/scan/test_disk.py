from pathlib import Path

import pytest

from homeward.machine.scan.disk import disk, kind_of
from tests.machine.scan.machines import write

DEVICES = "sys/devices/pci/block"


def mounted(root: Path, device: str, filesystem: str, source: str, point: str = "/") -> Path:
    line = f"22 1 {device} / {point} rw shared:1 - {filesystem} {source} rw"
    return write(root, {"proc/self/mountinfo": line})


def block(root: Path, number: str, name: str, rotational: int = 0) -> Path:
    """A whole disk and its first partition, linked as the kernel does."""
    write(root, {f"{DEVICES}/{name}/queue/rotational": rotational})
    part = f"{DEVICES}/{name}/{name}1"
    write(root, {f"{part}/partition": 1})
    link = root / "sys/dev/block" / number
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(root / part)
    by_name = root / "sys/class/block" / f"{name}1"
    by_name.parent.mkdir(parents=True, exist_ok=True)
    by_name.symlink_to(root / part)
    return root


@pytest.mark.parametrize(
    ("name", "rotational", "kind"),
    [
        ("nvme0n1", 0, "NVMe"),
        ("sda", 0, "solid-state disk"),
        ("sda", 1, "rotating disk"),
        ("vda", 1, "virtual disk"),  # which says that it rotates
        ("mmcblk0", 0, "memory card"),
    ],
)
def test_the_kind_of_a_disk(tmp_path: Path, name: str, rotational: int, kind: str) -> None:
    block(mounted(tmp_path, "8:1", "ext4", f"/dev/{name}1"), "8:1", name, rotational)
    assert kind_of(Path("/home/models"), tmp_path) == kind


def test_a_filesystem_with_numbers_of_its_own_is_found_by_its_source(tmp_path: Path) -> None:
    block(mounted(tmp_path, "0:33", "btrfs", "/dev/nvme0n11"), "259:1", "nvme0n1")
    assert kind_of(Path("/home"), tmp_path) == "NVMe"


def test_an_encrypted_disk_is_the_disk_below(tmp_path: Path) -> None:
    block(mounted(tmp_path, "253:0", "ext4", "/dev/mapper/root"), "8:1", "sda", 1)
    volume = tmp_path / "sys/devices/virtual/block/dm-0"
    (volume / "slaves").mkdir(parents=True)
    (volume / "slaves/sda1").symlink_to(tmp_path / DEVICES / "sda/sda1")
    (tmp_path / "sys/dev/block/253:0").symlink_to(volume)
    assert kind_of(Path("/home"), tmp_path) == "rotating disk"


def test_the_nearest_mount_counts(tmp_path: Path) -> None:
    lines = [
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw",
        "30 22 0:50 / /models rw - nfs4 server:/models rw",
        "31 22 0:51 / /mod rw - tmpfs none rw",
    ]
    write(tmp_path, {"proc/self/mountinfo": "\n".join(lines)})
    assert kind_of(Path("/models/qwen"), tmp_path) == "network"


def test_nothing_known_is_a_wide_band(tmp_path: Path) -> None:
    found = disk(tmp_path / "not/there", tmp_path)
    assert found.basis.source == "usual of an unknown disk"
    assert found.basis.low is not None
    assert found.basis.low < found.bandwidth
    assert found.free > 0
