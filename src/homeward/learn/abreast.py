"""Abreast: the same work on many rows, several of them under way at a time."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")
Result = TypeVar("Result")


async def abreast(
    items: Iterable[T], work: Callable[[T], Coroutine[Any, Any, Result]], at_once: int
) -> AsyncGenerator[Result, None]:
    """What ``work`` makes of each item, as they get ready; at most ``at_once`` are under way.

    What still runs when the caller stops, or one of them fails, is cancelled and waited for.
    """
    running: set[asyncio.Task[Result]] = set()
    waiting = iter(items)
    try:
        while True:
            while len(running) < at_once:
                try:
                    item = next(waiting)
                except StopIteration:
                    break
                running.add(asyncio.create_task(work(item)))
            if not running:
                return
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                running.remove(task)
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
