"""Retried: ask the same model again after a failure that may pass."""

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from random import Random

from homeward.errors import ConfigError, ModelError, Overloaded
from homeward.model import Decision, Model, Note, Request, Seconds, Stream


@dataclass(frozen=True)
class Retried:
    """Up to ``times`` further attempts after a transient failure, before the first word only.

    Streams. Tool calls pass unchanged. The pause before attempt n is drawn evenly from 0 to
    ``wait`` * 2**(n - 1) seconds, at most ``longest`` ("full jitter": whoever failed together
    does not come back together), and begins after the ``retry_after`` of an `Overloaded`. The
    error is raised at once where that time, or the request's deadline, leaves no room for it.
    """

    model: Model
    times: int = 2
    wait: Seconds = 0.5
    longest: Seconds = 30.0
    random: Random = field(default_factory=Random, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.times < 0 or self.wait < 0 or self.longest < 0:
            raise ConfigError("`times`, `wait` and `longest` of a retry cannot be negative")

    async def chat(self, request: Request) -> Stream:
        attempt = 0
        while True:
            spoken = False
            try:
                async with aclosing(self.model.chat(request)) as events:
                    async for event in events:
                        spoken = spoken or not isinstance(event, Note)
                        yield event
                return
            except ModelError as error:
                attempt += 1
                pause = self._pause(error, attempt)
                if spoken or pause is None or not _in_time(request, pause):
                    raise
                reason = str(error)
            numbers = {"attempt": attempt + 1.0, "seconds": pause}
            yield Decision("retried", "again", reason, numbers)
            await asyncio.sleep(pause)

    def _pause(self, error: ModelError, attempt: int) -> float | None:
        """Seconds before attempt number ``attempt`` + 1; None when there is to be none."""
        if attempt > self.times or not error.transient:
            return None
        told = error.retry_after if isinstance(error, Overloaded) else None
        if told is not None and told > self.longest:
            return None
        most = min(self.longest, self.wait * 2.0 ** min(attempt - 1, 64))
        return (told or 0.0) + self.random.uniform(0.0, most)


def _in_time(request: Request, pause: float) -> bool:
    return request.deadline is None or time.monotonic() + pause < request.deadline
