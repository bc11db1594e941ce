"""What the tests of every leaf over HTTP need."""

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from homeward.completion import Completer, Completion
from homeward.errors import ModelError
from homeward.model import CARRIED, Event, Model, Note, Request, Stream
from tests.backends.servers import Server
from tests.contract import HELLO, heard

E = TypeVar("E")


@dataclass(frozen=True)
class Completes:
    """A completer as a model, so that the promises of every model can be asked of it."""

    model: Completer
    suffix: str | None = None

    def chat(self, request: Request) -> Stream:
        carried = {name: getattr(request, name) for name in CARRIED}
        return self.model.complete(
            Completion(request.prompt, self.suffix, request.sampling, **carried)
        )


def only(kind: type[E], events: Iterable[Event]) -> E:
    """The one event of that kind."""
    [event] = [event for event in events if isinstance(event, kind)]
    return event


async def check_hang_up(model: Model, server: Server, request: Request = HELLO) -> None:
    """Leave after the first word: the server's answer is closed, before it has another word."""
    async with aclosing(model.chat(request)) as events:
        async for event in events:
            if not isinstance(event, Note):
                break
    await server.until(lambda s: s.hung_up)


async def check_cancel(model: Model, server: Server, path: str, request: Request = HELLO) -> None:
    """Cancel whoever reads, while the server is silent: its answer is closed."""
    task = asyncio.create_task(heard(model, request))
    await server.until(lambda s: any(asked.path.startswith(path) for asked in s.asked))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    await server.until(lambda s: s.hung_up)


async def until_failure(model: Model, request: Request = HELLO) -> list[Event]:
    """What was heard before it failed; an assertion fails if it did not."""
    before: list[Event] = []
    try:
        async with aclosing(model.chat(request)) as events:
            async for event in events:
                before.append(event)  # noqa: PERF401  what came before the failure is kept
    except ModelError:
        return before
    raise AssertionError("it did not fail")
