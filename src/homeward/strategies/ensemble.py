"""Ensemble: ask several models the same question and merge their answers into one."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from homeward.errors import AllFailed, ConfigError, TimedOut
from homeward.fence import suspicious
from homeward.model import (
    Candidate,
    Event,
    Finish,
    Model,
    Models,
    Note,
    Request,
    Seconds,
    Stream,
    named,
)
from homeward.reading import Extractor
from homeward.strategies.children import Arrival, Child, Children, side_by_side


class Merge(Protocol):
    """How the answers of a panel become one: a stream over a panel.

    ``merge`` listens to the panel, passes its notes on, and ends like any stream: a `Candidate`
    per member and a `Decision` with its numbers, the words, one `Finish`. Whether it streams and
    what it decides is the merge's own; whom it may ask and for how long is the ensemble's.
    ``tools`` says whether members may call tools; without, they are asked with tool choice none.
    """

    @property
    def tools(self) -> bool: ...

    def merge(self, panel: "Panel", /) -> Stream: ...


@dataclass(eq=False)
class Panel:
    """The members of an ensemble while they answer one request, best prior first."""

    request: Request
    side: Children
    weights: Mapping[str, float]
    at_once: int
    quorum: int | None
    patience: Seconds
    soft: float | None  # when members stop being waited for, on time.monotonic()'s clock
    typed: dict[str, str | None] = field(default_factory=dict[str, str | None])
    """The typed answers found so far, by member."""
    _quorum_met: float | None = None

    @property
    def members(self) -> list[Child]:
        return list(self.side.all.values())

    @property
    def open(self) -> int:
        """How many members have not ended, those not asked yet among them."""
        return sum(not member.ended for member in self.members)

    @property
    def answered(self) -> list[Child]:
        """Members that have answered so far, best prior first."""
        return [member for member in self.members if member.answered]

    def answers(self) -> list[Child]:
        """As `answered`; raises AllFailed where there is none, TimedOut if nobody was asked."""
        if found := self.answered:
            return found
        errors = [member.error for member in self.members if member.error is not None]
        if not errors:
            raise TimedOut("the request's deadline has passed already; allow it more time")
        raise AllFailed(errors)

    async def next(self, at_once: int | None = None) -> Arrival | None:
        """The next arrival, asking at most ``at_once`` members side by side.

        None when all have ended or no more time is to be spent on those that have not.
        """
        until = self._until()
        if until is not None and until <= time.monotonic():
            return None
        self.side.at_once = self.at_once if at_once is None else min(self.at_once, at_once)
        arrival = await self.side.next(until)
        if (
            arrival is not None
            and arrival.event is None
            and self._quorum_met is None
            and self.quorum is not None
            and len(self.answered) >= self.quorum
        ):
            self._quorum_met = time.monotonic()
        return arrival

    def _until(self) -> float | None:
        if not self.answered:  # a late answer is better than none
            return self.request.deadline
        met = [] if self._quorum_met is None else [self._quorum_met + self.patience]
        return min([*met, *([] if self.soft is None else [self.soft])], default=None)

    async def gather(
        self,
        wanted: Callable[["Panel"], int] | None = None,
        extract: Extractor | None = None,
    ) -> Stream:
        """Listen until the answers suffice; yields notes alone, the bills of the rest last.

        ``wanted`` is asked at first and after each answer: how many members should be at work
        now, 0 when nothing that may still come matters. Without it, everybody is heard. What
        ``extract`` finds in an answer is in `typed` by then.
        """
        now = self.at_once if wanted is None else wanted(self)
        while now and (arrival := await self.next(now)) is not None:
            if isinstance(arrival.event, Note):
                yield arrival.event
            elif arrival.event is None and wanted is not None:
                await self._read(extract)
                now = wanted(self)
        for note in await self.close():
            yield note
        await self._read(extract)

    async def _read(self, extract: Extractor | None) -> None:
        """In a thread: an extractor may run code, and others' streams must not wait for it."""
        if extract is None:
            return
        for member in self.answered:
            if member.label not in self.typed:
                self.typed[member.label] = await asyncio.to_thread(extract, member.answer)

    async def close(self) -> list[Event]:
        """End the members that still run; gives their last notes and bills."""
        return await self.side.stop(*self.side.running)

    def candidates(self, by: str, kept: Collection[str]) -> list[Candidate]:
        """A note for each member that was asked; ``kept`` are labels."""
        return [
            Candidate(
                by,
                label=member.label,
                text=member.text,
                extracted=self.typed.get(member.label),
                kept=member.label in kept,
                error=None if member.error is None else str(member.error),
            )
            for member in self.members
            if member.ended
        ]

    def shuffled(self, members: Collection[Child]) -> list[Child]:
        """For a judge: in an order that differs by request, and is the same for the same one."""
        order = list(members)
        Random(self.request.trace or self.request.prompt).shuffle(order)
        return order


@dataclass(frozen=True)
class Ensemble:
    """Asks ``models`` side by side and says what ``merge`` makes of their answers.

    The order of the models is the prior: who is believed first where nothing else decides.
    ``weights`` (how often each is right, 0..1, by label; 0.5 for one left out) order them
    instead, highest first.
    ``at_once`` is how many work at the same time: None for as many as the merge has use for, 1
    for one after another where memory is short. Once ``quorum`` members have answered, the others
    are given ``patience`` more seconds (none by default; with patience alone, the quorum is a
    majority). ``margin`` seconds of the request's deadline, or half of the time left if that is
    less, are kept back for merging: members are asked with the rest.

    A member that fails is left out, and only when all fail does the ensemble (`AllFailed`);
    members that are no longer waited for are cancelled, and billed. Streams, and calls tools, as
    its merge says it does.
    """

    models: Models
    merge: Merge
    at_once: int | None = None
    quorum: int | None = None
    patience: Seconds | None = None
    margin: Seconds = 1.0
    weights: Mapping[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        labels = list(named(self.models))
        if not labels:
            raise ConfigError("an ensemble needs models: name at least one under `models`")
        if self.at_once is not None and self.at_once < 1:
            raise ConfigError(f"at_once is {self.at_once}; say 1 or more, or leave it out")
        if self.quorum is not None and not 1 <= self.quorum <= len(labels):
            raise ConfigError(f"quorum is {self.quorum}; say 1 to {len(labels)}, the models' count")
        if unknown := [label for label in self.weights if label not in labels]:
            raise ConfigError(f"weights name {unknown[0]!r}; the models are {', '.join(labels)}")
        if wrong := [label for label, p in self.weights.items() if not 0 <= p <= 1]:
            weight = self.weights[wrong[0]]
            raise ConfigError(f"the weight of {wrong[0]!r} is {weight:g}; say a share from 0 to 1")
        if self.margin < 0 or (self.patience or 0) < 0:
            raise ConfigError("`margin` and `patience` are durations; they cannot be negative")

    async def chat(self, request: Request) -> Stream:
        members = self.by_prior()
        soft = _soft(request.deadline, self.margin)
        asked = request.with_(deadline=soft)
        if request.tools and not self.merge.tools:
            asked = asked.with_(tool_choice="none")
        async with side_by_side(members, asked, at_once=0) as side:
            panel = Panel(
                request,
                side,
                self._weights(),
                at_once=self.at_once or len(members),
                quorum=self._quorum(len(members)),
                patience=self.patience or 0.0,
                soft=soft,
            )
            async with aclosing(self.merge.merge(panel)) as events:
                async for event in events:
                    if isinstance(event, Finish):
                        for note in await panel.close():
                            yield note
                    yield event

    def by_prior(self) -> dict[str, Model]:
        """The members by name, the one believed first at the head."""
        members = named(self.models)
        weights = self._weights()
        order = sorted(members, key=lambda label: -weights.get(label, 0.0))
        return {label: members[label] for label in order}

    def _weights(self) -> dict[str, float]:
        """Of all members or of none; who has not been measured is right as often as not."""
        labels = named(self.models) if self.weights else ()
        return {label: self.weights.get(label, 0.5) for label in labels}

    def _quorum(self, members: int) -> int | None:
        if self.quorum is None and self.patience is not None:
            return members // 2 + 1
        return self.quorum


def _soft(deadline: float | None, margin: Seconds) -> float | None:
    if deadline is None:
        return None
    return deadline - min(margin, max(0.0, deadline - time.monotonic()) / 2)


def same_words(text: str) -> str:
    """What makes two answers identical: their words, whatever the spaces between them."""
    return " ".join(text.split())


def contestants(answers: Sequence[Child]) -> list[Child]:
    """What a judge may be shown: different answers, none of which speaks to the judge.

    Best prior first. Where there is none, the best prior is left, alone.
    """
    clean = [m for m in answers if m.text.strip() and suspicious(m.text) is None]
    first = {same_words(member.text): member for member in reversed(clean)}
    return [m for m in clean if first[same_words(m.text)] is m] or list(answers[:1])
