import sys
from pathlib import Path

import pytest

from homeward.errors import ConfigError
from homeward.folder import data_folder
from homeward.store.opening import open_store
from homeward.store.postgres import Postgres
from homeward.store.redis import Redis
from homeward.store.sqlite import Sqlite
from tests.store.servers import free_port


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


async def test_without_a_name_it_is_a_file_in_the_data_folder(home: Path) -> None:
    async with open_store() as stores:
        assert isinstance(stores.ledger, Sqlite)
        assert stores.ledger.path == home / "homeward.db"
        assert stores.folder == home


async def test_one_file_needs_no_shared_amounts() -> None:
    async with open_store() as stores:
        assert stores.amounts is None


async def test_a_relative_path_starts_from_the_folder_of_the_configuration(tmp_path: Path) -> None:
    async with open_store("data/ledger.db", base=tmp_path) as stores:
        assert stores.folder == tmp_path / "data"
        assert (tmp_path / "data" / "ledger.db").is_file()


async def test_postgres_has_keys_ledger_and_amounts(postgres_url: str, home: Path) -> None:
    async with open_store(postgres_url) as stores:
        parts = (stores.keys, stores.ledger, stores.amounts)
        assert [type(part) for part in parts] == [Postgres] * 3
        assert stores.folder == home
    assert [path.name for path in home.parent.iterdir()] == ["home"]


async def test_redis_has_the_amounts_where_it_is_named(postgres_url: str, redis_url: str) -> None:
    async with open_store(postgres_url, redis_url) as stores:
        assert isinstance(stores.amounts, Redis)
        assert isinstance(stores.ledger, Postgres)


async def test_redis_beside_a_file(redis_url: str) -> None:
    async with open_store(None, redis_url) as stores:
        assert isinstance(stores.amounts, Redis)
        assert isinstance(stores.ledger, Sqlite)


async def test_a_redis_that_is_down_does_not_keep_the_gateway_from_starting() -> None:
    async with open_store(None, f"redis://127.0.0.1:{free_port()}") as stores:
        assert isinstance(stores.amounts, Redis)


@pytest.mark.parametrize(
    ("database", "shared", "sentence"),
    [
        ("mysql://me:secret@host/db", None, "serve.database cannot be mysql://"),
        (None, "http://me:secret@host", "serve.shared has to be a redis://"),
        (None, "host:6379", "serve.shared has to be a redis://"),
    ],
)
async def test_what_is_no_store_is_said(
    database: str | None, shared: str | None, sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence) as failure:
        async with open_store(database, shared):
            pass
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize(
    ("package", "module", "database", "shared", "extra"),
    [
        ("asyncpg", "homeward.store.postgres", "postgresql://host/db", None, "postgres"),
        ("redis", "homeward.store.redis", None, "redis://host", "redis"),
    ],
)
async def test_a_driver_that_is_not_installed_is_said_with_the_command(
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    module: str,
    database: str | None,
    shared: str | None,
    extra: str,
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.setitem(sys.modules, name, None)  # as where it cannot be found
    monkeypatch.delitem(sys.modules, module)
    with pytest.raises(ConfigError, match=rf"pip install 'homeward\[{extra}\]'"):
        async with open_store(database, shared):
            pass


def test_the_data_folder_follows_xdg_where_homeward_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HOMEWARD_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert data_folder() == tmp_path / "homeward"


def test_a_relative_xdg_folder_does_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HOMEWARD_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_folder() == tmp_path / ".local" / "share" / "homeward"
