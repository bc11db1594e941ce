"""What a gateway that runs here, or at ``--url``, says of its models."""

import os
import time
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from homeward.errors import ConfigError, HomewardError
from homeward.model import Clearance, Seconds

if TYPE_CHECKING:
    from homeward.gateway.settings import Settings

KEY = "HOMEWARD_API_KEY"
WITHIN: Seconds = 0.4
ASKED: Seconds = 5.0
"""For a gateway that was named, which may be far away."""


class Line(Struct, frozen=True):
    """A row of ``GET /homeward/queue``, as `homeward.gateway.traffic.traffic.Row` has it."""

    model: str
    waiting: int = 0
    running: int = 0
    loaded: bool | None = None
    size: int = 0
    swap_seconds: Seconds | None = None
    seen: bool = False
    swaps: int = 0


class Queue(Struct, frozen=True):
    data: tuple[Line, ...] = ()


async def queue(
    settings: "Settings", url: str | None = None
) -> tuple[str, tuple[Line, ...]] | None:
    """Its address and lines; None where none runs here. ConfigError for a ``url`` that fails.

    A key is taken from ``HOMEWARD_API_KEY``.
    """
    from homeward.backends.http import Http, Timeouts

    at = (url or local(settings)).rstrip("/")
    secret = os.environ.get(KEY, "")
    patience = WITHIN if url is None else ASKED
    try:
        async with (
            Http() as http,
            http.send(
                "GET",
                at,
                "/homeward/queue",
                headers={"authorization": f"Bearer {secret}"} if secret else {},
                clearance=Clearance.MACHINE if url is None else Clearance.WORLD,
                timeouts=Timeouts(patience, patience, patience),
                deadline=time.monotonic() + patience,
            ) as response,
        ):
            body, status = await response.read(), response.status
            ours = "x-homeward" in response.headers
    except HomewardError as error:
        if url is None:
            return None
        raise ConfigError(f"no gateway answers at {at}: {error}") from None
    if status == 200 and ours:
        try:
            return at, msgspec.json.decode(body, type=Queue).data
        except msgspec.MsgspecError:
            ours = False
    if url is None:
        return None
    if not ours:
        raise ConfigError(f"{at} is no Homeward gateway: say the address that `serve` shows")
    raise ConfigError(f"{at} answers {status}: set {KEY} to a key that it knows")


def local(settings: "Settings") -> str:
    """The address that `homeward serve` has with these settings, as this machine reaches it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    scheme = "https" if settings.certificate else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.port}"
