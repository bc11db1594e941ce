"""What was spent before this process began: a limit does not start anew with the gateway."""

import time
from collections.abc import Iterable

from homeward.gateway.accounting.limits import Account
from homeward.gateway.accounting.windows import NANO, PERS, around
from homeward.store.protocols import Ledger


async def recover(ledger: Ledger, accounts: Iterable[Account]) -> None:
    """Tell accounts what they took in the windows that run now. StoreDown.

    For one gateway alone with its ledger, and when the journal is in it.
    """
    known = {account.key.id: account for account in accounts if account.key.id}
    for per in PERS:
        begins, _ = around(time.time(), per)
        totals = await ledger.totals(since=begins)
        for key, taken in totals.items():
            if key in known:
                usd = round(taken["usd"] * NANO)
                known[key].recall(per, begins, (int(taken["requests"]), int(taken["tokens"]), usd))
