"""No test of the gateway touches the data folder of whoever runs it."""

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True, scope="package")
def home_of_the_package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """For gateways that stand longer than one test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOMEWARD_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of this test."""
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
