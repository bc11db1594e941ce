"""A loopback server in a thread, for a program that runs an event loop of its own."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.backends.servers import Routes, playing


@contextmanager
def served(routes: Routes, *, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The base URL of a server that answers until the end of the block."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    done = asyncio.Event()
    address: list[str] = []

    async def serve() -> None:
        async with playing(routes, tls=tls) as server:
            address.append(str(server))
            ready.set()
            await done.wait()

    def run() -> None:
        loop.run_until_complete(serve())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    try:
        yield address[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
