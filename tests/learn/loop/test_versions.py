"""Versions on disk."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeward.errors import ConfigError
from homeward.learn.loop import versions
from homeward.learn.loop.record import Trial
from homeward.signals.learned.versions import current, path_of, routers
from tests.learn.loop.judged import trial


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))
    return tmp_path


def added(version: int = 1) -> Trial:
    with versions.draft("r") as path:
        (path / "card.json").write_text("{}")
        return versions.add("r", path, trial(version))


def test_what_is_added_is_found_again() -> None:
    assert [added(1), added(2)] == versions.trials("r")


def test_a_draft_that_is_given_up_leaves_nothing() -> None:
    with versions.draft("r") as path:
        (path / "card.json").write_text("{}")
    assert list(routers("r").iterdir()) == []


def test_a_number_that_was_taken_meanwhile_is_left_alone() -> None:
    assert [added(1).version, added(1).version] == [1, 2]


def test_what_became_of_it_is_noted() -> None:
    new = added().now("dropped", "it was worse", 9.0)
    versions.note("r", new)
    assert versions.trials("r") == [new]


def test_nothing_but_the_versions_is_in_the_folder() -> None:
    versions.note("r", added())
    versions.promote("r", 1, 5.0)
    assert {path.name for path in routers("r").iterdir()} == {"1", "current.json"}
    assert {path.name for path in path_of("r").iterdir()} == {"card.json", "trial.json"}


def test_a_promoted_version_is_in_use(home: Path) -> None:
    added()
    versions.promote("r", 1, 5.0)
    assert path_of("r") == home / "routers" / "r" / "1"


def test_there_is_nothing_to_roll_back_without_one() -> None:
    with pytest.raises(ConfigError, match="nothing to roll back"):
        versions.roll_back("r", 0.0)


def test_the_first_cannot_be_rolled_back() -> None:
    added()
    versions.promote("r", 1, 0.0)
    with pytest.raises(ConfigError, match="the first that is in use"):
        versions.roll_back("r", 0.0)


def test_a_version_that_is_gone_is_not_gone_back_to() -> None:
    added(2)
    versions.promote("r", 1, 0.0)
    versions.promote("r", 2, 0.0)
    with pytest.raises(ConfigError, match=r"version 1 .* is gone"):
        versions.roll_back("r", 0.0)
    assert path_of("r").name == "2"


def test_a_damaged_trial_is_told(home: Path) -> None:
    added()
    (home / "routers" / "r" / "1" / "trial.json").write_text("{")
    with pytest.raises(ConfigError, match=r"trial\.json cannot be read"):
        versions.trials("r")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(moves=st.lists(st.sampled_from([1, 2, 3, None]), max_size=12))
def test_rolling_back_restores_exactly_the_version_before(moves: list[int | None]) -> None:
    """``None`` rolls back; a number is promoted."""
    for version in (1, 2, 3):
        routers("r").joinpath(str(version)).mkdir(parents=True, exist_ok=True)
    (routers("r") / "current.json").unlink(missing_ok=True)
    stack: list[int] = []
    for move in moves:
        if move is not None:
            versions.promote("r", move, 0.0)
            stack.append(move)
        elif len(stack) > 1:
            assert versions.roll_back("r", 0.0) == (stack.pop(), stack[-1])
        found = current("r")
        assert (found.version if found else None) == (stack[-1] if stack else None)
