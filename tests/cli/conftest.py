from pathlib import Path

import pytest

from tests.cli.program import Program


@pytest.fixture
def homeward(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Program:
    """The program, in an empty directory and with nothing of this machine's configuration."""
    for name in ("HOMEWARD_CONFIG", "OLLAMA_HOST"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOMEWARD_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return Program(monkeypatch, capsys)
