"""Every URL in one list. This is where a request enters."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from msgspec import json

from homeward import __version__
from homeward.errors import ModelError, Overloaded
from homeward.gateway.access.auth import authorise
from homeward.gateway.access.cors import preflight
from homeward.gateway.answers.shapes import ANTHROPIC, OLLAMA, OPENAI, Shape
from homeward.gateway.exchange import Exchange, Left
from homeward.gateway.gateway import Gateway
from homeward.gateway.refused import Refused
from homeward.gateway.urls import anthropic, machine, openai, own, queue
from homeward.gateway.urls.ollama import asking, models, pull, stock
from homeward.gateway.urls.url import Url
from homeward.wire.fields import shown


async def openapi(gateway: Gateway, exchange: Exchange) -> None:
    """Our own schema. It is asked for rarely, and needs the list below."""
    from homeward.gateway.urls.schema import document

    await exchange.reply(200, json.encode(document(URLS)))


URLS: Sequence[Url] = (
    Url("GET", "/", asking.root, OLLAMA, "open"),
    Url("HEAD", "/", asking.root, OLLAMA, "open"),
    Url("GET", "/healthz", own.healthz, OPENAI, "open"),
    Url("GET", "/readyz", own.readyz, OPENAI, "open"),
    Url("GET", "/metrics", own.metrics, OPENAI),
    *(  # a base URL is often set without its /v1
        url
        for base in ("/v1", "")
        for url in (
            Url("GET", f"{base}/models", openai.models, OPENAI),
            Url("GET", f"{base}/models/{{model}}", openai.model, OPENAI),
            Url("POST", f"{base}/chat/completions", openai.chat, OPENAI),
            Url("POST", f"{base}/completions", openai.completions, OPENAI),
            Url("POST", f"{base}/fim/completions", openai.fim, OPENAI),
            Url("POST", f"{base}/responses", openai.responses, OPENAI),
            Url("POST", f"{base}/embeddings", openai.embeddings, OPENAI),
        )
    ),
    Url("POST", "/v1/messages", anthropic.messages, ANTHROPIC),
    Url("POST", "/v1/messages/count_tokens", anthropic.count_tokens, ANTHROPIC),
    Url("POST", "/api/chat", asking.chat, OLLAMA),
    Url("POST", "/api/generate", asking.generate, OLLAMA),
    Url("POST", "/api/embed", asking.embed, OLLAMA),
    Url("POST", "/api/embeddings", asking.embeddings, OLLAMA),
    Url("GET", "/api/version", asking.version, OLLAMA, "open"),
    Url("HEAD", "/api/version", asking.version, OLLAMA, "open"),
    Url("GET", "/api/tags", models.tags, OLLAMA),
    Url("HEAD", "/api/tags", models.tags, OLLAMA),
    Url("GET", "/api/ps", models.ps, OLLAMA),
    Url("POST", "/api/show", models.show, OLLAMA),
    Url("POST", "/api/pull", pull.pull, OLLAMA),
    Url("POST", "/api/create", stock.create, OLLAMA, "admin"),
    Url("POST", "/api/copy", stock.copy, OLLAMA, "admin"),
    Url("POST", "/api/push", stock.push, OLLAMA, "admin"),
    Url("DELETE", "/api/delete", stock.delete, OLLAMA, "admin"),
    Url("HEAD", "/api/blobs/{digest}", stock.has_blob, OLLAMA, "admin"),
    Url("POST", "/api/blobs/{digest}", stock.add_blob, OLLAMA, "admin"),
    Url("GET", "/homeward/decisions/{id}", own.decisions, OPENAI),
    Url("POST", "/homeward/explain", own.explain, OPENAI),
    Url("POST", "/homeward/feedback", own.feedback, OPENAI),
    Url("GET", "/homeward/queue", queue.queue, OPENAI),
    Url("GET", "/homeward/machine", machine.machine, OPENAI),
    Url("GET", "/homeward/openapi.json", openapi, OPENAI, "open"),
)

TAGS = [(b"x-homeward", __version__.encode())]
ID_HEADERS: Mapping[Shape, bytes] = {
    OPENAI: b"x-request-id",
    ANTHROPIC: b"request-id",
    OLLAMA: b"x-request-id",
}


class App:
    """The ASGI application over an open gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._exact = {(url.method, url.path): url for url in URLS if "{" not in url.path}
        self._open = [(url, url.path.partition("{")[0]) for url in URLS if "{" in url.path]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        gateway = self.gateway
        exchange = Exchange(scope, receive, send, gateway.new_id(), time.monotonic())
        url = self._exact.get((exchange.method, exchange.path)) or self._find(exchange)
        shape = shape_of(url, exchange)
        exchange.tags = [*TAGS, (ID_HEADERS[shape], exchange.id.encode())]
        try:
            exchange.caller = authorise(gateway, exchange, "open" if url is None else url.access)
            if url is None:
                await self._elsewhere(exchange)
            else:
                await url.endpoint(gateway, exchange)
        except Left:
            return
        except asyncio.CancelledError:  # the server stops, and its grace is over
            if not (exchange.status or exchange.gone):
                stopping = Refused(503, "the gateway is stopping: ask again", {"retry-after": "1"})
                await refuse(gateway, exchange, shape, stopping)
        except ModelError as error:
            await refuse(gateway, exchange, shape, error)
        except Exception:
            if not exchange.status:
                broken = Refused(500, "the gateway broke while it worked on this: see its log")
                await refuse(gateway, exchange, shape, broken)
            raise  # to the server's log

    def _find(self, exchange: Exchange) -> Url | None:
        """The URL whose path ends in anything."""
        path = exchange.path
        for url, start in self._open:
            if url.method == exchange.method and path.startswith(start) and path != start:
                exchange.tail = unquote(path[len(start) :])
                return url
        return None

    async def _elsewhere(self, exchange: Exchange) -> None:
        """What no row of the list answers: a preflight, else Refused (404, 405)."""
        path = exchange.path
        methods = {method for method, exact in self._exact if exact == path}
        methods |= {
            url.method for url, start in self._open if path.startswith(start) and path != start
        }
        if not methods:
            raise Refused(
                404, f"there is nothing at {shown(path)}; GET /homeward/openapi.json lists what is"
            )
        methods.add("OPTIONS")
        if exchange.method != "OPTIONS":
            allowed = ", ".join(sorted(methods))
            raise Refused(405, f"{shown(path)} takes {allowed}", {"allow": allowed})
        await preflight(exchange, methods)


def shape_of(url: Url | None, exchange: Exchange) -> Shape:
    """Whose errors: the URL's, but Anthropic's where its client asks for what OpenAI's has too."""
    if url is None:
        return OLLAMA if exchange.path.startswith("/api/") else OPENAI
    if url.shape is OPENAI and b"anthropic-version" in exchange.headers:
        return ANTHROPIC
    return url.shape


async def refuse(gateway: Gateway, exchange: Exchange, shape: Shape, error: ModelError) -> None:
    """Tell an error in the dialect of the URL. Nothing has been sent yet."""
    status = gateway.status_of(error)
    headers = error.headers if isinstance(error, Refused) else {}
    if isinstance(error, Overloaded) and error.retry_after is not None:
        headers = {"retry-after": str(max(1, round(error.retry_after)))}
    gateway.metrics.refused(status)
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await exchange.reply(status, shape(error), headers=pairs)
