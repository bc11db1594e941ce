"""Ollama's own Python client, closed when the test ends."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeAlias

import ollama

from tests.gateway.running import Running

Clients: TypeAlias = Callable[..., ollama.AsyncClient]


@asynccontextmanager
async def clients() -> AsyncGenerator[Clients]:
    """``client(house)``, or ``client(house, secret)`` for one that has a key."""
    async with AsyncExitStack() as stack:

        def client(house: Running, secret: str = "") -> ollama.AsyncClient:
            headers = {"authorization": f"Bearer {secret}"} if secret else {}
            made = ollama.AsyncClient(host=house.url, headers=headers)
            stack.push_async_callback(made.close)
            return made

        yield client
