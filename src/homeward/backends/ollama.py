"""Ollama, over its native API: its /v1 loses num_ctx, think, keep_alive and truncate."""

import os
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from msgspec import json

from homeward.backends import egress
from homeward.backends.decoded import from_lines
from homeward.backends.embedder import Told, billed
from homeward.backends.http import Http, Timeouts, borrowed
from homeward.backends.meter import Meter
from homeward.backends.ollama_server import OllamaServer, Shown, address
from homeward.backends.ollama_windows import Added, Window, Windows, unread
from homeward.backends.passage import Passage
from homeward.backends.prices import Price
from homeward.completion import Completion
from homeward.embedding import Embeddings, Texts
from homeward.errors import Rejected
from homeward.model import Clearance, Decision, Event, Request, Stream, Usage, estimated_tokens
from homeward.wire import ollama as wire
from homeward.wire.ollama import embed, generate

RUNNER = frozenset(
    {"num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread", "draft_num_predict"}
)
"""Options of the process that runs the model: Ollama loads it anew when one of them changes."""


@dataclass(frozen=True)
class Ollama:
    """A model of an Ollama server. Streams; tool calls come whole, `tool_choice` is not known.

    ``num_ctx`` is the context window in tokens; Ollama's own default is 4096 on most machines.
    Where it is not set, the largest that a request asked for holds for all, and only grows: each
    change reloads the model (`homeward.backends.ollama_windows`). ``keep_alive`` is in
    seconds, or a text such as ``10m``; ``think`` is asked for only where set here or by the
    request's effort; ``options`` are Ollama's own, under those of the request, but for those that
    load the model anew (`RUNNER`), which are not for a request to set.

    Before each prompt /api/show is asked where the model runs. A cloud model needs the clearance
    ``world`` although the server is on this machine. A prompt that does not fit is TooLong: it
    is never shortened in silence (``truncate`` and ``shift`` are off). Of an older server, which
    knows neither, that is told by the count behind the last word: the answer ends with TooLong.
    """

    model: str
    base_url: str | None = None  # OLLAMA_HOST, or port 11434 of this machine
    num_ctx: int | None = None
    keep_alive: float | str | None = None
    think: bool | str | None = None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    price: Price | None = None
    api_key: str | None = field(default=None, repr=False)  # OLLAMA_API_KEY
    http: Http | None = field(default=None, repr=False, compare=False)
    windows: Windows = field(default_factory=Windows, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.base_url is not None:
            egress.parse(self.base_url)

    async def chat(self, request: Request) -> Stream:
        async with borrowed(self.http) as http:
            shown, where = await self.server.show(http, request.clearance, request.deadline)
            asked = wire.encode_request(request, self.model)
            body = await self._settled(http, asked, shown, request.clearance)
            raw = self._ask(http, "/api/chat", body, shown, request)
            async with aclosing(Meter(self.model, where, self.price).read(raw, request)) as events:
                async for event in events:
                    yield event

    async def complete(self, request: Completion) -> Stream:
        """Over /api/generate. A suffix is Rejected where the model has no ``insert``."""
        async with borrowed(self.http) as http:
            shown, where = await self.server.show(http, request.clearance, request.deadline)
            if request.suffix is not None and shown.lacks("insert"):
                raise Rejected(
                    f"{self.model} cannot fill in the middle: ask without a suffix, or a code "
                    "model of which `ollama show` says insert"
                )
            asked = generate.encode_request(request, self.model)
            body = await self._settled(http, asked, shown, request.clearance)
            raw = self._ask(http, "/api/generate", body, shown, request)
            meter = Meter(self.model, where, self.price)
            async with aclosing(meter.read(raw, request.as_request())) as events:
                async for event in events:
                    yield event

    async def embed(self, request: Texts, heard: list[Event] | None = None) -> Embeddings:
        """Over /api/embed: vectors of length 1. What is too long is TooLong, if not truncated."""
        async with borrowed(self.http) as http:
            _, where = await self.server.show(http, request.clearance, request.deadline)
            meter = Meter(self.model, where, self.price)
            return await billed(meter, request, lambda: self._vectors(http, request), heard)

    def passage(self, dialect: str) -> Passage | None:
        """A body of /api/chat goes on as it is, if it leaves alone what this leaf sets.

        What it does not say is added: ``truncate`` and ``shift``, which are on by default, and
        this leaf's own. Whether the model can think decides about ``think``: it must be read.
        """
        if dialect != wire.DIALECT or self.think is not None:
            return None
        server = self.server
        adds: dict[str, Any] = {"truncate": False, "shift": False}
        if own := self._options({}):
            adds["options"] = own
        if self.keep_alive is not None:
            adds["keep_alive"] = self.keep_alive

        async def check(http: Http, clearance: Clearance) -> Clearance:
            return (await server.show(http, clearance))[1]

        def cut(read: int, estimated: int) -> Decision | None:
            window = self._window.tokens
            return None if window is None else unread(read, window, estimated)

        return Passage(
            server.url,
            "/api/chat",
            self.model,
            server.headers(),
            Timeouts(),
            egress.expected(egress.parse(server.url)[0]),
            self.http,
            self.price,
            reads=frozenset({*adds, "options", "think"}),
            adds=Added(
                {name: json.encode(value) for name, value in adds.items()}, own, self._window
            ),
            any_case=True,
            check=check,
            unread=cut,
        )

    def priced(self) -> Price | None:
        return self.price

    @property
    def server(self) -> OllamaServer:
        url = self.base_url or address(os.environ.get("OLLAMA_HOST", ""))
        return OllamaServer(url, self.model, self.api_key)

    @property
    def _window(self) -> Window:
        """Fixed where this leaf sets it."""
        own = self.num_ctx or self.options.get("num_ctx")
        return Window(own) if own else self.windows.of(self.server.url, self.model)

    async def _ask(
        self,
        http: Http,
        path: str,
        body: dict[str, Any],
        shown: Shown,
        request: Request | Completion,
    ) -> Stream:
        window = body.get("options", {}).get("num_ctx")
        decoder = wire.Decoder(request.sampling.logprobs)
        async with (
            self.server.send(http, path, body, request.clearance, request.deadline) as response,
            aclosing(from_lines(response, decoder)) as events,
        ):
            async for event in events:
                yield event
                if window is not None and isinstance(event, Usage):
                    plain = request if isinstance(request, Request) else request.as_request()
                    most = min(window, shown.trained() or window)
                    if cut := unread(event.input_tokens, most, estimated_tokens(plain)):
                        yield cut

    async def _vectors(self, http: Http, request: Texts) -> Told:
        body = self._kept(embed.encode_request(request, self.model))
        async with self.server.send(
            http, "/api/embed", body, request.clearance, request.deadline
        ) as response:
            return embed.decode_answer(await response.read(), len(request.texts))

    async def _settled(
        self, http: Http, body: dict[str, Any], shown: Shown, clearance: Clearance
    ) -> dict[str, Any]:
        asked = body.get("options", {}).get("num_ctx")
        if isinstance(asked, int) and not (self.num_ctx or "num_ctx" in self.options):
            await self._window.grow(asked, self.server, http, shown, clearance)
        body = self._kept(body) | {"truncate": False, "shift": False}
        if self.think is not None:
            body.setdefault("think", self.think)
        if shown.lacks("thinking"):
            body.pop("think", None)  # Ollama answers 400 to any `think` for such a model
        return body

    def _kept(self, body: dict[str, Any]) -> dict[str, Any]:
        """With this leaf's options and ``keep_alive``; Ollama would read ``Options`` as well."""
        body = {name: value for name, value in body.items() if name.islower()}
        if options := self._options(body.pop("options", {})):
            body["options"] = options
        if self.keep_alive is not None:
            body["keep_alive"] = self.keep_alive
        return body

    def _options(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The request's go before the leaf's, but for those that would load the model anew."""
        own = dict(self.options)
        if (tokens := self._window.tokens) is not None:
            own["num_ctx"] = tokens
        return {**own, **{name: value for name, value in asked.items() if name not in RUNNER}}
