from pathlib import Path

import pytest

from homeward.config import find
from homeward.errors import ConfigError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory to work in, and beside it a home without a configuration."""
    for name in ("here", "home", "xdg"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path


def file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("models: {a: {echo: {}}}")
    return path


def test_nothing_is_found_where_nothing_is(here: Path) -> None:
    assert find({}) is None


def test_the_variable_comes_first(here: Path) -> None:
    named = file(here / "mine.yaml")
    file(here / "here/homeward.yaml")
    assert find({"HOMEWARD_CONFIG": str(named)}) == named


def test_a_variable_that_names_no_file_is_an_error(here: Path) -> None:
    file(here / "here/homeward.yaml")
    with pytest.raises(ConfigError, match=r"\$HOMEWARD_CONFIG names 'nowhere\.yaml'"):
        find({"HOMEWARD_CONFIG": "nowhere.yaml"})


def test_this_directory_comes_before_the_home(here: Path) -> None:
    file(here / "xdg/homeward/homeward.yaml")
    file(here / "here/homeward.yaml")
    assert find({"XDG_CONFIG_HOME": str(here / "xdg")}) == Path("homeward.yaml")


def test_the_xdg_directory_is_looked_in(here: Path) -> None:
    there = file(here / "xdg/homeward/homeward.yaml")
    assert find({"XDG_CONFIG_HOME": str(here / "xdg")}) == there


@pytest.mark.parametrize("environ", [{}, {"XDG_CONFIG_HOME": ""}, {"XDG_CONFIG_HOME": "relative"}])
def test_without_an_absolute_xdg_directory_it_is_dot_config(
    here: Path, environ: dict[str, str]
) -> None:
    there = file(here / "home/.config/homeward/homeward.yaml")
    assert find(environ) == there
