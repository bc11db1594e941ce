"""What the gateway keeps of requests, opened together: keys, limits, journal and ledger."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from homeward.errors import ConfigError
from homeward.gateway.accounting.journal import Journal, open_journal
from homeward.gateway.accounting.keyring import Keyring, open_keyring
from homeward.gateway.accounting.lending import Lending, open_lending
from homeward.gateway.accounting.recovering import recover
from homeward.gateway.accounting.trouble import LOG
from homeward.gateway.settings import Settings
from homeward.store.opening import open_store
from homeward.store.protocols import Ledger, StoreDown


@dataclass(frozen=True)
class Books:
    """``lending`` is None where this gateway has its limits for itself."""

    ledger: Ledger
    journal: Journal
    keyring: Keyring
    lending: Lending | None


@asynccontextmanager
async def open_books(settings: Settings, base: Path) -> AsyncGenerator[Books]:
    """When what a killed gateway left is stored, and what keys have spent is known.

    ConfigError where the store does not answer: nobody would know who may ask.
    """
    async with AsyncExitStack() as stack:
        try:
            books = await _opened(settings, base, stack)
        except StoreDown as error:
            raise ConfigError(
                f"the store cannot be reached: {error}; start it, or mend serve.database"
            ) from error
        except OSError as error:
            raise ConfigError(
                f"{error.filename or 'the data folder'} cannot be used: {error.strerror}; name "
                "another folder with HOMEWARD_HOME"
            ) from error
        yield books


async def _opened(settings: Settings, base: Path, stack: AsyncExitStack) -> Books:
    enter = stack.enter_async_context
    stores = await enter(open_store(settings.database, settings.shared, base=base))
    amounts = stores.amounts
    journal = await enter(open_journal(stores.folder, stores.ledger, tally=amounts is not None))
    lending = None if amounts is None else await enter(open_lending(amounts, journal.slot.node))
    keyring = await enter(open_keyring(stores.keys, lending))
    if journal.tally is None:
        await recover(stores.ledger, keyring.accounts)
    else:
        journal.tally.recall(keyring.accounts)
    if amounts is None and journal.slot.is_second and any(a.bounds() for a in keyring.accounts):
        LOG.warning(
            "another gateway runs on %s, and each counts limits by itself: give both the same "
            "serve.shared (redis://...) to have them counted together",
            stores.folder,
        )
    return Books(stores.ledger, journal, keyring, lending)
