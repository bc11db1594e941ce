"""The bill of one request: what all calls that were made on its behalf come to."""

from collections.abc import Iterable
from typing import Any

from homeward.gateway.settings import Settings
from homeward.model import Clearance, Usage


def bill(calls: Iterable[Usage], settings: Settings) -> dict[str, Any]:
    """The fields of an `Entry` that calls decide."""
    calls = tuple(calls)
    where = Clearance.MACHINE
    read = said = cached = reasoned = 0
    estimated = False
    for call in calls:
        where = max(where, call.where)
        read += call.input_tokens
        said += call.output_tokens
        cached += call.cached_tokens
        reasoned += call.reasoning_tokens
        estimated = estimated or call.estimated
    return {
        "where": where,
        "input_tokens": read,
        "output_tokens": said,
        "cached_tokens": cached,
        "reasoning_tokens": reasoned,
        "estimated": estimated,
        "cost_usd": cost_usd(calls, settings),
        "calls": calls,
    }


def cost_usd(calls: Iterable[Usage], settings: Settings) -> float | None:
    """In USD, electricity included; None where the price of a call is not known."""
    total = 0.0
    for call in calls:
        if call.cost_usd is None and call.where is Clearance.WORLD:
            return None
        total += call.cost_usd or 0.0
        if call.where is Clearance.MACHINE and settings.kwh_usd:
            total += call.seconds * settings.watts / 3.6e6 * settings.kwh_usd
    return total
