"""The program as a process: what a shell may do to its standard streams."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO

import pytest

from tests.contract import PATIENCE

PROGRAM = (sys.executable, "-m", "homeward")
FILE = """
models:
  back: {echo: {}}
  slow: {scripted: {says: "x", after: 3600}}
  box: {embedded: {model: box/draft}}
  both: {ensemble: {models: [box, slow], merge: concat}}
default: back
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "homeward.yaml").write_text(FILE)
    return tmp_path


def run(
    home: Path,
    *words: str | bytes,
    out: int | IO[bytes] = subprocess.PIPE,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*PROGRAM, *words],
        cwd=home,
        env=environment(home) | dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.PIPE,
        timeout=2 * PATIENCE,
        check=False,
    )


def environment(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return kept | {"HOME": str(home), "TMPDIR": str(home), "TERM": "dumb"}


@pytest.mark.parametrize(
    "words", [("ask", "hi"), ("ask", "--json", "hi"), ("models",), ("explain", "hi"), ("--help",)]
)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_an_output_that_takes_nothing_is_one_sentence(home: Path, words: Sequence[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = run(home, *words, out=full)
    assert done.returncode == 1
    told = b"homeward: the output cannot be used: No space left on device\n"
    assert done.stderr.endswith(told)
    assert b"Traceback" not in done.stderr


def test_closed_streams_do_not_matter(home: Path) -> None:
    script = f"exec '{sys.executable}' -m homeward ask hi <&- >&- 2>&-"
    env = environment(home)
    assert subprocess.run(["sh", "-c", script], cwd=home, env=env, check=False).returncode == 0


def test_a_locale_without_umlauts_does_not_change_a_word(home: Path) -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run(home, "ask", "-q", "grün – 日本".encode(), variables=plain)
    assert done.stdout.decode() == "grün – 日本\n"
    assert run(home, "explain", "hi", variables=plain).stdout.decode().startswith("● back")


def test_bytes_that_are_no_text_are_still_a_question(home: Path) -> None:
    assert run(home, "ask", "-q", b"a\xff\xfeb").stdout.decode() == "a��b\n"


def test_the_program_has_its_name_however_it_is_started(home: Path) -> None:
    assert run(home, "--help").stdout.startswith(b"Usage: homeward ")


def test_a_route_is_completed_from_the_configuration(home: Path) -> None:
    def completed(*words: str) -> list[str]:
        line = {
            "_HOMEWARD_COMPLETE": "complete_bash",
            "COMP_WORDS": " ".join(words),
            "COMP_CWORD": str(len(words) - 1),
        }
        done = run(home, variables=line)
        return done.stdout.decode().split()

    assert completed("homeward", "ask", "--route", "b") == ["back", "box", "both"]
    assert completed("homeward", "ask", "--models", "back,s") == ["back,slow"]
    (home / "homeward.yaml").write_text("models: [")
    assert completed("homeward", "ask", "--route", "b") == []


INTERRUPTED = """
import runpy, signal, sys
stop = sys.argv.pop(1)
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == stop:
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Finder())
runpy.run_module("homeward", run_name="__main__", alter_sys=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="its loop has no signals")
@pytest.mark.parametrize("module", ["homeward.cli", "typer", "homeward.cli.ask"])
def test_interrupted_while_it_is_imported_it_says_nothing(home: Path, module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, module, "ask", "hi"],
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_however_it_ends_no_process_and_no_folder_is_left(home: Path, how: signal.Signals) -> None:
    asking = subprocess.Popen(
        [*PROGRAM, "ask", "-r", "both", "hi"],
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with asking:
        assert asking.stdout is not None
        asking.stdout.readline()  # the heading of the answer that has come
        [child] = children(asking.pid)
        asking.send_signal(how)
        assert asking.wait(PATIENCE) == (130 if how == signal.SIGINT else -how)
    patience = time.monotonic() + PATIENCE
    while is_running(child) or list(home.glob("homeward-*")):
        assert time.monotonic() < patience
        time.sleep(0.02)


def is_running(pid: str) -> bool:
    """Not one that has ended and waits for whoever adopted it to ask how."""
    try:
        stat = (Path("/proc") / pid / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
