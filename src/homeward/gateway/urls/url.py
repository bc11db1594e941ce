"""What a row of the list of URLs is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from homeward.gateway.access.auth import Access
from homeward.gateway.answers.shapes import Shape
from homeward.gateway.exchange import Exchange
from homeward.gateway.gateway import Gateway

Endpoint: TypeAlias = Callable[[Gateway, Exchange], Awaitable[None]]


@dataclass(frozen=True)
class Url:
    """``path`` may end in ``{...}``, for whatever stands there. ``shape`` is of its errors."""

    method: str
    path: str
    endpoint: Endpoint
    shape: Shape
    access: Access = "caller"
