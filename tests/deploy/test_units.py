"""The systemd units: one text in two places, and what systemd itself says of it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = ["homeward.service", "ollama.service"]
MOST_EXPOSED = {"homeward.service": 3.0, "ollama.service": 4.0}


@pytest.mark.parametrize("unit", UNITS)
def test_the_role_puts_the_same_unit_in_place(unit: str) -> None:
    role = DEPLOY / "ansible" / "roles" / "homeward" / "files" / unit
    assert role.read_bytes() == (DEPLOY / "systemd" / unit).read_bytes()


def analysed(unit: str, folder: Path, *words: str) -> str:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    text = (DEPLOY / "systemd" / unit).read_text(encoding="utf-8")
    for name in ("homeward", "ollama"):  # which need not be installed here
        text = text.replace(f"/opt/{name}/current/bin/{name}", "/bin/true")
    (folder / unit).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [program, *words, folder / unit],
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_no_mistake_in_it(unit: str, tmp_path: Path) -> None:
    assert analysed(unit, tmp_path, "verify") == ""


@pytest.mark.parametrize("unit", UNITS)
def test_it_is_hardened(unit: str, tmp_path: Path) -> None:
    """Exposure in systemd's own measure: 10 is a service without any of it."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    threshold = f"--threshold={round(10 * MOST_EXPOSED[unit])}"
    analysed(unit, tmp_path, "security", "--offline=true", "--no-pager", threshold)


def test_ollama_is_bound_to_this_machine() -> None:
    assert "OLLAMA_HOST=127.0.0.1:" in (DEPLOY / "systemd" / "ollama.service").read_text()
