"""What an answer took, all calls together, for the one place that each protocol has for it."""

from collections.abc import Iterable

from homeward.model import Usage

MOST = 2**53


def count(told: float | None) -> int:
    """A number of tokens as a runtime told it; 0 for what can be none, which would spoil a bill."""
    return int(told) if told is not None and 0 <= told <= MOST else 0


def total(usages: Iterable[Usage]) -> Usage:
    """The sum over every call that was made for an answer: judges and drafts are paid for too."""
    every = list(usages)
    return Usage(
        "",
        "",
        input_tokens=sum(u.input_tokens for u in every),
        output_tokens=sum(u.output_tokens for u in every),
        cached_tokens=sum(u.cached_tokens for u in every),
        reasoning_tokens=sum(u.reasoning_tokens for u in every),
        seconds=max((u.seconds for u in every), default=0.0),
        load_seconds=max((u.load_seconds for u in every), default=0.0),
    )
