"""The processor: its name, and the cores that this process may use.

Threads of one core share what computes and hardly help a model, so physical cores are counted.
The process may be kept to some of them (``Cpus_allowed_list``) and to a share of their time
(``cpu.max``).
"""

import math
from pathlib import Path

from msgspec import Struct

from homeward.machine.scan.files import below, fields, number, text
from homeward.machine.scan.memory import group_folders


class Processor(Struct, frozen=True, kw_only=True):
    """``quota`` is in processors, 0 for no limit; ``virtual``: within a virtual machine."""

    name: str
    cores: int
    threads: int
    quota: float = 0.0
    virtual: bool = False


def processor(root: Path) -> Processor | None:
    """Of a Linux machine; None where ``/proc/cpuinfo`` does not tell."""
    info = text(below(root, "proc/cpuinfo"))
    if not info:
        return None
    blocks = [_block(block) for block in info.split("\n\n") if "processor" in block]
    allowed = _allowed(root) or {int(block["processor"]) for block in blocks}
    allowed = allowed or {0}
    cores = _cores(root, allowed) or _cores_by_block(blocks, allowed) or len(allowed)
    quota = _quota(root)
    most = math.ceil(quota) if quota else len(allowed)
    first = blocks[0] if blocks else {}
    return Processor(
        name=_name(root, info, first),
        cores=max(1, min(cores, most)),
        threads=max(1, min(len(allowed), most)),
        quota=quota,
        virtual="hypervisor" in first.get("flags", "").split(),
    )


def cpus(said: str) -> set[int]:
    """``0-3,8`` as the kernel writes sets of processors."""
    found: set[int] = set()
    for part in filter(None, said.strip().split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def _block(block: str) -> dict[str, str]:
    rows = (line.partition(":") for line in block.splitlines())
    return {key.strip(): value.strip() for key, _, value in rows}


def _name(root: Path, info: str, first: dict[str, str]) -> str:
    """Arm's kernels write no model name, but boards have one."""
    if name := first.get("model name") or first.get("cpu model"):
        return " ".join(name.split())
    if board := text(below(root, "proc/device-tree/model")):
        return board
    whole = _block(info)
    return whole.get("Model") or whole.get("Hardware") or "unknown processor"


def _allowed(root: Path) -> set[int]:
    return cpus(fields(below(root, "proc/self/status"), ":").get("Cpus_allowed_list", ""))


def _cores(root: Path, allowed: set[int]) -> int:
    """How many cores the allowed threads belong to; 0 where sysfs does not tell."""
    seen: set[int] = set()
    count = 0
    for cpu in sorted(allowed):
        if cpu in seen:
            continue
        topology = below(root, f"sys/devices/system/cpu/cpu{cpu}/topology")
        siblings = text(topology / "core_cpus_list") or text(topology / "thread_siblings_list")
        if not siblings:
            return 0
        seen |= cpus(siblings)
        count += 1
    return count


def _cores_by_block(blocks: list[dict[str, str]], allowed: set[int]) -> int:
    found = {
        (block.get("physical id", "0"), block["core id"])
        for block in blocks
        if "core id" in block and int(block["processor"]) in allowed
    }
    return len(found)


def _quota(root: Path) -> float:
    """The least share of time that a group above the process has, in processors; 0 for none."""
    found = []
    for folder in group_folders(root, "cpu"):
        limit, _, period = text(folder / "cpu.max").partition(" ")
        if limit.isdigit() and period.isdigit():
            found.append(int(limit) / int(period))
        old = number(folder / "cpu.cfs_quota_us")
        if old is not None and old > 0:
            found.append(old / (number(folder / "cpu.cfs_period_us") or 100_000))
    return min(found, default=0.0)
