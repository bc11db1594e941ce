"""Ctrl-C, told to the event loop rather than thrown into whatever it is doing."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`; KeyboardInterrupt after Ctrl-C, when all that was open is closed.

    asyncio.run cancels from within the signal's handler, between any two instructions: a future
    that is just being woken is then cancelled under the hand that wakes it (InvalidStateError).
    """

    async def whole() -> "asyncio.Task[T]":
        task = asyncio.ensure_future(work)
        with interrupting(task):
            await asyncio.wait([task])
        return task

    task = asyncio.run(whole())
    if task.cancelled():
        raise KeyboardInterrupt
    return task.result()


@contextmanager
def interrupting(task: "asyncio.Task[Any]") -> Iterator[None]:
    """Within the block Ctrl-C cancels this task, as an event of the loop like any other."""
    loop = asyncio.get_running_loop()
    # Windows' loop has no signals, and only the main thread may have them.
    with suppress(NotImplementedError, RuntimeError, ValueError):
        loop.add_signal_handler(signal.SIGINT, task.cancel)
    try:
        yield
    finally:
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.remove_signal_handler(signal.SIGINT)
