"""What every model promises, whoever wrote it. Each backend and strategy is run through this.

`check_promises` runs all of it: give it a function that builds the tree over fresh leaves, so that
each check starts from nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from homeward.backends.scripted import Scripted
from homeward.model import Call, Event, Finish, Model, Note, Request, Stream, Text, Usage

HELLO = Request.of("hello")
PATIENCE = 60.0  # seconds: what takes longer hangs, on the slowest machine
Tree = tuple[Model, Sequence[Scripted]]


@dataclass(frozen=True)
class When:
    """Asks its model as soon as ``true()`` is."""

    true: Callable[[], object]
    model: Model

    async def chat(self, request: Request) -> Stream:
        while not self.true():  # noqa: ASYNC110  what is awaited is any fact, not one event
            await asyncio.sleep(0.001)
        async with aclosing(self.model.chat(request)) as events:
            async for event in events:
                yield event


def says(*words: str, model: str = "scripted", **fields: float) -> Scripted:
    return Scripted(words, model=model, **fields)  # type: ignore[arg-type]


def fails(*words: str, model: str = "scripted") -> Scripted:
    return Scripted(words, fails="boom", model=model)


async def heard(model: Model, request: Request = HELLO) -> list[Event]:
    async with aclosing(model.chat(request)) as events:
        return [event async for event in events]


async def said(model: Model, request: Request = HELLO) -> str:
    return "".join(e.text for e in await heard(model, request) if isinstance(e, Text))


async def check_ends_with_finish(model: Model, request: Request = HELLO) -> None:
    """Exactly one `Finish`, and nothing at all after it."""
    events = await heard(model, request)
    assert [e for e in events if isinstance(e, Finish)] == events[-1:]


async def check_bill_arrives(model: Model, request: Request = HELLO) -> None:
    """Every call that was begun is billed once, and none is billed that was not begun."""
    events = await heard(model, request)
    begun = [e.id for e in events if isinstance(e, Call)]
    billed = [e.call for e in events if isinstance(e, Usage)]
    assert begun, "no leaf was called"
    assert sorted(begun) == sorted(billed)


async def check_hang_up_closes(
    model: Model, leaves: Sequence[Scripted], request: Request = HELLO
) -> None:
    """A client that hangs up after the first word leaves nothing running.

    It waits for no leaf: one that is silent for longer than `PATIENCE` would be a TimeoutError.
    """
    async with asyncio.timeout(PATIENCE), aclosing(model.chat(request)) as events:
        async for event in events:
            if not isinstance(event, Note):
                break
    assert [leaf.journal.open for leaf in leaves] == [0] * len(leaves)


async def check_cancel_closes(
    model: Model, leaves: Sequence[Scripted], request: Request = HELLO
) -> None:
    """Cancelling whoever reads, while a leaf is silent, leaves nothing running."""
    task = asyncio.create_task(heard(model, request))
    for _ in range(1000):
        await asyncio.sleep(0)
        if task.done() or any(leaf.journal.open for leaf in leaves):
            break
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [leaf.journal.open for leaf in leaves] == [0] * len(leaves)


async def check_carries(model: Model, leaves: Sequence[Scripted], request: Request = HELLO) -> None:
    """What must follow a request reaches every leaf that is asked."""
    carried = request.with_(tenant="tenant-7", trace="trace-7", budget_usd=0.5)
    await heard(model, carried)
    for leaf in leaves:
        for asked in leaf.journal.asked:
            assert (asked.tenant, asked.trace) == ("tenant-7", "trace-7")
            assert asked.clearance <= carried.clearance


async def check_promises(build: Callable[[], Tree], request: Request = HELLO) -> None:
    """All promises of a tree over `Scripted` leaves. ``build`` makes a fresh one each time."""
    on_tree: Sequence[Callable[[Model, Request], Awaitable[None]]] = (
        check_ends_with_finish,
        check_bill_arrives,
    )
    for check in on_tree:
        await check(build()[0], request)
    await check_hang_up_closes(*build(), request)
    await check_cancel_closes(*build(), request)
    await check_carries(*build(), request)
