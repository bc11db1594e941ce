"""Examples in Python run as they are; those in YAML are built in tests/config."""

import subprocess
import sys
from pathlib import Path

import pytest

from homeward.backends.scripted import Scripted
from tests.contract import Tree, check_promises, says

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.parametrize("program", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_the_example_runs(program: Path) -> None:
    run = subprocess.run(
        [sys.executable, program], capture_output=True, text=True, timeout=120, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout


async def test_a_strategy_of_your_own_keeps_the_promises(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    from own_strategy import Shortest  # type: ignore[import-not-found]

    def tree() -> Tree:
        leaves: list[Scripted] = [says("a long answer"), says("short", "er")]
        return Shortest(leaves), leaves

    await check_promises(tree)
