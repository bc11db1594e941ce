"""The Ollama servers behind the gateway: what they say, and what is passed on to them as bytes.

Which there are is decided by the configuration alone. A caller's key is never passed on.
"""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field
from typing import Any

from msgspec import json

from homeward.backends.http import Response, Timeouts
from homeward.backends.ollama import Ollama
from homeward.errors import HomewardError, ModelError, Rejected
from homeward.gateway.answers.shapes import OLLAMA
from homeward.gateway.exchange import NDJSON, Exchange
from homeward.gateway.gateway import Gateway
from homeward.gateway.routes import Route
from homeward.model import Clearance
from homeward.tree import leaves
from homeward.wire.fields import BAD_JSON

NAMED = b"x-homeward-server"
QUICK = Timeouts(connect=1.0, first_byte=2.0, idle=2.0)
SLOW = Timeouts(idle=600.0)  # to write a large model is silent for minutes


@dataclass(frozen=True)
class Server:
    """One of them. ``authorization`` is with its own key, if it has one."""

    url: str
    authorization: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, leaf: Ollama) -> "Server":
        return cls(leaf.server.url, tuple(leaf.server.headers().items()))

    def send(
        self,
        gateway: Gateway,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        clearance: Clearance,
        content_type: str = "application/json",
        timeouts: Timeouts = SLOW,
    ) -> AbstractAsyncContextManager[Response]:
        headers = dict(self.authorization)
        if body is not None:
            headers["content-type"] = content_type
        return gateway.http.send(
            method,
            self.url,
            path,
            headers=headers,
            body=body,
            clearance=clearance,
            timeouts=timeouts,
        )

    async def said(
        self, gateway: Gateway, path: str, body: Any = None, *, clearance: Clearance
    ) -> dict[str, Any]:
        """The JSON object that it answers; an empty one where it does not answer so, and soon."""
        data = None if body is None else json.encode(body)
        method = "GET" if body is None else "POST"
        try:
            async with self.send(
                gateway, method, path, data, clearance=clearance, timeouts=QUICK
            ) as response:
                value = json.decode(await response.read()) if response.status == 200 else None
        except (HomewardError, *BAD_JSON):
            return {}
        return value if isinstance(value, dict) else {}


def servers_of(routes: Iterable[Route]) -> list[Server]:
    """Each of them once, in the order of the routes."""
    found = (leaf for route in routes for leaf in leaves(route.model) if isinstance(leaf, Ollama))
    return list(dict.fromkeys(map(Server.of, found)))


def the_server(gateway: Gateway, exchange: Exchange, what: str) -> Server:
    """The only one there is, or the one that the caller names; Rejected.

    It is named by its ``base_url`` in the header ``x-homeward-server``.
    """
    servers = servers_of(gateway.routes.values())
    if not servers:
        raise Rejected(
            f"{what} takes an Ollama server, and none is configured: add a model of one, such as "
            "{ollama: {model: qwen3}}"
        )
    named = exchange.header(NAMED).rstrip("/")
    fitting = [server for server in servers if not named or server.url.rstrip("/") == named]
    if len(fitting) == 1:
        return fitting[0]
    raise Rejected(
        f"name one of the Ollama servers in the header {NAMED.decode()}: "
        + ", ".join(server.url for server in servers)
    )


async def pass_on(
    gateway: Gateway,
    exchange: Exchange,
    server: Server,
    body: bytes | None,
    *,
    path: str = "",
    content_type: str = "application/json",
) -> None:
    """Ask the server the same, and pass its answer on as it comes."""
    with exchange.attended():
        async with server.send(
            gateway,
            exchange.method,
            path or exchange.path,
            body,
            clearance=gateway.reach(exchange.caller),
            content_type=content_type,
            timeouts=SLOW,
        ) as response:
            kind = response.headers.get("content-type", "").encode("latin-1")
            if response.status == 200 and kind.startswith(NDJSON):
                await _stream(exchange, response)
            else:
                await exchange.reply(response.status, await response.read(), kind)


async def _stream(exchange: Exchange, response: Response) -> None:
    async with aclosing(response.chunks()) as chunks:
        await exchange.begin(NDJSON)
        try:
            async for chunk in chunks:
                await exchange.write(chunk)
        except ModelError as error:
            await exchange.end(OLLAMA(error) + b"\n")
            return
    await exchange.end()
