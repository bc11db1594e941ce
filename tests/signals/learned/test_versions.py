"""Which version of a router is in use."""

from pathlib import Path

import pytest

from homeward.errors import ConfigError
from homeward.signals.learned.versions import current, path_of, routers


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))
    return tmp_path


def test_where_none_is_in_use_it_is_said_how_to_make_one() -> None:
    assert current("r") is None
    with pytest.raises(ConfigError, match="homeward learn --name r"):
        path_of("r")


def test_the_file_names_the_version_in_use() -> None:
    routers("r").mkdir(parents=True)
    (routers("r") / "current.json").write_text('{"version": 7, "before": [2]}')
    assert path_of("r") == routers("r") / "7"


def test_a_damaged_file_is_told() -> None:
    routers("r").mkdir(parents=True)
    (routers("r") / "current.json").write_text("7")
    with pytest.raises(ConfigError, match="write the version to use into it"):
        path_of("r")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "../x", "a b", "x" * 65, "a\n"])
def test_a_name_is_no_path(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be the name of a router"):
        path_of(name)
