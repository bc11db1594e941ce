"""What the runtimes of this house can do at once, and what they have loaded, as they tell it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from time import monotonic, time
from typing import Any, Protocol

from msgspec import Struct, json

from homeward.backends.fingerprints import Asker, identify
from homeward.backends.http import Http, Timeouts
from homeward.errors import HomewardError
from homeward.machine.scheduler.learning import Loaded
from homeward.model import Clearance, Seconds
from homeward.wire.fields import BAD_JSON

OLLAMA_AT_ONCE = 4
"""Where nobody says: OLLAMA_NUM_PARALLEL is 1 today and was 4. Too many only wait inside Ollama."""
OLLAMA_LOADED = 3
"""Models at a time, which is OLLAMA_MAX_LOADED_MODELS without or with one GPU."""
VLLM_AT_ONCE = 256  # --max-num-seqs
PATIENCE: Seconds = 2.0
QUICK = Timeouts(PATIENCE, PATIENCE, PATIENCE)


@dataclass(frozen=True)
class Facts:
    """``slots`` are answers at once of each model. ``sizes`` are bytes, by name of the model;
    ``loaded`` is None where the runtime does not tell.
    """

    slots: float | None = None
    sizes: Mapping[str, int] = field(default_factory=dict[str, int])
    loaded: Mapping[str, Loaded] | None = None


class Runtime(Protocol):
    """``every`` is how often it is worth asking; infinity for once."""

    @property
    def every(self) -> Seconds: ...

    async def look(self, http: Http) -> Facts:
        """What it tells; nothing where it does not answer. Never raises for that."""


def number(variable: str, *, here: bool) -> int | None:
    """A positive number in the environment: it says nothing of servers on other machines."""
    text = os.environ.get(variable, "") if here else ""
    return int(text) if text.isdecimal() and int(text) > 0 else None


# ---------------------------------------------------------------- Ollama


class _Model(Struct):
    name: str = ""
    size: int = 0
    size_vram: int = 0  # of it, on GPUs
    expires_at: str = ""


class _Models(Struct):
    models: list[_Model] | None = None


MODELS = json.Decoder(_Models)


@dataclass(frozen=True)
class OllamaRuntime:
    """Sizes from /api/tags, what is loaded from /api/ps; the number at once is nowhere told.

    Of a loaded model what it takes on GPUs counts, where it is on one: that is what is scarce.
    """

    url: str
    headers: Mapping[str, str] = field(repr=False)
    every: Seconds = 5.0

    async def look(self, http: Http) -> Facts:
        there = await _get(http, self.url, "/api/tags", self.headers)
        loaded = await _get(http, self.url, "/api/ps", self.headers)
        if loaded is None:
            return Facts()
        return Facts(
            sizes={model.name: model.size for model in _models(there)},
            loaded={
                m.name: Loaded(m.size_vram or m.size, _moment(m.expires_at))
                for m in _models(loaded)
            },
        )


def _models(body: bytes | None) -> list[_Model]:
    try:
        return MODELS.decode(body or b"{}").models or []
    except BAD_JSON:
        return []


def _moment(said: str) -> float:
    """On `time.monotonic`'s clock; never where it cannot be read."""
    try:
        return monotonic() + datetime.fromisoformat(said).timestamp() - time()
    except (ValueError, OverflowError):
        return -inf


# ---------------------------------------------------------------- what speaks OpenAI's protocol


@dataclass(frozen=True)
class OpenAIRuntime:
    """llama.cpp tells its slots, vLLM serves many. Of others nobody knows: they have no limit
    until they answer 429 or 503.

    ``kind`` is a preset's name; ``openai``, where the server is to be asked what it is.
    """

    kind: str
    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    every: Seconds = inf

    async def look(self, http: Http) -> Facts:
        root = self.base_url.rstrip("/").removesuffix("/v1")
        kind = self.kind
        if kind == "openai":
            found = await identify(Asker(http, root, monotonic() + PATIENCE), kind)
            kind = kind if found is None else found.kind
        if kind == "vllm":
            return Facts(VLLM_AT_ONCE)
        if kind == "llama.cpp":
            return Facts(_slots(await _get(http, root, "/props", self.headers)))
        return Facts()


def _slots(props: bytes | None) -> float | None:
    try:
        said: Any = json.decode(props or b"{}")
    except BAD_JSON:
        return None
    slots = said.get("total_slots") if isinstance(said, dict) else None
    return float(slots) if isinstance(slots, int) and slots > 0 else None


async def _get(http: Http, url: str, path: str, headers: Mapping[str, str]) -> bytes | None:
    try:
        async with http.send(
            "GET",
            url,
            path,
            headers=headers,
            clearance=Clearance.NETWORK,
            timeouts=QUICK,
            deadline=monotonic() + PATIENCE,
        ) as response:
            return await response.read() if response.status == 200 else None
    except HomewardError:
        return None
