"""The gateway on a real socket of this machine, for as long as a test lasts."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from uvicorn.server import ServerState

from homeward.backends.http import Http, Timeouts
from homeward.config import parse
from homeward.gateway.app import App
from homeward.gateway.gateway import Gateway, open_gateway
from homeward.gateway.serving import uvicorn_config
from homeward.model import Clearance
from tests.contract import PATIENCE


@dataclass(frozen=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Running:
    url: str
    gateway: Gateway
    http: Http

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """``body`` is bytes as they are, anything else goes as JSON."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        async with self.http.send(
            method,
            self.url,
            path,
            headers=headers or {},
            body=data,
            clearance=Clearance.MACHINE,
            timeouts=Timeouts(connect=PATIENCE),
        ) as response:
            return Answered(response.status, response.headers, await response.read())


@asynccontextmanager
async def running(models: str, **settings: Any) -> AsyncGenerator[Running]:
    """``models`` is a configuration file's text; ``settings`` are fields of `Settings`."""
    config = parse(models)
    config = replace(config, serve=replace(config.serve, **{"port": 0, **settings}))
    async with open_gateway(config) as gateway, Http() as http:
        sock = socket.socket(proto=socket.IPPROTO_TCP)  # else asyncio leaves Nagle's delays on
        sock.bind(("127.0.0.1", 0))
        served = uvicorn_config(App(gateway), config.serve)
        served.load()
        state = ServerState()
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(
            lambda: served.http_protocol_class(config=served, server_state=state, app_state={}),  # type: ignore[call-arg]
            sock=sock,
            backlog=served.backlog,
        )
        try:
            yield Running(f"http://127.0.0.1:{sock.getsockname()[1]}", gateway, http)
        finally:
            # uvicorn's own shutdown takes two tenths of a second, and there are many tests.
            listening.close()
            await http.close()
            for connection in list(state.connections):
                connection.transport.abort()
            await asyncio.gather(*state.tasks, return_exceptions=True)
