"""What a container may have, which the host's own figures hide (psutil issue 2100)."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.machine.scan.memory import ram
from homeward.machine.sizes import GIB, KIB
from tests.machine.scan.machines import UNLIMITED, computer, write

CGROUP = "sys/fs/cgroup"


def limited(root: Path, **files: object) -> Path:
    """A process in ``/user/app``, with files by group: ``user`` or ``app``."""
    write(root, {"proc/self/cgroup": "0::/user/app"})
    folders = {"user": f"{CGROUP}/user", "app": f"{CGROUP}/user/app"}
    for key, value in files.items():
        group, _, name = key.partition("_")
        write(root, {f"{folders[group]}/memory.{name}": value})
    return root


def test_a_limit_on_an_ancestor_holds(tmp_path: Path) -> None:
    computer(tmp_path, total=64 * GIB, free=60 * GIB)
    limited(tmp_path, app_max="max", app_current=GIB, user_max=8 * GIB, user_current=3 * GIB)
    found = ram(tmp_path)
    assert found is not None
    assert (found.total, found.free, found.limit) == (8 * GIB, 5 * GIB, 8 * GIB)
    assert found.source.startswith("/sys/fs/cgroup/user/memory.max")


def test_page_cache_that_may_go_is_free(tmp_path: Path) -> None:
    computer(tmp_path, total=64 * GIB, free=60 * GIB)
    stat = f"anon 1\ninactive_file {2 * GIB}\nactive_file 5"
    limited(tmp_path, app_max=8 * GIB, app_current=7 * GIB, app_stat=stat)
    found = ram(tmp_path)
    assert found is not None
    assert found.free == 3 * GIB


def test_of_two_limits_the_tighter_holds(tmp_path: Path) -> None:
    computer(tmp_path, total=64 * GIB, free=60 * GIB)
    limited(
        tmp_path,
        app_max=8 * GIB,
        app_current=GIB,
        user_max=16 * GIB,
        user_current=15 * GIB,
    )
    found = ram(tmp_path)
    assert found is not None
    assert (found.total, found.free) == (8 * GIB, GIB)


def test_where_a_group_is_slowed_down_is_a_limit_too(tmp_path: Path) -> None:
    computer(tmp_path, total=64 * GIB, free=60 * GIB)
    limited(tmp_path, app_max="max", app_high=6 * GIB, app_current=GIB)
    found = ram(tmp_path)
    assert found is not None
    assert found.total == 6 * GIB


def test_a_container_sees_its_own_group_at_the_top(tmp_path: Path) -> None:
    computer(tmp_path, total=64 * GIB, free=60 * GIB)
    write(
        tmp_path,
        {
            "proc/self/cgroup": "0::/docker/abc",
            f"{CGROUP}/memory.max": 4 * GIB,
            f"{CGROUP}/memory.current": GIB,
        },
    )
    found = ram(tmp_path)
    assert found is not None
    assert (found.total, found.free) == (4 * GIB, 3 * GIB)


def test_a_group_outside_of_what_is_seen_leads_nowhere(tmp_path: Path) -> None:
    root = tmp_path / "root"
    computer(root, total=64 * GIB, free=60 * GIB)
    write(tmp_path, {"memory.max": GIB})
    write(root, {"proc/self/cgroup": "0::/../../../.."})
    found = ram(root)
    assert found is not None
    assert found.limit == 0


def test_the_first_version_of_groups(tmp_path: Path) -> None:
    computer(tmp_path, total=64 * GIB, free=60 * GIB)
    group = f"{CGROUP}/memory/docker/abc"
    write(
        tmp_path,
        {
            "proc/self/cgroup": "11:cpu,cpuacct:/\n4:memory:/docker/abc\n0::/",
            f"{CGROUP}/memory/memory.limit_in_bytes": UNLIMITED,
            f"{group}/memory.limit_in_bytes": 8 * GIB,
            f"{group}/memory.usage_in_bytes": 4 * GIB,
            f"{group}/memory.stat": f"inactive_file 0\ntotal_inactive_file {GIB}",
        },
    )
    found = ram(tmp_path)
    assert found is not None
    assert (found.total, found.free) == (8 * GIB, 5 * GIB)


def test_a_limit_above_what_there_is_is_none(tmp_path: Path) -> None:
    computer(tmp_path, total=8 * GIB, free=6 * GIB)
    limited(tmp_path, app_max=16 * GIB, app_current=GIB)
    found = ram(tmp_path)
    assert found is not None
    assert (found.total, found.limit) == (8 * GIB, 0)


def test_an_old_kernel_says_less(tmp_path: Path) -> None:
    about = "MemTotal: 4096 kB\nMemFree: 1024 kB\nCached: 512 kB"
    found = ram(write(tmp_path, {"proc/meminfo": about}))
    assert found is not None
    assert found.free == 1536 * KIB


def test_nothing_is_said_of_another_system(tmp_path: Path) -> None:
    assert ram(tmp_path) is None


@given(
    limit=st.integers(0, 128 * GIB),
    used=st.integers(0, 128 * GIB),
    cache=st.integers(0, 128 * GIB),
)
def test_free_is_never_more_than_all_nor_less_than_nothing(
    tmp_path_factory: pytest.TempPathFactory, limit: int, used: int, cache: int
) -> None:
    root = computer(
        tmp_path_factory.mktemp("root"), total=64 * GIB, free=60 * GIB, threads=1, cores=1
    )
    limited(root, app_max=limit, app_current=used, app_stat=f"inactive_file {cache}")
    found = ram(root)
    assert found is not None
    assert 0 <= found.free <= found.total <= 64 * GIB
