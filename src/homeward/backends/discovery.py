"""Which model servers run on this machine. What tells them apart is in `fingerprints`."""

import asyncio
import os
import re
import time
from collections.abc import Mapping
from types import MappingProxyType

from homeward.backends.fingerprints import Asker, Found, FoundModel, identify
from homeward.backends.http import Http
from homeward.backends.ollama_server import address
from homeward.model import Seconds

__all__ = ["HOST", "PORTS", "Found", "FoundModel", "discover"]

HOST = "127.0.0.1"  # several bind IPv4 alone
PORTS: Mapping[int, str] = MappingProxyType(
    {
        11434: "ollama",
        1234: "lmstudio",
        8080: "llama.cpp",
        8000: "vllm",
        30000: "sglang",
        3000: "tgi",
        1337: "jan",
        4891: "gpt4all",
        5001: "koboldcpp",
        5000: "openai",
    }
)
"""The usual ports. The kind counts only for a server that shows nothing without a key."""


async def discover(
    http: Http,
    *,
    host: str = HOST,
    ports: Mapping[int, str] = PORTS,
    ollama_host: str | None = None,
    within: Seconds = 0.5,
) -> list[Found]:
    """The servers that answer, each after at most ``within`` seconds, in the order of the ports.

    Only GET is asked, and no key is sent. ``ollama_host`` is by default what ``OLLAMA_HOST``
    says; it may be on your network, all else is on ``host``. Never raises for what a server does.
    """
    urls = {f"http://{host}:{port}": kind for port, kind in ports.items()}
    elsewhere = os.environ.get("OLLAMA_HOST", "") if ollama_host is None else ollama_host
    if elsewhere:
        urls[_reachable(address(elsewhere))] = "ollama"
    found = await asyncio.gather(
        *(identify(Asker(http, url, time.monotonic() + within), kind) for url, kind in urls.items())
    )
    return [server for server in found if server is not None]


def _reachable(url: str) -> str:
    """What a server listens on is not what a client asks: 0.0.0.0 is this machine."""
    names = {"0.0.0.0": HOST, "[::]": "[::1]", "localhost": HOST}  # noqa: S104  nothing is bound
    for everywhere, here in names.items():
        url = re.sub(rf"(?<=//){re.escape(everywhere)}(?=[:/]|$)", here, url)
    return url
