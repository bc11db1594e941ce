"""Serving: the application under uvicorn, until it is told to stop."""

import asyncio
import gc
import signal
import ssl
import sys
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

import uvicorn

from homeward.config import Config
from homeward.errors import ConfigError
from homeward.gateway.app import App
from homeward.gateway.gateway import Gateway, open_gateway
from homeward.gateway.incoming import Incoming
from homeward.gateway.listening import listen
from homeward.gateway.settings import Settings
from homeward.gateway.traffic.watching import watch

BACKLOG = 2048
SWITCH = 0.0005  # seconds for which the ledger's thread may keep the loop from an answer
KEEP_ALIVE = 75  # seconds: longer than the minute after which most clients let go themselves


async def serve(config: Config, ready: Callable[[Gateway, str], None]) -> None:
    """Until SIGINT or SIGTERM; answers in flight then have ``grace`` seconds to end.

    ``ready`` is told the address when the port is open. ConfigError where the port is taken, the
    certificate cannot be used, or others could reach it and no key is asked of them.
    """
    settings: Settings = config.serve
    async with open_gateway(config) as gateway:
        refuse_open_doors(gateway)
        served = loaded(uvicorn_config(App(gateway), settings))
        with listen(settings.host, settings.port, BACKLOG) as sock:
            server = uvicorn.Server(served)
            stop_by_signal(server)
            port = sock.getsockname()[1]
            scheme = "https" if settings.certificate else "http"
            host = f"[{settings.host}]" if ":" in settings.host else settings.host
            sys.setswitchinterval(SWITCH)
            gc.collect()
            gc.freeze()  # what is open by now stays, and need not be looked through again
            gc.set_threshold(5_000, 20, 50)
            gateway.traffic.spawn(watch(gateway.traffic, gateway.clearance))
            ready(gateway, f"{scheme}://{host}:{port}")
            await server.serve(sockets=[sock])


def uvicorn_config(app: Any, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Incoming,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=max(1, round(settings.grace)),
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.certificate_key,
    )


def loaded(served: uvicorn.Config) -> uvicorn.Config:
    """With its certificate read; ConfigError where that cannot be used."""
    try:
        served.load()
    except OSError as error:
        reason = error.strerror
        if isinstance(error, ssl.SSLError):
            reason = (error.reason or "no such text in it").lower().replace("_", " ")
        raise ConfigError(
            f"serve.certificate ({served.ssl_certfile}) cannot be used with its certificate_key "
            f"({served.ssl_keyfile or 'in the same file'}): {reason}; both are PEM files"
        ) from None
    return served


def stop_by_signal(server: uvicorn.Server) -> None:
    """As uvicorn does it, but not again behind it: what is open must still be closed then."""
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows' loop has none: uvicorn's own way will do
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, server.handle_exit, number, None)
        server.capture_signals = nullcontext  # type: ignore[method-assign,assignment]


def refuse_open_doors(gateway: Gateway) -> None:
    """ConfigError where others could reach the port and no key is asked of them."""
    if gateway.keyring.is_open and not gateway.settings.is_loopback:
        raise ConfigError(
            f"{gateway.settings.host} can be reached from other machines, and no key is needed: "
            "make one with `homeward keys create NAME`, or serve on 127.0.0.1"
        )
