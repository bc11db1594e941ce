"""Limits that several gateways draw from together: each is lent slices, and spends them alone.

A slice is about a tenth of what a limit has left. It is fetched in the background before the one
in hand is used up, so that a request waits for the shared store only where a burst was faster
(`Lending.ensure`), and then not for long. What is not used is given back.

Where the shared store does not answer, money is spent as far as the slices go and no farther, for
it would be gone. Of requests and tokens each gateway allows the whole limit by itself: these are
there to slow down, not to stop. What was spent beyond the slices is told to the store when it
answers again. docs/decisions/0007-budget-leases.md has the reasons.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from math import inf
from typing import TypeAlias

from homeward.gateway.accounting.leases import Lease
from homeward.gateway.accounting.limits import Account, Bound
from homeward.gateway.accounting.trouble import LOG, Trouble
from homeward.gateway.accounting.windows import NANO, Span, around
from homeward.gateway.beside import beside
from homeward.model import Seconds
from homeward.store.protocols import Amounts, StoreDown

PATIENCE: Seconds = 0.25  # that a request has with the store
TOO_LATE: Seconds = 5.0  # for any answer of the store
LAST_PATIENCE: Seconds = 2.0  # for giving back everything, at the end
ROUNDS: Seconds = 1.0  # between two looks at all leases
AHEAD: Seconds = 5.0  # before a window begins, its slices are fetched
LANES = 16  # questions to the store at once

Place: TypeAlias = tuple[str, int, str, int]  # key, what, per, when the window begins


class Lending:
    """The `homeward.gateway.accounting.limits.Lender` of every account. Made by `open_lending`.

    ``node`` is the name under which this gateway is lent. `trouble` counts failures.
    """

    def __init__(self, amounts: Amounts, node: str) -> None:
        self.node = node
        self.trouble = Trouble("the shared limits", "each gateway goes on with what it has")
        self._amounts = amounts
        self._leases: dict[Place, Lease] = {}
        self._lanes = asyncio.Semaphore(LANES)

    async def ensure(self, account: Account, tokens: int, usd: float) -> None:
        """Wait until the slices pay for that much; not when the store has no more, and not long.

        For a request, before it reserves.
        """
        until = time.monotonic() + PATIENCE
        wanted = (1, tokens, round(usd * NANO))
        while (now := time.monotonic()) < until and not self.trouble.is_on:
            short = [self._lease(bound) for bound in account.short(tokens, usd)]
            short = [
                lease
                for lease in short
                if lease.dry <= now and wanted[lease.bound.what] <= lease.bound.whole
            ]
            if not short:
                return
            for lease in short:
                lease.waiting += wanted[lease.bound.what]
                self._fetch(lease)
            tasks = {lease.task: lease for lease in short if lease.task is not None}
            try:
                _, late = await asyncio.wait(tasks, timeout=until - now)
            finally:
                for lease in short:
                    lease.waiting -= wanted[lease.bound.what]
            for task in late:
                tasks[task].despair()

    # ------------------------------------------------------------ for accounts

    def opened(self, bound: Bound) -> None:
        """A window has begun for it. What was fetched ahead is there at once."""
        lease = self._lease(bound)
        lease.allow()
        if not lease.sure:
            self._fetch(lease)

    def refill(self, bound: Bound) -> None:
        self._fetch(self._lease(bound))

    def changed(self, bound: Bound) -> None:
        """Give back what is not used, and ask anew: the others must not have more than is left."""
        lease = self._lease(bound)
        lease.keep = 0
        lease.allow()
        self._fetch(lease)

    # ------------------------------------------------------------ leases

    def _lease(self, bound: Bound) -> Lease:
        place = (bound.key, bound.what, bound.limit.per, bound.span.begins)
        lease = self._leases.get(place)
        if lease is None:
            lease = self._leases[place] = Lease(bound)
            if self.trouble.is_on:
                lease.despair()
        elif lease.bound is not bound:  # it was fetched ahead, for a bound that was not there yet
            lease.bound = bound
        return lease

    def _fetch(self, lease: Lease, *, more: bool = True, probe: bool = False) -> None:
        """Ask the store about a lease, and for ``more``. One that is down is only probed."""
        if probe:
            lease.sure = False  # so that there is something to ask
        if lease.task is None and (probe or not self.trouble.is_on):
            lease.task = asyncio.create_task(self._fetched(lease, more=more))
        lease.bound.low = inf  # asked for; `allow` sets it again

    async def _fetched(self, lease: Lease, *, more: bool) -> None:
        try:
            async with self._lanes, asyncio.timeout(TOO_LATE):
                await lease.reconcile(self._amounts, self.node)
                if more:
                    await lease.extend(self._amounts, self.node)
        except Exception as error:  # StoreDown, or whatever an answer that makes no sense raises
            for each in self._leases.values():  # it may come back without its memory
                each.sure = False
            self.trouble.failed(error if str(error) else StoreDown("it does not answer"))
            lease.despair()
        else:
            self.trouble.succeeded()
            lease.alone = False
        finally:
            lease.task = None
            lease.allow()

    async def run(self) -> None:
        """Look after the leases again and again."""
        while True:
            await asyncio.sleep(ROUNDS)
            now = time.time()
            self._leases = {at: each for at, each in self._leases.items() if each.ends > now}
            resting = [lease for lease in self._leases.values() if lease.task is None]
            if self.trouble.is_on:
                for lease in resting[:1]:
                    self._fetch(lease, probe=True)
                continue
            for lease in resting:
                self._look_after(lease, lease.ends - now)

    def _look_after(self, lease: Lease, left: Seconds) -> None:
        bound = lease.bound
        if left < AHEAD and bound.taken:
            ahead = self._lease(following(bound))
            if not ahead.sure:
                self._fetch(ahead)
        lease.allow()
        lease.note_idleness(time.monotonic())
        if not lease.is_settled and lease.dry <= time.monotonic():
            self._fetch(lease, more=lease.alone or not lease.sure)

    async def give_back(self) -> None:
        """All that is not used, when no request runs any more. StoreDown."""
        leases = [lease for lease in self._leases.values() if lease.ends > time.time()]
        tasks = [lease.task for lease in leases if lease.task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)  # cut off, they might be heard later
        for lease in leases:
            lease.keep = 0
            lease.sure = False  # what was asked too late may have been heard

        async def settle(lease: Lease) -> None:
            async with self._lanes:
                await lease.reconcile(self._amounts, self.node)

        async with asyncio.TaskGroup() as group:
            for lease in leases:
                group.create_task(settle(lease))


def following(bound: Bound) -> Bound:
    """The same limit in the window that comes next."""
    per = bound.limit.per
    span = Span(per, *around(bound.span.ends, per))
    return Bound(bound.key, bound.limit, span, bound.what, bound.whole, 0)


@asynccontextmanager
async def open_lending(amounts: Amounts, node: str) -> AsyncGenerator[Lending]:
    """At the end, when no request runs any more, what was not used is given back."""
    lending = Lending(amounts, node)
    try:
        async with beside(lending.run()):
            yield lending
    finally:
        try:
            async with asyncio.timeout(LAST_PATIENCE):
                await lending.give_back()
        except* (StoreDown, TimeoutError):
            LOG.warning("what was lent of shared limits and not used could not be given back")
