"""Weighted: the most trusted model answers; the next is asked only if it says nothing."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import ClassVar

from homeward.model import Decision, Event, Finish, Note, Stream
from homeward.strategies.children import Child
from homeward.strategies.ensemble import Panel


@dataclass(frozen=True)
class Weighted:
    """Asks one member at a time, highest weight first (`Ensemble`'s ``weights``).

    The next one is asked only when the one before ends without a word: it failed, was empty, was
    filtered, or spent its length before it said anything. Streams the words as they come; after
    the first one the voice stays, and its failure is the answer's. Tool calls, of which there is
    one author too, pass through.
    """

    tools: ClassVar[bool] = True

    async def merge(self, panel: Panel) -> Stream:
        passed_over = 0
        for member in panel.members:
            async for event in _listen(panel, member):
                yield event
            if member.words or not member.ended:
                break
            passed_over += 1
            why = str(member.error) if member.error else f"no words ({member.finish.reason})"
            yield Decision("weighted", "next", f"{member.label}: {why}")
        for note in await panel.close():
            yield note
        if member.words and member.error is not None:
            raise member.error
        voice = member if member.words else panel.answers()[0]
        for candidate in panel.candidates("weighted", [voice.label]):
            yield candidate
        numbers = {"passed_over": float(passed_over)}
        yield Decision("weighted", voice.label, "first in prior order with words", numbers)
        yield voice.finish


async def _listen(panel: Panel, member: Child) -> AsyncGenerator[Event, None]:
    """One member's notes and words, until it ends or the time is up."""
    while not member.ended and (arrival := await panel.next(at_once=1)) is not None:
        if isinstance(arrival.event, Note) or not isinstance(arrival.event, Finish | None):
            yield arrival.event
