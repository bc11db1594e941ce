"""How a child process starts, and what is said when it cannot."""

import os
import tempfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from homeward.backends import child, memory
from homeward.backends.child import Child, Plan, usual_context
from homeward.backends.embedded import Embedded
from homeward.backends.gguf import read_header
from homeward.errors import BadModelFile, ConfigError, Failed, TimedOut
from tests.backends import tiny_gguf

GB = 10**9
LAYERS_80 = 80 * 8 * (128 + 128) * 2  # bytes a token of a 70B Llama


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_gguf.write(tmp_path_factory.mktemp("models") / "tiny.gguf", context=131_072)


@pytest.mark.parametrize(
    ("free", "tokens"), [(200 * GB, 8192), (60 * GB, 7424), (45 * GB, 1792), (8 * GB, 1024)]
)
def test_the_usual_context_is_one_that_memory_has_room_for(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, free: int, tokens: int
) -> None:
    monkeypatch.setattr(memory, "available", lambda: free)
    large = replace(read_header(tiny), size=40 * GB, cache=LAYERS_80)
    assert usual_context(large, parallel=4) == tokens


def test_the_usual_context_is_no_longer_than_the_model_was_trained_for(tiny: Path) -> None:
    assert usual_context(replace(read_header(tiny), context=512), parallel=4) == 512


def test_where_memory_is_not_told_the_context_is_the_usual_one(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: None)
    assert usual_context(read_header(tiny), parallel=4) == 8192


def test_a_containers_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 90 kB\nMemAvailable:   80 kB\n")
    (tmp_path / "limit").write_text("max\n")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "CGROUP", tmp_path / "limit")
    assert memory.available() == 80 * 1024
    (tmp_path / "limit").write_text("4096\n")
    assert memory.available() == 4096


async def test_a_temporary_folder_that_is_not_there_is_told(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(Failed, match="which TMPDIR can name"):
        await Child.begin(Plan(tiny))


async def test_a_temporary_folder_with_a_long_name_will_do(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    running = await Child.begin(Plan(tiny, context=256, parallel=1, threads=1))
    await running.stop()
    assert running.address.startswith("http://127.0.0.1:")
    assert not list(deep.iterdir())


async def test_a_child_that_hangs_while_it_loads_is_given_up(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hang.py").write_text("import time\ntime.sleep(3600)")
    monkeypatch.setattr(child, "PROGRAM", tmp_path / "hang.py")
    monkeypatch.setattr(child, "LOADING", 0.02)
    with pytest.raises(TimedOut, match="not loaded within"):
        await Child.begin(Plan(tiny))


@pytest.mark.parametrize("name", ["with spaces.gguf", "模型 ü.gguf", "'quoted\".gguf"])
async def test_a_file_may_be_called_anything(tiny: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    os.link(tiny, path)
    running = await Child.begin(Plan(path, context=256, parallel=1, threads=1))
    await running.stop()
    assert running.address


async def test_a_file_name_that_is_no_utf_8_is_told(tiny: Path, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/bad\xff.gguf"
    try:
        os.link(tiny, path)
    except OSError:
        pytest.skip("this file system has no such names")
    with pytest.raises(BadModelFile, match="rename it"):
        await Child.begin(Plan(Path(os.fsdecode(path))))


@pytest.mark.parametrize(
    "wrong", [{"context": 0}, {"parallel": 0}, {"parallel": 257}, {"threads": -1}]
)
def test_a_number_that_llama_cpp_would_hang_or_break_on_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="say a number from 1 to"):
        Embedded("box/arith", **wrong)  # type: ignore[arg-type]
