"""No test of the gateway touches the data folder of whoever runs it, or ends its patience."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeward.backends.http import Timeouts
from homeward.gateway.accounting import journal, keyring, lending
from homeward.gateway.observability import telemetry
from homeward.gateway.traffic import runtimes
from homeward.gateway.urls.ollama import servers
from tests.contract import PATIENCE


@pytest.fixture(autouse=True, scope="package")
def patience_of_the_package() -> Iterator[None]:
    """A store or a runtime on a busy machine is slow and not down: tests of that say so."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (journal, keyring, lending, runtimes):
            patch.setattr(module, "PATIENCE", PATIENCE)
        for module in (journal, lending):
            patch.setattr(module, "LAST_PATIENCE", PATIENCE)
        patch.setattr(lending, "TOO_LATE", PATIENCE)
        patch.setattr(telemetry, "LAST", PATIENCE)
        for module in (runtimes, servers):
            patch.setattr(module, "QUICK", Timeouts(PATIENCE, PATIENCE, PATIENCE))
        yield


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
