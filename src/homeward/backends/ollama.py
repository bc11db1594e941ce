"""Ollama, over its native /api/chat: its /v1 loses num_ctx, think, keep_alive and truncate."""

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from math import inf
from typing import Any

import msgspec
from msgspec import Struct

from homeward.backends import egress
from homeward.backends.decoded import accepted, encoded, from_lines, key
from homeward.backends.http import Http, Response, borrowed
from homeward.backends.meter import Meter
from homeward.errors import Forbidden, Garbled
from homeward.model import Clearance, Decision, Request, Stream, Usage
from homeward.wire import ollama as wire

PORT = 11434


class _Shown(Struct):
    """What /api/show says of a model. ``remote_host`` is set for one that runs elsewhere."""

    remote_host: str = ""
    capabilities: list[str] | None = None  # older servers do not say


@dataclass(frozen=True)
class Ollama:
    """A model of an Ollama server. Streams; tool calls come whole, `tool_choice` is not known.

    ``num_ctx`` is the context window in tokens. Set it, and to one value per model: Ollama's own
    default is 4096 on most machines, and each change reloads the model. ``keep_alive`` is in
    seconds, or a text such as ``10m``; ``think`` is asked for only where set here or by the
    request's effort; ``options`` are Ollama's own, under those of the request.

    Before each prompt /api/show is asked where the model runs. A cloud model needs the clearance
    ``world`` although the server is on this machine. A prompt that does not fit is TooLong: it
    is never shortened in silence (``truncate`` and ``shift`` are off).
    """

    model: str
    base_url: str | None = None  # OLLAMA_HOST, or port 11434 of this machine
    num_ctx: int | None = None
    keep_alive: float | str | None = None
    think: bool | str | None = None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    api_key: str | None = field(default=None, repr=False)  # OLLAMA_API_KEY
    http: Http | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.base_url is not None:
            egress.parse(self.base_url)

    async def chat(self, request: Request) -> Stream:
        url = self.base_url or address(os.environ.get("OLLAMA_HOST", ""))
        if self._is_cloud_name:  # refused before the server hears of anything
            self._need_world(request, "ollama.com")
        async with borrowed(self.http) as http:
            shown, where = await self._show(http, url, request)
            raw = self._ask(http, url, shown, request)
            async with aclosing(Meter(self.model, where).read(raw, request)) as events:
                async for event in events:
                    yield event

    async def _ask(self, http: Http, url: str, shown: _Shown, request: Request) -> Stream:
        body = encoded(self._body(request, shown))
        decoder = wire.Decoder(request.sampling.logprobs)
        async with (
            self._send(http, url, "/api/chat", body, request) as response,
            aclosing(from_lines(response, decoder)) as events,
        ):
            async for event in events:
                yield event
                if isinstance(event, Usage) and event.input_tokens >= (self.num_ctx or inf):
                    yield self._filled(event.input_tokens)

    def _body(self, request: Request, shown: _Shown) -> dict[str, Any]:
        body = wire.encode_request(request, self.model)
        body |= {"truncate": False, "shift": False}
        options = {**self.options, **body.get("options", {})}
        if self.num_ctx is not None:
            options["num_ctx"] = self.num_ctx
        if options:
            body["options"] = options
        if self.keep_alive is not None:
            body["keep_alive"] = self.keep_alive
        if self.think is not None:
            body.setdefault("think", self.think)
        if shown.capabilities is not None and "thinking" not in shown.capabilities:
            body.pop("think", None)  # Ollama answers 400 to any `think` for such a model
        return body

    @property
    def _is_cloud_name(self) -> bool:
        return self.model.lower().endswith((":cloud", "-cloud"))

    async def _show(self, http: Http, url: str, request: Request) -> tuple[_Shown, Clearance]:
        """What the server says of the model, and where it runs."""
        body = encoded({"model": self.model})
        async with self._send(http, url, "/api/show", body, request) as response:
            where, answer = response.where, await response.read()
        try:
            shown = msgspec.json.decode(answer, type=_Shown)
        except msgspec.MsgspecError as error:
            raise Garbled(
                f"{url}/api/show does not answer as Ollama does ({error}): is base_url right?"
            ) from None
        if shown.remote_host:
            self._need_world(request, shown.remote_host)
        return shown, Clearance.WORLD if shown.remote_host or self._is_cloud_name else where

    def _need_world(self, request: Request, host: str) -> None:
        if request.clearance < Clearance.WORLD:
            raise Forbidden(
                f"Ollama passes {self.model} on to {host}, and this request may not go beyond "
                f"{request.clearance.name.lower()}: to allow it, say `clearance: world`"
            )

    @asynccontextmanager
    async def _send(
        self, http: Http, url: str, path: str, body: bytes, request: Request
    ) -> AsyncGenerator[Response, None]:
        secret = key(self.api_key, "OLLAMA_API_KEY", url)
        async with http.send(
            "POST",
            url,
            path,
            headers={"authorization": f"Bearer {secret}"} if secret else {},
            body=body,
            clearance=request.clearance,
            deadline=request.deadline,
        ) as response:
            yield await accepted(response, self.model)

    def _filled(self, tokens: int) -> Decision:
        """Servers older than ``truncate`` cut the oldest part and say so only by this number."""
        return Decision(
            by="ollama",
            chose="cut",
            because=f"the prompt filled the window of {self.num_ctx} tokens, so its oldest part "
            "may not have been read: raise num_ctx, or shorten it",
            numbers={"input_tokens": tokens, "num_ctx": self.num_ctx or 0},
        )


def address(host: str) -> str:
    """The base URL that ``OLLAMA_HOST`` means: a host, a port, both, or a whole URL.

    As Ollama's own client reads it: 11434 is the port where no scheme is said.
    """
    scheme, found, rest = host.strip().partition("://")
    if not found:
        scheme, rest = "http", scheme
    authority, _, path = rest.partition("/")
    name, _, port = authority.rpartition(":")
    bare_ipv6 = authority.count(":") > 1 and "[" not in authority
    if ":" not in authority or authority.endswith("]") or bare_ipv6:
        name, port = authority, ""
    name = name or "127.0.0.1"
    if ":" in name and not name.startswith("["):
        name = f"[{name}]"
    if not port.isdecimal():
        port = "" if found else str(PORT)
    return f"{scheme}://{name}{':' + port if port else ''}{'/' + path if path else ''}".rstrip("/")
