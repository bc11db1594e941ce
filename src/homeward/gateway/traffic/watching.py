"""Runtimes that are asked also while nobody asks a model: what they hold then is seen, too."""

import asyncio
import time

from homeward.gateway.traffic.traffic import Place, Traffic
from homeward.model import Clearance, Seconds

EVERY: Seconds = 30.0


async def watch(traffic: Traffic, reach: Clearance, every: Seconds = EVERY) -> None:
    """Ask now, and again whenever nobody has for so long. Never returns; silent about failures.

    Only runtimes that tell what is loaded, no farther away than ``reach`` and never out in the
    world.
    """
    while True:
        now = time.monotonic()
        for place in traffic.places:
            if _is_watched(place, reach) and now - place.looked >= every and not place.looking:
                place.looking = True
                traffic.spawn(place.look())
        await asyncio.sleep(every / 3)


def _is_watched(place: Place, reach: Clearance) -> bool:
    asked = place.runtime is not None and place.tells
    return asked and place.where is not Clearance.WORLD and place.where <= reach
