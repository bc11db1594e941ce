"""Children side by side: the one place where a strategy's children run as tasks.

A task per child reads its stream (a *pump*) and lays the events down in the order in which they
arrive; the strategy takes them up one by one with `Children.next`. The tasks are plain ones, not
a task group, because the strategy yields between two arrivals and a reader must never be
cancelled in the children's stead (PEP 789).
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from homeward.errors import Failed, Garbled, ModelError, TimedOut
from homeward.model import Answer, Call, Event, Finish, Model, Note, Request, unbilled

ROOM = 64  # arrivals that wait for a slow reader before the children pause


@dataclass(eq=False)
class Child:
    """One child, as far as its stream has been taken up."""

    label: str
    model: Model
    request: Request = field(repr=False)
    events: list[Event] = field(default_factory=list[Event], repr=False)
    error: ModelError | None = None
    ended: bool = False

    @property
    def answered(self) -> bool:
        """It came to its end, and did not fail."""
        return self.ended and self.error is None

    @property
    def answer(self) -> Answer:
        return Answer(tuple(self.events))

    @property
    def text(self) -> str:
        return self.answer.text

    @property
    def words(self) -> list[Event]:
        """What was said, without notes and without the end."""
        return [event for event in self.events if not isinstance(event, Note | Finish)]

    @property
    def finish(self) -> Finish:
        return self.answer.finish or Finish()


class Arrival(NamedTuple):
    """One event of one child; None when the child has ended (see its ``error``)."""

    child: Child
    event: Event | None


class _End(NamedTuple):
    error: BaseException | None


class Children:
    """Made by `side_by_side`. Children are started in order, ``at_once`` of them at a time.

    A place becomes free when the end of a child has been taken up, and is filled at the next
    call of `next`: whoever has heard enough stops calling, and nobody else is asked.
    """

    def __init__(self, children: Iterable[Child], at_once: int) -> None:
        self.all = {child.label: child for child in children}
        self.at_once = at_once
        self._waiting = deque(self.all.values())
        self._tasks: dict[Child, asyncio.Task[None]] = {}
        self._arrivals: deque[tuple[Child, Event | _End]] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._told: dict[Child, asyncio.Event] = {}  # set once its call has been passed on
        self._taken: list[Child] = []  # their calls were taken up last

    @property
    def running(self) -> list[str]:
        """Labels of the children that were started and whose end has not been taken up."""
        return [child.label for child in self._tasks]

    @property
    def waiting(self) -> list[str]:
        """Labels of the children that were not asked yet."""
        return [child.label for child in self._waiting]

    async def next(self, until: float | None = None) -> Arrival | None:
        """The next arrival; None when nobody runs any more, or at ``until`` (monotonic seconds).

        A child's `ModelError` is kept in ``child.error``; any other exception is a bug in a
        child, and is raised here.
        """
        for child in self._taken:  # whoever asks for more has passed on what there was
            self._told[child].set()
        self._taken.clear()
        while self._waiting and len(self._tasks) < self.at_once:
            child = self._waiting.popleft()
            self._tasks[child] = asyncio.create_task(self._pump(child), name=child.label)
        left = None if until is None else until - time.monotonic()
        if left is not None and left <= 0:
            return None
        try:
            async with asyncio.timeout(left):
                while not self._arrivals:
                    if not self._tasks:
                        return None
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return None
        return self._take_up(*self._arrivals.popleft())

    async def stop(self, *labels: str) -> list[Event]:
        """End these children early; gives the notes that must still be passed on.

        They are what had arrived from them, and an estimated bill for each call that was cut.
        """
        stopped = [child for child in self._tasks if child.label in labels]
        await self._close(stopped)
        left = [arrival for arrival in self._arrivals if arrival[0] in stopped]
        self._arrivals = deque(arrival for arrival in self._arrivals if arrival[0] not in stopped)
        self._room.set()
        notes: list[Event] = []
        for child, what in left:
            if not (isinstance(what, _End) and isinstance(what.error, asyncio.CancelledError)):
                event = self._take_up(child, what).event
                notes += [event] if isinstance(event, Note) else []
        for child in stopped:
            if not child.ended:
                child.ended = True
                if child.answer.finish is None:
                    child.error = TimedOut(f"{child.label} was stopped before it had answered")
            bills = unbilled(child.events)
            child.events += bills
            notes += bills
            self._tasks.pop(child, None)
        return notes

    def _take_up(self, child: Child, what: Event | _End) -> Arrival:
        if len(self._arrivals) < ROOM:
            self._room.set()
        if not isinstance(what, _End):
            child.events.append(what)
            if isinstance(what, Call):
                self._taken.append(child)
            return Arrival(child, what)
        self._tasks.pop(child, None)
        child.ended = True
        match what.error:
            case None:
                if child.answer.finish is None:
                    child.error = Garbled(f"{child.label} ended without a Finish")
            case ModelError() as error:
                child.error = error
            case asyncio.CancelledError():  # not by us, or nobody would take it up
                child.error = Failed(f"{child.label} was cancelled from within")
            case bug:
                raise bug
        return Arrival(child, None)

    async def _pump(self, child: Child) -> None:
        end: BaseException | None = None
        try:
            async with aclosing(child.model.chat(child.request)) as events:
                async for event in events:
                    if isinstance(event, Call):
                        await self._tell(child, event)
                        continue
                    self._lay_down(child, event)
                    while len(self._arrivals) >= ROOM:
                        self._room.clear()
                        await self._room.wait()
        except BaseException as error:
            end = error
            if not isinstance(error, Exception):  # what an Exception means, `next` decides
                raise
        finally:
            self._lay_down(child, _End(end))

    async def _tell(self, child: Child, call: Call) -> None:
        """A child goes on to work when all above it know: what is cut off can then be billed."""
        self._told[child] = told = asyncio.Event()
        self._lay_down(child, call)
        await told.wait()

    def _lay_down(self, child: Child, what: Event | _End) -> None:
        self._arrivals.append((child, what))
        self._news.set()

    async def _close(self, children: Iterable[Child]) -> None:
        """Cancel these and wait until their streams are closed, even if cancelled meanwhile."""
        tasks = [self._tasks[child] for child in children]
        for task in tasks:
            task.cancel()
        again: asyncio.CancelledError | None = None
        while pending := [task for task in tasks if not task.done()]:
            try:
                await asyncio.wait(pending)
            except asyncio.CancelledError as error:
                again = error
        if again is not None:
            raise again

    async def close(self) -> None:
        """End everybody. A bug that nobody has taken up is raised rather than lost."""
        self._waiting.clear()
        await self._close(self._tasks)
        for _, what in self._arrivals:
            bug = what.error if isinstance(what, _End) else None
            if isinstance(bug, Exception) and not isinstance(bug, ModelError):
                raise bug


@asynccontextmanager
async def side_by_side(
    children: Mapping[str, Model],
    request: Request | Mapping[str, Request],
    *,
    at_once: int | None = None,
) -> AsyncGenerator[Children, None]:
    """Run children as tasks: all with one request, or each with its own, by label.

    On the way out, however that comes about, every child is cancelled and its stream is closed.
    """

    def its(label: str) -> Request:
        return request[label] if isinstance(request, Mapping) else request

    side = Children(
        [Child(label, model, its(label)) for label, model in children.items()],
        len(children) if at_once is None else at_once,
    )
    try:
        yield side
    finally:
        await side.close()
