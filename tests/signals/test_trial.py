import os
import time
from pathlib import Path

import pytest

from homeward.signals import trial
from tests.contract import PATIENCE


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """To start an interpreter may take long on a busy machine."""
    monkeypatch.setattr(trial, "RUN_SECONDS", int(PATIENCE))


def passes(text: str, *tests: str) -> bool:
    return trial.passes(text, tests)


DOUBLES = "assert f(3) == 6"


def test_code_is_run_against_its_tests() -> None:
    assert passes("def twice(n):\n    return n * 2", DOUBLES, "assert f(0) == 0")
    assert not passes("def twice(n):\n    return n + 3", DOUBLES, "assert f(0) == 0")


def test_the_last_function_is_f_and_may_call_the_others() -> None:
    assert passes(
        "def add(a, b):\n    return a + b\n\ndef twice(n):\n    return add(n, n)", DOUBLES
    )


def test_code_may_stand_in_a_fence_among_words() -> None:
    assert passes("Sure:\n```python\ndef g(n):\n    return 2 * n\n```\nHope it helps!", DOUBLES)
    assert passes("```\nimport math\ndef g(n):\n    return math.prod((2, n))", DOUBLES)
    assert passes("Here it is:\ndef g(n):\n    return 2 * n", DOUBLES)


def test_very_many_fences_take_no_time() -> None:
    began = time.process_time()
    assert not passes("```" * 60_000, DOUBLES)
    assert time.process_time() - began < 2  # it is some milliseconds


def test_what_is_no_code_is_wrong() -> None:
    assert not passes("Double it.", DOUBLES)
    assert not passes("def g(n:", DOUBLES)
    assert not passes("def g(n): return 2 * n")


def test_code_that_leaves_early_has_not_passed() -> None:
    assert not passes("import os\ndef g(n):\n    os._exit(0)", DOUBLES)


def test_code_sees_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    code = "import os\ndef g(n):\n    return 0 if 'OPENAI_API_KEY' in os.environ else 2 * n"
    assert passes(code, DOUBLES)


def test_code_that_does_not_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homeward.signals.trial.RUN_SECONDS", 1)
    assert not passes("def g(n):\n    while True: pass", DOUBLES)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks into /proc")
def test_what_the_code_started_ends_with_it(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'])\n"
        f"open({str(told)!r}, 'w').write(str(child.pid))\n"
        "def same(x): return x\n"
    )
    assert passes(code, "assert f(1) == 1")
    until = time.monotonic() + PATIENCE
    while alive(int(told.read_text())) and time.monotonic() < until:
        time.sleep(0.01)
    assert not alive(int(told.read_text()))


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.skipif(os.name != "posix", reason="needs the module resource")
def test_code_cannot_take_all_the_memory() -> None:
    assert not passes("def g(n):\n    return len(bytearray(2**30)) and 2 * n", DOUBLES)
