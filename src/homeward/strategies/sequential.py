"""Sequential: models that do not fit in memory together take turns."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from homeward.errors import TimedOut
from homeward.model import Model, Request, Stream

LEAST = 8
"""In a row, where few were in line."""


@dataclass(eq=False)
class Lane:
    """One place for one loaded model: a GPU, a machine. Shared by all models that live there.

    First come, first served, but whoever asks for the model that is loaded goes before those who
    would make it be swapped out, ``in_a_row`` times at most while others wait. None: as many as
    were in line when it was loaded, and 8 at least, so that a batch for a panel of models goes
    through them one by one.
    """

    in_a_row: int | None = None
    _loaded: Model | None = field(default=None, init=False, repr=False)
    _open: int = field(default=0, init=False, repr=False)
    _row: int = field(default=0, init=False, repr=False)
    _most: int = field(default=0, init=False, repr=False)  # in a row, of the one that is loaded
    _swaps: int = field(default=0, init=False, repr=False)

    @property
    def swaps(self) -> int:
        """How often another model's turn came than the one before it had."""
        return self._swaps

    _queue: "deque[tuple[Model, asyncio.Future[None]]]" = field(
        default_factory=deque["tuple[Model, asyncio.Future[None]]"], init=False, repr=False
    )

    @asynccontextmanager
    async def turn(self, model: Model, until: float | None = None) -> AsyncGenerator[None, None]:
        """Hold the lane for a model; those who hold it for the same one hold it together.

        TimedOut when the turn has not come at ``until`` (on time.monotonic()'s clock).
        """
        admitted = asyncio.get_running_loop().create_future()
        self._queue.append((model, admitted))
        self._admit()
        try:
            async with asyncio.timeout(None if until is None else until - time.monotonic()):
                await admitted
        except (asyncio.CancelledError, TimeoutError) as error:
            if admitted.cancelled():
                self._admit()
            else:  # admitted and cancelled in the same moment
                self._leave()
            if isinstance(error, TimeoutError):
                raise TimedOut(
                    "the request's deadline passed while another model was at work; allow it more "
                    "time, or fewer models that take turns"
                ) from None
            raise
        try:
            yield
        finally:
            self._leave()

    def _leave(self) -> None:
        self._open -= 1
        self._admit()

    def _admit(self) -> None:
        """Let in whoever may go now, in order."""
        self._queue = deque(place for place in self._queue if not place[1].cancelled())
        while self._queue:
            others = any(model is not self._loaded for model, _ in self._queue)
            place = next((p for p in self._queue if p[0] is self._loaded), None)
            if place is None or (others and self._row >= self._most):
                if self._open:
                    return
                place = next(p for p in self._queue if p[0] is not self._loaded)
                self._load(place[0])
            self._row = self._row + 1 if others else 0
            self._queue.remove(place)
            self._open += 1
            place[1].set_result(None)

    def _load(self, model: Model) -> None:
        self._loaded, self._row = model, 0
        self._swaps += 1
        in_line = sum(asked is model for asked, _ in self._queue)
        self._most = max(LEAST, in_line) if self.in_a_row is None else self.in_a_row


@dataclass(frozen=True)
class Sequential:
    """Asks ``model`` when its lane is free: never while another model of that lane is at work.

    Put it around leaves, and give one `Lane` to all that share the memory; a strategy in a lane
    whose own children need the same lane would wait for itself. How many requests one model may
    serve at a time is not its business (see `limited`). Streams; tool calls pass through. A
    request whose deadline passes in line is `TimedOut`.
    """

    model: Model
    lane: Lane = field(default_factory=Lane, repr=False, compare=False)

    async def chat(self, request: Request) -> Stream:
        async with (
            self.lane.turn(self.model, request.deadline),
            aclosing(self.model.chat(request)) as events,
        ):
            async for event in events:
                yield event
