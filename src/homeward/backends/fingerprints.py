"""Model servers told apart by what they say, rather than by the port they listen on.

Several imitate another: SGLang and KoboldCpp answer as Ollama does, llama.cpp's list of models
looks like Ollama's, Aphrodite answers at KoboldCpp's address. So a server is named by the
strongest sign it gives: its ``Server`` header, then the owner of its models, then an address that
only one has, then Ollama's three together; what is left speaks OpenAI's protocol and is "openai".
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from homeward.backends.http import Http, Timeouts
from homeward.backends.ollama_server import is_cloud
from homeward.errors import HomewardError
from homeward.model import Clearance

ANSWER_BYTES = 4 * 1024 * 1024  # a list of models is far smaller
MOST_MODELS = 1000
OWNERS = {"llamacpp": "llama.cpp", "sglang": "sglang", "tensorrt_llm": "tensorrt-llm"}
EMBEDDERS = ("embed", "bge-", "rerank", "minilm", "bert")  # in names, where nothing else is said


@dataclass(frozen=True)
class FoundModel:
    """``where`` is the world for a model that Ollama passes on to a cloud.

    ``context`` is in tokens; ``capabilities`` are Ollama's words, empty where nothing is said.
    """

    name: str
    where: Clearance = Clearance.MACHINE
    size_bytes: int | None = None
    context: int | None = None
    capabilities: frozenset[str] = frozenset()

    @property
    def chats(self) -> bool:
        """Whether it can hold a conversation: a model for embeddings alone cannot."""
        if self.capabilities:
            return "completion" in self.capabilities
        return not any(part in self.name.lower() for part in EMBEDDERS)


@dataclass(frozen=True)
class Found:
    """``kind`` is a preset's name, ``ollama``, or ``homeward``: a gateway like this one.

    A gateway is told so that nobody uses it: requests could go round in a circle.
    """

    kind: str
    base_url: str
    models: tuple[FoundModel, ...] = ()
    needs_key: bool = False
    version: str = ""


@dataclass(frozen=True)
class Said:
    """What one address said. ``value`` is its JSON, or else its text; None if it said nothing."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    value: Any = None
    where: Clearance = Clearance.MACHINE

    @property
    def locked(self) -> bool:
        """It wants a key. A web page that wants one is no model server."""
        json = "json" in self.headers.get("content-type", "")
        return self.status in (401, 403) and (json or isinstance(self.value, dict))

    def dicts(self, key: str) -> list[dict[str, Any]]:
        """The objects in the list under ``key``; what has another shape is left out."""
        items = self.value.get(key) if isinstance(self.value, dict) else None
        return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []

    def text(self, key: str) -> str:
        return _text(self.value, key)


@dataclass(frozen=True)
class Asker:
    """Asks one server. Nothing it does is an error: it has said nothing then."""

    http: Http
    url: str
    deadline: float

    async def get(self, path: str) -> Said:
        seconds = max(0.0, self.deadline - time.monotonic())
        try:
            async with self.http.send(
                "GET",
                self.url,
                path,
                clearance=Clearance.NETWORK,
                timeouts=Timeouts(seconds, seconds, seconds),
                deadline=self.deadline,
            ) as response:
                body = await response.read(ANSWER_BYTES)
                return Said(response.status, response.headers, _value(body), response.where)
        except HomewardError:
            return Said()

    async def all(self, *paths: str) -> list[Said]:
        return await asyncio.gather(*(self.get(path) for path in paths))


def _value(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return body[:200].decode("utf-8", "replace")


async def identify(ask: Asker, usual: str) -> Found | None:
    """What listens there; None if it is no model server, which one GET tells.

    ``usual`` is the kind to suppose for a server that shows nothing without a key.
    """
    said = await ask.get("/v1/models")
    if "x-homeward" in said.headers:
        return Found("homeward", f"{ask.url}/v1")
    if said.headers.get("server", "").startswith("llama.cpp"):
        return await _llama_cpp(ask, said)
    listed = said.status == 200 and isinstance(said.value, dict) and "data" in said.value
    if not listed and not said.locked:
        return None
    items = said.dicts("data")
    owners = {str(item.get("owned_by", "")) for item in items}
    if owners == {"llamacpp"}:
        return await _llama_cpp(ask, said)
    if "vllm" in owners and any("max_model_len" in item for item in items):
        version = (await ask.get("/version")).text("version")
        return _openai("vllm", ask, said, version)
    if len(owners) == 1 and (kind := OWNERS.get(next(iter(owners)))):
        return _openai(kind, ask, said)
    if owners == {"humanity"} or _has_old_gpt4all_mark(items):
        return _openai("gpt4all", ask, said)
    return await _by_addresses(ask, said, usual)


async def _by_addresses(ask: Asker, said: Said, usual: str) -> Found:
    """Signs that only one kind gives; then Ollama's three; then what is left."""
    kobold, localai, new, old, tgi = await ask.all(
        "/api/extra/version",
        "/.well-known/localai.json",
        "/api/v1/models",
        "/api/v0/models",
        "/info",
    )
    if kobold.text("result") == "KoboldCpp" and "llm" in kobold.value:
        return _openai("koboldcpp", ask, said, kobold.text("version"))
    if localai.text("version") and isinstance(localai.value.get("endpoints"), dict):
        return _openai("localai", ask, said, localai.text("version"))
    if any("loaded_instances" in item for item in new.dicts("models")):
        return _lm_studio(ask, new.dicts("models"), "key", locked=said.locked)
    if any("compatibility_type" in item for item in old.dicts("data")):
        return _lm_studio(ask, old.dicts("data"), "id", locked=said.locked)
    if tgi.text("model_id") and tgi.text("version"):
        return _openai("tgi", ask, said, tgi.text("version"))
    version, root, running = await ask.all("/api/version", "/", "/api/ps")
    if (
        version.text("version")
        and root.value == "Ollama is running"
        and isinstance(running.value, dict)
        and "models" in running.value
    ):
        return await _ollama(ask, version.text("version"))
    if said.locked:
        return Found(usual, ask.url if usual == "ollama" else f"{ask.url}/v1", needs_key=True)
    return _openai("mlx" if _is_mlx(said) else "openai", ask, said)


def _openai(kind: str, ask: Asker, said: Said, version: str = "") -> Found:
    models = [
        FoundModel(name, context=_count(item, "max_model_len"))
        for item in said.dicts("data")[:MOST_MODELS]
        if (name := _name(item, "id"))
    ]
    return Found(kind, f"{ask.url}/v1", tuple(models), said.locked, version)


async def _llama_cpp(ask: Asker, said: Said) -> Found:
    """Its list of models is public; whether the rest wants a key is asked of /props."""
    props = await ask.get("/props")
    settings = (
        props.value.get("default_generation_settings") if isinstance(props.value, dict) else None
    )
    models: list[FoundModel] = []
    for item in said.dicts("data")[:MOST_MODELS]:
        meta = item.get("meta")
        context = _count(settings, "n_ctx") or _count(meta, "n_ctx_train")
        if name := _name(item, "id"):
            models.append(FoundModel(name, size_bytes=_count(meta, "size"), context=context))
    locked = said.locked or props.status in (401, 403)
    return Found("llama.cpp", f"{ask.url}/v1", tuple(models), locked, props.text("build_info"))


async def _ollama(ask: Asker, version: str) -> Found:
    tags = await ask.get("/api/tags")
    models: list[FoundModel] = []
    for item in tags.dicts("models")[:MOST_MODELS]:
        if not (name := _name(item, "name") or _name(item, "model")):
            continue
        cloud = item.get("remote_host") or item.get("remote_model")
        far = bool(cloud) or is_cloud(name)
        models.append(
            FoundModel(
                name,
                where=Clearance.WORLD if far else tags.where,
                size_bytes=_count(item, "size"),
                context=_count(item.get("details"), "context_length"),
                capabilities=_words(item.get("capabilities")),
            )
        )
    return Found("ollama", ask.url, tuple(models), tags.locked, version)


def _lm_studio(ask: Asker, items: list[dict[str, Any]], key: str, *, locked: bool) -> Found:
    models: list[FoundModel] = []
    for item in items[:MOST_MODELS]:
        if not (name := _name(item, key)):
            continue
        embeds = str(item.get("type", "")).startswith("embedding")
        models.append(
            FoundModel(
                name,
                size_bytes=_count(item, "size_bytes"),
                context=_count(item, "max_context_length"),
                capabilities=frozenset({"embedding" if embeds else "completion"}),
            )
        )
    return Found("lmstudio", f"{ask.url}/v1", tuple(models), locked)


def _is_mlx(said: Said) -> bool:
    """mlx_lm.server is Python's own server, and says nothing of its models but their names."""
    items = said.dicts("data")
    plain = bool(items) and all(set(item) <= {"id", "object", "created"} for item in items)
    return plain and said.headers.get("server", "").startswith("BaseHTTP/")


def _has_old_gpt4all_mark(items: list[dict[str, Any]]) -> bool:
    permissions = (item.get("permissions") for item in items)
    marks = (p[0] for p in permissions if isinstance(p, list) and p)
    return any(_text(mark, "id") == "foobarbaz" for mark in marks)


# ---------------------------------------------------------------- reading what strangers say


def _text(value: Any, key: str) -> str:
    found = value.get(key) if isinstance(value, dict) else None
    return found[:200] if isinstance(found, str) else ""


def _name(item: dict[str, Any], key: str) -> str:
    """A model's name, unless it is too long or would do something to a terminal."""
    name = item.get(key)
    return name if isinstance(name, str) and name.isprintable() and len(name) <= 300 else ""


def _count(value: Any, key: str) -> int | None:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None


def _words(value: Any) -> frozenset[str]:
    words = value if isinstance(value, list) else []
    return frozenset(word for word in words if isinstance(word, str))
