"""Choices: which model a router would have asked, request by request."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from homeward.learn.history import Case
from homeward.signals.learned.file import load
from homeward.signals.learned.signal import Learned


def choices(folder: Path, cases: Sequence[Case]) -> list[str]:
    """As the signal `learned` chooses in a running gateway, with its defaults.

    A conversation tends to stay with its model. Out of distribution it is the router's own
    default that answers here; live it is what the route has under `else`. Not within a running
    event loop.
    """
    signal, default = Learned(folder), load(folder).card.default

    async def chosen() -> list[str]:
        return [(await signal(case.request)).label or default for case in cases]

    return asyncio.run(chosen())
