"""The bill of one request: what all calls that were made on its behalf come to."""

from collections.abc import Iterable
from typing import Any

from homeward.gateway.settings import Settings
from homeward.model import Clearance, Usage


def bill(calls: Iterable[Usage], settings: Settings) -> dict[str, Any]:
    """The fields of an `Entry` that calls decide."""
    calls = tuple(calls)
    return {
        "where": max((call.where for call in calls), default=Clearance.MACHINE),
        "input_tokens": sum(call.input_tokens for call in calls),
        "output_tokens": sum(call.output_tokens for call in calls),
        "cached_tokens": sum(call.cached_tokens for call in calls),
        "reasoning_tokens": sum(call.reasoning_tokens for call in calls),
        "estimated": any(call.estimated for call in calls),
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
