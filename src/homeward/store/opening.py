"""Opening the store that the configuration names."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from homeward.errors import ConfigError
from homeward.folder import data_folder
from homeward.store.protocols import Amounts, Keys, Ledger

POSTGRES = ("postgresql", "postgres")
REDIS = ("redis", "rediss", "unix")
FILE = "homeward.db"


@dataclass(frozen=True)
class Stores:
    """An open store. ``amounts`` is None where one process has its limits for itself.

    ``folder`` is where further files belong, such as the journal.
    """

    keys: Keys
    ledger: Ledger
    amounts: Amounts | None
    folder: Path


@asynccontextmanager
async def open_store(
    database: str | None = None, shared: str | None = None, *, base: Path = Path()
) -> AsyncGenerator[Stores]:
    """The store of ``serve.database`` and ``serve.shared``; it is closed at the end of the block.

    Without a ``database`` it is ``homeward.db`` in the `data_folder`. A relative path starts from
    ``base``, the folder of the configuration file. ConfigError says what cannot be used, or which
    extra is not installed; StoreDown that PostgreSQL does not answer. A Redis that does not
    answer is told when it is first needed.
    """
    checked(database, shared)
    scheme = _scheme(database)
    async with AsyncExitStack() as stack:
        if scheme:
            store = await stack.enter_async_context(_postgres(str(database)))
            folder = data_folder()
        else:
            path = _file(database, base)
            store = await stack.enter_async_context(_sqlite(path))
            folder = path.parent
        amounts = store if scheme else None
        if shared:
            amounts = await stack.enter_async_context(_redis(shared))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield Stores(store, store, amounts, folder)


def checked(database: str | None, shared: str | None) -> None:
    """ConfigError where one of them is an address of something that is no store."""
    scheme = _scheme(database)
    if scheme and scheme not in POSTGRES:
        raise ConfigError(
            f"serve.database cannot be {scheme}://: give the path of a file, or postgresql://..."
        )
    if shared and _scheme(shared) not in REDIS:
        raise ConfigError("serve.shared has to be a redis:// or rediss:// address")


def _file(database: str | None, base: Path) -> Path:
    return base / Path(database).expanduser() if database else data_folder() / FILE


def _scheme(address: str | None) -> str:
    head, found, _ = (address or "").partition("://")
    return head.lower() if found else ""


def _sqlite(path: Path) -> Any:
    from homeward.store.sqlite import Sqlite  # and sqlite3, only where it is the store

    return Sqlite(path)


def _postgres(url: str) -> Any:
    return _driver("homeward.store.postgres", "asyncpg", "postgres").Postgres(url)


def _redis(url: str) -> Any:
    return _driver("homeward.store.redis", "redis", "redis").Redis(url)


def _driver(module: str, package: str, extra: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise ConfigError(
            f"{package} is not installed, which this store needs: pip install 'homeward[{extra}]'"
        ) from None
