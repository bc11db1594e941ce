"""Queued: a leaf whose callers wait for their turn, all of them in one line per model."""

from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from homeward.completion import Completer, Completion
from homeward.embedding import Embedder, Embeddings, Texts
from homeward.errors import Overloaded
from homeward.model import Decision, Event, Model, Request, Seconds, Stream, Usage


class Line(Protocol):
    """Where the callers of one model wait. After `enter` was true, or `wait` has come back,
    `leave` must follow.
    """

    def enter(self) -> bool:
        """Go in at once if there is room and nobody waits."""

    async def wait(self, deadline: float | None) -> Decision | None:
        """Go in when it is one's turn; None where that was at once. Overloaded, TimedOut."""

    def leave(self, *, busy: bool, took: Seconds = 0.0) -> None:
        """Whoever went in is done. ``busy``: the runtime said that it has too many.

        ``took`` is how long it loaded the model, as it said.
        """


@dataclass(frozen=True)
class Queued:
    """Asks ``model`` when its ``line`` lets it. Streams; all it says passes through unchanged.

    Who had to wait is told so before anything else: a `Decision` with ``position`` (how many were
    before it) and ``seconds``. A request whose deadline passes in line is `TimedOut`, and one that
    finds the line full is `Overloaded`, with the seconds after which to ask again.
    """

    model: Model
    line: Line = field(repr=False, compare=False)

    async def chat(self, request: Request) -> Stream:
        line, busy, took = self.line, False, 0.0  # as `turn`, but with a coroutine less
        waited = None if line.enter() else await line.wait(request.deadline)
        try:
            if waited is not None:
                yield waited
            async with aclosing(self.model.chat(request)) as events:
                async for event in events:
                    if isinstance(event, Usage):
                        took = event.load_seconds
                    yield event
        except Overloaded:
            busy = True
            raise
        finally:
            line.leave(busy=busy, took=took)

    def turn(self, deadline: float | None = None) -> "Turn":
        """For whoever asks the model in another way than through `chat`::

        async with queued.turn(deadline) as waited:  # a Decision, or None
            ...
        """
        return Turn(self.line, deadline)


class _Embeds(Queued):
    async def embed(self, request: Texts, heard: list[Event] | None = None) -> Embeddings:
        embedder = self.model
        assert isinstance(embedder, Embedder)  # noqa: S101  `queued` has seen to it
        async with self.turn(request.deadline) as waited:
            if waited is not None and heard is not None:
                heard.append(waited)
            return await embedder.embed(request, heard)


class _Completes(Queued):
    async def complete(self, request: Completion) -> Stream:
        completer = self.model
        assert isinstance(completer, Completer)  # noqa: S101  `queued` has seen to it
        turn = self.turn(request.deadline)
        async with turn as waited:
            if waited is not None:
                yield waited
            async with aclosing(completer.complete(request)) as events:
                async for event in events:
                    if isinstance(event, Usage):
                        turn.took = event.load_seconds
                    yield event


class _Both(_Embeds, _Completes):
    pass


for _kind in (_Embeds, _Completes, _Both):
    _kind.__name__ = _kind.__qualname__ = Queued.__name__  # what plans and reprs call them


def queued(model: Model, line: Line) -> Queued:
    """A model in line, with all that it can do beside chatting, which waits in the same line."""
    embeds, completes = isinstance(model, Embedder), isinstance(model, Completer)
    if embeds and completes:
        return _Both(model, line)
    return (_Embeds if embeds else _Completes if completes else Queued)(model, line)


class Turn:
    """One turn. An `Overloaded` that ends it is what the line learns from.

    So is how long the model ``took`` to load: whoever is told that says it here.
    """

    __slots__ = ("_deadline", "_line", "took")

    def __init__(self, line: Line, deadline: float | None) -> None:
        self._line = line
        self._deadline = deadline
        self.took: Seconds = 0.0

    async def __aenter__(self) -> Decision | None:
        if self._line.enter():
            return None
        return await self._line.wait(self._deadline)

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._line.leave(busy=isinstance(error, Overloaded), took=self.took)
