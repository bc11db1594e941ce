"""What can be promised of a promoted router's chance for its cheapest model."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from homeward.learn.calibrate import calibrate
from homeward.learn.loop.versions import PROMISE
from homeward.learn.scored import by_router
from homeward.outcomes import Row
from homeward.signals.learned.file import load


def promised(folder: Path, rows: Sequence[Row]) -> str:
    """Writes ``promise.json`` beside the router where the rows support one; says so, or why not.

    The rows must be others than it was trained on. Out of distribution it abstains, and nothing
    is promised. Not within a running event loop.
    """
    router = load(folder)
    cheap = router.models[0]
    scored = asyncio.run(by_router(rows, cheap, router))
    made = calibrate(
        [each.score for each in scored],
        [each.right for each in scored],
        about=f"the router's chance for {cheap}, on later requests",
        right_by="grades of the history",
    )
    part = made.rest
    if part.threshold is None:
        hint = (
            f"about {part.needs:,} would do, if they are like these"
            if part.needs is not None
            else "more would not help: even the surest are not right often enough"
        )
        return f"no promise of {cheap} ({made.words}) can be made on {part.rows:,} requests; {hint}"
    made.write(folder / PROMISE)
    return (
        f"{cheap} is {made.words} where its chance is {part.threshold:.2f} or more: "
        f"{part.kept:,} of {part.rows:,} requests"
    )
