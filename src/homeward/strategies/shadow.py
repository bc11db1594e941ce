"""Shadow: another model answers as well, unheard, to be compared with the one that is heard."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Literal, Self, TypeAlias

from msgspec import Struct

from homeward.conversation import conversation, fraction
from homeward.errors import ConfigError, Garbled, ModelError
from homeward.model import Answer, Assigned, Event, Finish, Model, Note, Request, Stream, unbilled
from homeward.strategies.experiment import checked, salted

Outcome: TypeAlias = Literal["finished", "failed", "cancelled"]


class Shadowed(Struct, frozen=True):
    """One request answered twice. ``treatment`` has the bills of what was cut off, too.

    ``began`` is when the treatment was asked, in seconds since 1970; ``seconds`` is what it took,
    and ``first_seconds`` that to its first word. ``error`` is its failure.
    """

    experiment: str
    conversation: str
    request: Request
    control: Answer
    treatment: Answer
    began: float
    seconds: float
    first_seconds: float | None = None
    outcome: Outcome = "finished"
    error: ModelError | None = None


Tell: TypeAlias = Callable[[Shadowed], None]
Compare: TypeAlias = Callable[[Shadowed], Awaitable[None]]


@dataclass(eq=False)
class Background:
    """Work that nobody waits for: ``at_once`` pieces of it, cancelled at the end of the block.

    What comes while all places are taken is not done later but not at all, and counted in
    ``dropped``: what is there to be compared must not pile up behind what is there to be read.
    """

    at_once: int = 2
    dropped: int = 0
    _tasks: "set[asyncio.Task[None]]" = field(
        default_factory=set["asyncio.Task[None]"], init=False, repr=False
    )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def running(self) -> int:
        return len(self._tasks)

    def begin(self, work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Do it, unless all places are taken; whether it was begun."""
        if len(self._tasks) >= self.at_once:
            self.dropped += 1
            return False
        task = asyncio.get_running_loop().create_task(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def settled(self) -> None:
        """Until nothing is under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)


@dataclass(frozen=True)
class Shadow:
    """Asks ``control``, and when it has ended ``treatment`` in the ``background``, with the same.

    What is heard is the control's stream, as it comes, after one note (`Assigned`). The treatment
    begins when the control has ended, so that two models never share a machine while somebody
    waits; it carries the same clearance, tenant and budget, and as much time as the control had.
    ``share`` (0 to 1) of the conversations are shadowed; of those no request with tools, unless
    ``tools``, and none that its client left. ``tell`` is given each pair once, cancelled ones too;
    ``compare`` those in which both have answered.
    """

    control: Model
    treatment: Model
    tell: Tell = field(repr=False, compare=False)
    background: Background = field(repr=False, compare=False)
    compare: Compare | None = field(default=None, repr=False, compare=False)
    share: float = 1.0
    name: str = "shadow"
    salt: str = field(default="", repr=False)
    tools: bool = False

    def __post_init__(self) -> None:
        checked(self.name)
        if not 0 < self.share <= 1:
            raise ConfigError(
                f"`share` is {self.share:g}; say how many of the conversations are shadowed, from "
                "above 0 to 1"
            )

    async def chat(self, request: Request) -> Stream:
        hashed = conversation(request, salted(self.name, self.salt))
        if fraction(hashed) >= self.share or (request.tools and not self.tools):
            async with aclosing(self.control.chat(request)) as events:
                async for event in events:
                    yield event
            return
        yield Assigned(self.name, "control", hashed)
        left = None if request.deadline is None else request.deadline - time.monotonic()
        heard: list[Event] = []
        try:
            async with aclosing(self.control.chat(request)) as events:
                async for event in events:
                    heard.append(event)
                    if isinstance(event, Finish):
                        self._begin(request, hashed, heard, left)
                    yield event
        except ModelError:
            self._begin(request, hashed, heard, left)
            raise

    def _begin(self, request: Request, hashed: str, heard: list[Event], left: float | None) -> None:
        self.background.begin(lambda: self._ask(request, hashed, Answer(tuple(heard)), left))

    async def _ask(
        self, request: Request, hashed: str, control: Answer, left: float | None
    ) -> None:
        until = None if left is None else time.monotonic() + left
        events: list[Event] = []
        clock, began = time.monotonic(), time.time()
        first: float | None = None

        def told(outcome: Outcome, error: ModelError | None = None) -> Shadowed:
            bills = [] if outcome == "finished" else unbilled(events)
            answer = Answer((*events, *bills))
            took = time.monotonic() - clock
            pair = Shadowed(
                self.name, hashed, request, control, answer, began, took, first, outcome, error
            )
            self.tell(pair)
            return pair

        try:
            async with aclosing(self.treatment.chat(request.with_(deadline=until))) as stream:
                async for event in stream:
                    events.append(event)
                    if first is None and not isinstance(event, Note):
                        first = time.monotonic() - clock
            if Answer(tuple(events)).finish is None:
                raise Garbled("the answer ended without its end mark")
        except ModelError as error:
            told("failed", error)
        except asyncio.CancelledError:
            told("cancelled")
            raise
        else:
            pair = told("finished")
            if self.compare is not None and control.finish is not None:
                await self.compare(pair)
