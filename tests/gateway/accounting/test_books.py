"""What the gateway keeps, opened together or not at all."""

from pathlib import Path

import pytest

from homeward.errors import ConfigError
from homeward.store.records import Limit
from homeward.store.sqlite import Sqlite
from tests.gateway.running import running
from tests.gateway.standing import key
from tests.store.servers import free_port

ECHO = "models: {echo: {echo: {}}}"


async def test_without_its_store_a_gateway_does_not_start() -> None:
    with pytest.raises(ConfigError, match=r"start it, or mend serve\.database"):
        async with running(ECHO, database=f"postgresql://homeward@127.0.0.1:{free_port()}/none"):
            pass


@pytest.fixture
def file_in_the_way(home: Path) -> None:
    home.mkdir()
    (home / "journal").write_text("no folder")


@pytest.mark.usefixtures("file_in_the_way")
async def test_a_data_folder_that_cannot_be_used_is_said() -> None:
    with pytest.raises(ConfigError, match="name another folder with HOMEWARD_HOME"):
        async with running(ECHO):
            pass


async def test_two_gateways_that_count_alone_are_told_so(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Sqlite(home / "homeward.db") as keys:
        await keys.put_key(key("team", limits=(Limit("usd", "day", 1),))[0])
    async with running(ECHO), running(ECHO):
        pass
    assert ["each counts limits by itself" in record.message for record in caplog.records] == [True]
