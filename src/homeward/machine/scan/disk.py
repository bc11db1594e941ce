"""The disk with the models: how much is free, and how fast it probably reads.

Only its kind is looked at: reading a file twice would measure memory, and writing one is not what
a scan may do.
"""

import os
from pathlib import Path

from msgspec import Struct

from homeward.machine.estimate import Basis, How
from homeward.machine.scan.files import below, number, text


class Disk(Struct, frozen=True, kw_only=True):
    """``bandwidth`` is in bytes a second, for reading a large file once."""

    free: int
    bandwidth: float
    basis: Basis


KINDS = {  # low, mid, high in GB/s, for one reader of a large file; assumed, not measured
    "NVMe": (1.0, 2.5, 7.0),
    "solid-state disk": (0.3, 0.5, 0.56),
    "virtual disk": (0.1, 0.5, 2.0),
    "memory card": (0.04, 0.09, 0.2),
    "rotating disk": (0.08, 0.15, 0.25),
    "network": (0.05, 0.11, 1.0),
    "unknown disk": (0.1, 0.5, 3.0),
}
NETWORK = ("nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "fuse.sshfs", "ceph", "glusterfs")


def disk(folder: Path, root: Path = Path("/")) -> Disk:
    """Of the folder, or of the nearest above it that is there."""
    there = next((each for each in (folder, *folder.parents) if each.exists()), Path("/"))
    kind = kind_of(there.resolve(), root)
    low, mid, high = (rate * 1e9 for rate in KINDS[kind])
    return Disk(
        free=_free(there),
        bandwidth=mid,
        basis=Basis(how=How.ASSUMED, source=f"usual of {_article(kind)}", low=low, high=high),
    )


def _article(kind: str) -> str:
    return kind if kind == "network" else f"{'an' if kind[0] in 'Nu' else 'a'} {kind}"


def kind_of(folder: Path, root: Path = Path("/")) -> str:
    """One of `KINDS`, by what is mounted there and what the kernel says of that device."""
    device, filesystem, source = _mounted(folder, root)
    if filesystem in NETWORK:
        return "network"
    block = _block(device, source, root)
    if block is None:
        return "unknown disk"
    name = block.name
    if name.startswith("nvme"):
        return "NVMe"
    if name.startswith("mmcblk"):
        return "memory card"
    if name.startswith(("vd", "xvd")):
        return "virtual disk"
    turns = number(block / "queue/rotational")
    if turns is None:
        return "unknown disk"
    return "rotating disk" if turns else "solid-state disk"


def _mounted(folder: Path, root: Path) -> tuple[str, str, str]:
    """Device number, file system and source of what is mounted where the folder is.

    https://docs.kernel.org/filesystems/proc.html, 3.5.
    """
    best, found = -1, ("", "", "")
    for line in text(below(root, "proc/self/mountinfo")).splitlines():
        before, _, after = line.partition(" - ")
        parts, rest = before.split(), after.split()
        if len(parts) < 5 or len(rest) < 2:
            continue
        point = Path(parts[4].replace("\\040", " "))
        if len(str(point)) > best and (point == folder or point in folder.parents):
            best, found = len(str(point)), (parts[2], rest[0], rest[1])
    return found


def _block(device: str, source: str, root: Path) -> Path | None:
    """The whole disk below a partition, a volume or an encrypted device."""
    blocks = below(root, "sys/class/block")
    start = below(root, "sys/dev/block", device) if device else blocks
    if not device or not start.exists():  # btrfs and others have numbers of their own
        start = blocks / Path(source).name
        if not source.startswith("/dev/") or not start.exists():
            return None
    block = start.resolve()
    for _ in range(4):  # encryption on a volume on a partition
        if below_it := sorted((block / "slaves").glob("*")):
            block = below_it[0].resolve()
        elif (block / "partition").exists():
            block = block.parent
        else:
            break
    return block


def _free(folder: Path) -> int:
    import shutil

    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def models_folder() -> Path:
    """Where models lie unless somebody says otherwise: Ollama's folder where it is, else home."""
    ollama = Path(os.environ.get("OLLAMA_MODELS", "~/.ollama/models")).expanduser()
    return ollama if ollama.exists() else Path("~").expanduser()
