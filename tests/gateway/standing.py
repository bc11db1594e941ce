"""A gateway that stands for a whole module, in a thread of its own, asked in single bytes."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPResponse
from typing import Any

from homeward.backends.scripted import Scripted
from homeward.gateway.gateway import Gateway
from homeward.store.records import Key, hashed, new_secret
from homeward.tree import leaves
from tests.contract import PATIENCE
from tests.gateway.running import Answered, running


def key(name: str, **fields: Any) -> tuple[Key, str]:
    """A key and its secret."""
    key_id, secret = new_secret()
    return Key(key_id, hashed(secret), name=name, **fields), secret


@dataclass(frozen=True)
class Standing:
    port: int
    gateway: Gateway
    keys: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def asked(self) -> int:
        """How often a scripted model was asked."""
        models = [leaf for route in self.gateway.routes.values() for leaf in leaves(route.model)]
        return sum(len(model.journal.asked) for model in models if isinstance(model, Scripted))

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    ) -> Answered:
        """With exactly these headers, but for ``Host`` where they have none."""
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
        if not any(name.lower() == "host" for name, _ in pairs):
            pairs.insert(0, ("Host", self.host))
        data = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in pairs)]
        lines += [f"Content-Length: {len(data)}", "", ""]
        return self.send("\r\n".join(lines).encode("latin-1") + data, method)

    def send(self, data: bytes, method: str = "GET") -> Answered:
        """These bytes, and the answer to them."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as sock:
            sock.sendall(data)
            with HTTPResponse(sock, method=method) as response:
                response.begin()
                headers = {name.lower(): value for name, value in response.getheaders()}
                return Answered(response.status, headers, response.read())


@contextmanager
def standing(models: str, *keys: tuple[Key, str], **settings: Any) -> Iterator[Standing]:
    """As `running`, for tests that do not await. ``keys`` are those of its keyring."""
    ready: list[Standing | Exception] = []
    up, down = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        async with running(models, **settings) as gateway:
            gateway.gateway.keyring.replace(each for each, _ in keys)
            port = int(gateway.url.rpartition(":")[2])
            named = {each.name: secret for each, secret in keys}
            loops.append(asyncio.get_running_loop())
            ready.append(Standing(port, gateway.gateway, named))
            up.set()
            await down.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except Exception as error:  # raised again where it was started
            ready.append(error)
            up.set()

    thread = threading.Thread(target=run)
    thread.start()
    up.wait(PATIENCE)
    first = ready[0]
    if isinstance(first, Exception):
        thread.join()
        raise first
    try:
        yield first
    finally:
        loops[0].call_soon_threadsafe(down.set)
        thread.join()
