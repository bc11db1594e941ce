"""The keys in memory: who is asking?"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from homeward.gateway.accounting.limits import Account, Lender
from homeward.gateway.accounting.trouble import Trouble
from homeward.gateway.beside import beside
from homeward.model import Seconds
from homeward.store.protocols import Keys, StoreDown
from homeward.store.records import Key, hashed, id_of

ANYBODY = Key(id="", name="anybody on this machine")

REFRESH: Seconds = 2.0  # a key that was revoked works for so long
PATIENCE: Seconds = 5.0


@dataclass(eq=False)
class Caller:
    """Who asks, and what they have left. The account outlives changes of the key."""

    key: Key
    account: Account


@dataclass(eq=False)
class Keyring:
    """All keys by id. While there has never been one, everybody may ask, as `ANYBODY`.

    ``lender`` is where accounts get their slices from; None where this gateway is the only one.
    """

    lender: Lender | None = None
    trouble: Trouble = field(
        default_factory=lambda: Trouble("the keys", "those that are known stay valid")
    )
    anybody: Caller = field(default_factory=lambda: Caller(ANYBODY, Account(ANYBODY)))
    _keys: list[Key] = field(default_factory=list[Key], repr=False)
    _callers: dict[str, Caller] = field(default_factory=dict[str, Caller], repr=False)

    @property
    def is_open(self) -> bool:
        """Whether no key is needed. Revoked and expired keys still close it."""
        return not self._callers

    @property
    def callers(self) -> list[Caller]:
        return [*self._callers.values(), self.anybody]

    @property
    def accounts(self) -> list[Account]:
        """Of the keys."""
        return [caller.account for caller in self._callers.values()]

    def replace(self, keys: Iterable[Key]) -> None:
        """The keys as they now are in the store. What a key has spent stays.

        None at all is not believed where there were some: a store that was emptied must not open
        the door to everybody.
        """
        keys = list(keys)
        if keys == self._keys or not keys:
            return
        self._keys = keys
        known, self._callers = self._callers, {}
        for key in keys:
            caller = known.get(key.id) or Caller(key, Account(key, self.lender))
            caller.key = key
            caller.account.change(key)
            self._callers[key.id] = caller

    def find(self, secret: str) -> Caller | None:
        """Who has this secret; None for a wrong, revoked or expired one.

        The whole hash is compared, in constant time, also where there is no such id.
        """
        caller = self._callers.get(id_of(secret))
        if caller is None:
            hashed(secret)
            return None
        if not caller.key.opens(secret):
            return None
        key = caller.key
        if key.revoked is not None or (key.expires is not None and key.expires <= time.time()):
            return None
        return caller

    async def refresh(self, keys: Keys) -> None:
        """Read them from the store. One that does not answer leaves what is known."""
        try:
            async with asyncio.timeout(PATIENCE):
                self.replace(await keys.keys())
        except Exception as error:  # whatever it is, the next attempt must come: keys are revoked
            self.trouble.failed(error if str(error) else StoreDown("the store does not answer"))
        else:
            self.trouble.succeeded()


@asynccontextmanager
async def open_keyring(keys: Keys, lender: Lender | None = None) -> AsyncGenerator[Keyring]:
    """The keys of a store, read again every two seconds. StoreDown where they cannot be read."""
    keyring = Keyring(lender)
    keyring.replace(await keys.keys())

    async def refreshing() -> None:
        while True:
            await asyncio.sleep(REFRESH)
            await keyring.refresh(keys)

    async with beside(refreshing()):
        yield keyring
