"""A loopback server in a thread, which keeps what it was asked, for a program with its own loop."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.backends.servers import Routes, Server, playing


@contextmanager
def standing(routes: Routes) -> Iterator[Server]:
    ready, stop = threading.Event(), asyncio.Event()
    found: list[Any] = []

    async def play() -> None:
        async with playing(routes) as server:
            found.extend((server, asyncio.get_running_loop()))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(play(),))
    thread.start()
    ready.wait()
    server, loop = found
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
