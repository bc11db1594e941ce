"""Main memory: what there is, and what programs may still take of it.

``/proc/meminfo`` is the host's, also in a container. A container's limit may lie on any of the
groups above the process, so all of them are asked. Page cache counts as used there although it
goes when somebody needs the memory: what is free is the limit less what is used, plus the
``inactive_file`` pages (https://docs.kernel.org/admin-guide/cgroup-v2.html#memory).
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from msgspec import Struct

from homeward.machine.scan.files import below, count, fields, number, text

NO_LIMIT = 1 << 60  # version 1 writes the largest multiple of a page for none


class Ram(Struct, frozen=True, kw_only=True):
    """Bytes. ``limit`` is the container's, 0 for none; ``source`` is where the numbers are from."""

    total: int
    free: int
    limit: int = 0
    source: str = "/proc/meminfo"


class Group(Struct, frozen=True):
    """A control group with a limit. ``used`` is without page cache that may go."""

    path: str
    limit: int
    used: int


def ram(root: Path) -> Ram | None:
    """Of a Linux machine; None where ``/proc/meminfo`` does not tell."""
    meminfo = fields(below(root, "proc/meminfo"), ":")
    sizes = {name: count(value.split()[0]) << 10 for name, value in meminfo.items() if value}
    if not sizes.get("MemTotal"):
        return None
    total = sizes["MemTotal"]
    free = sizes.get("MemAvailable")
    if free is None:  # before Linux 3.14
        free = sizes.get("MemFree", 0) + sizes.get("Cached", 0)
    source = "/proc/meminfo"
    if in_wsl(root):
        source += " of WSL 2, half of what Windows has unless .wslconfig says more"
    found = Ram(total=total, free=free, source=source)
    groups = [group for group in memory_groups(root) if group.limit < total]
    if not groups:
        return found
    tightest = min(groups, key=lambda group: group.limit - group.used)
    limit = min(group.limit for group in groups)
    return Ram(
        total=limit,
        free=max(0, min(free, tightest.limit - tightest.used)),
        limit=limit,
        source=f"{tightest.path}, within /proc/meminfo",
    )


def in_wsl(root: Path) -> bool:
    return "microsoft" in text(below(root, "proc/version")).lower()


def memory_groups(root: Path) -> Iterator[Group]:
    """The limited groups that the process is in, of both versions, the innermost first."""
    for folder in group_folders(root, "memory"):
        for limit_name, used_name, cache_name in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.high", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            limit = number(folder / limit_name)
            if limit is None or limit >= NO_LIMIT:
                continue
            cache = count(fields(folder / "memory.stat").get(cache_name))
            used = (number(folder / used_name) or 0) - cache
            yield Group("/" + str((folder / limit_name).relative_to(root)), limit, max(0, used))


def group_folders(root: Path, controller: str) -> Iterator[Path]:
    """The folders of the groups that the process is in, for a controller, the innermost first.

    A path of ``/proc/self/cgroup`` is not there where the folder is mounted from inside of the
    group; what is mounted at the top is that group then, and the way up ends there.
    """
    for line in text(below(root, "proc/self/cgroup")).splitlines():
        number_, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number_ == "0" and not controllers:
            mounts = [below(root, "sys/fs/cgroup"), below(root, "sys/fs/cgroup/unified")]
        elif controller in controllers.split(","):
            mounts = [below(root, "sys/fs/cgroup", name) for name in (controller, controllers)]
        else:
            continue
        for mount in dict.fromkeys(mounts):
            inner = PurePosixPath(path.removesuffix(" (deleted)"))
            for each in (inner, *inner.parents):
                folder = below(mount, str(each))
                if folder.is_dir():
                    yield folder
