"""OpenAI's protocol, which most servers speak: LM Studio, llama.cpp, vLLM, Groq and the rest.

`homeward.backends.presets` has their addresses and their differences.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field
from typing import Any, Literal

from homeward.backends import egress
from homeward.backends.completions import Written, written
from homeward.backends.decoded import accepted, encoded, from_sse
from homeward.backends.embedder import Told, billed
from homeward.backends.http import Http, Response, Timeouts, borrowed
from homeward.backends.meter import Meter
from homeward.backends.passage import Passage
from homeward.backends.presets import Preset, preset
from homeward.backends.prices import Price, price_of
from homeward.completion import Completion
from homeward.embedding import Embeddings, Texts
from homeward.errors import ConfigError
from homeward.model import Clearance, Event, Request, Seconds, Stream
from homeward.wire import openai_chat, openai_embeddings, openai_responses


@dataclass(frozen=True)
class OpenAI:
    """A model of any compatible server. Streams; tools, images, logprobs and schemas as it can.
    Embeds, and goes on with texts, where the server does.

    ``at`` is a name of `homeward.backends.presets.PRESETS`, ``base_url`` another address for it.
    A key is ``api_key``, or the variable that the preset names, which goes to the preset's own
    address only. ``headers`` are sent too, last. ``deployment`` is the id of a model with an
    address of its own (Baseten). ``api`` chooses between chat completions and responses.
    ``where`` is the place shown until the server has answered. ``price`` goes before the one that
    the service lists.
    """

    model: str
    at: str = "openai"
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    deployment: str | None = None
    api: Literal["chat", "responses"] = "chat"
    where: Clearance | None = None
    connect: Seconds = 5.0
    first_byte: Seconds = 600.0
    idle: Seconds = 120.0
    price: Price | None = None
    http: Http | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = self.preset
        if self.base_url is not None:
            egress.parse(self.base_url)
        if self.deployment is not None:
            if not known.dedicated:
                raise ConfigError(f"{self.at} gives no model an address of its own: set base_url")
            if not self.deployment.replace("-", "").isalnum():
                raise ConfigError(f"deployment is an id, which {self.deployment!r} is not")
        if self.api not in ("chat", "responses"):
            raise ConfigError(f"api is {self.api!r}: say chat or responses")

    @property
    def preset(self) -> Preset:
        return preset(self.at)

    def chat(self, request: Request) -> Stream:
        meter = Meter(self.model, self._expected(), self.priced())
        return meter.read(self._ask(request, meter), request)

    async def complete(self, request: Completion) -> Stream:
        """Go on with a text, or fill in its middle, as the preset's ``middle`` says.

        llama.cpp fills in from what is nearest: of a long prompt or suffix, the far end is not
        read. A server that has no suffix and does not say so (KoboldCpp, TGI) drops it.
        """
        meter = Meter(self.model, self._expected(), self.priced())
        raw = self._ask(request, meter)
        async with aclosing(meter.read(raw, request.as_request())) as events:
            async for event in events:
                yield event

    async def embed(self, request: Texts, heard: list[Event] | None = None) -> Embeddings:
        """One vector for each text. A text that is too long is refused, with ``truncate`` too."""
        meter = Meter(self.model, self._expected(), self.priced())
        return await billed(meter, request, lambda: self._vectors(request, meter), heard)

    def passage(self, dialect: str) -> Passage | None:
        """A body of this leaf's own protocol goes on as it is."""
        if dialect != WIRES[self.api].dialect:
            return None
        known = self.preset
        reads = {*known.drops, *(name for name, _ in known.renames)}
        if known.max_tokens != "max_tokens":
            reads.add("max_tokens")
        address = self._address()
        return Passage(
            address,
            WIRES[self.api].path,
            self.model,
            self._headers(address),
            Timeouts(self.connect, self.first_byte, self.idle),
            self._expected(),
            self.http,
            self.priced(),
            reads=frozenset(reads),
        )

    def priced(self) -> Price | None:
        """Its own, or the list's. Servers of one's own are free, and other services not known."""
        listed = self.deployment is None and (
            self.base_url is None or self.preset.is_own(self.base_url)
        )
        if self.price is None and listed and self._expected() is Clearance.WORLD:
            return price_of(self.at, self.model)
        return self.price

    async def _ask(self, request: Request | Completion, meter: Meter) -> Stream:
        asked, logprobs = self._written(request), request.sampling.logprobs
        async with (
            borrowed(self.http) as http,
            self._send(http, asked.base_url, asked.path, asked.body, request) as response,
        ):
            meter.where = response.where
            await accepted(response, self.model)
            if "event-stream" in response.headers.get("content-type", "event-stream"):
                decoder = asked.codec.Decoder(logprobs)
                async with aclosing(from_sse(response, decoder)) as events:
                    async for event in events:
                        yield event
            else:  # some servers answer in one piece, whatever they were asked
                for event in asked.codec.decode_answer(await response.read(), logprobs):
                    yield event

    async def _vectors(self, request: Texts, meter: Meter) -> Told:
        body, address = openai_embeddings.encode_request(request, self.model), self._address()
        # a socket has no path to put /v1 into, and llama.cpp's /embeddings has another form
        path = "/v1/embeddings" if address.startswith("unix:") else "/embeddings"
        async with (
            borrowed(self.http) as http,
            self._send(http, address, path, body, request) as response,
        ):
            meter.where = response.where
            await accepted(response, self.model)
            return openai_embeddings.decode_answer(await response.read(), len(request.texts))

    def _send(
        self,
        http: Http,
        base_url: str,
        path: str,
        body: Mapping[str, Any],
        request: Request | Completion | Texts,
    ) -> AbstractAsyncContextManager[Response]:
        return http.send(
            "POST",
            base_url,
            path,
            headers=self._headers(base_url),
            body=encoded(body),
            clearance=request.clearance,
            timeouts=Timeouts(self.connect, self.first_byte, self.idle),
            deadline=request.deadline,
        )

    def _address(self) -> str:
        return self.preset.address(self.at, self.base_url, self.deployment)

    def _headers(self, base_url: str) -> dict[str, str]:
        return {**self.preset.credentials(self.at, self.api_key, base_url), **self.headers}

    def _written(self, request: Request | Completion) -> Written:
        if isinstance(request, Completion):
            return written(request, self.preset, self._address(), self.model)
        wire = WIRES[self.api]
        return Written(self._address(), wire.path, self._body(request), wire.codec)

    def _body(self, request: Request) -> dict[str, Any]:
        known = self.preset
        if self.api == "responses":
            return openai_responses.encode_request(request, self.model, stream=request.stream)
        body = openai_chat.encode_request(
            request,
            self.model,
            stream=request.stream,
            max_tokens_field=known.max_tokens,
            reasoning_field=known.reasoning,
        )
        return known.spoken(body)

    def _expected(self) -> Clearance:
        if self.where is not None:
            return self.where
        if self.base_url is None:
            return self.preset.where
        return egress.expected(egress.parse(self.base_url)[0])


@dataclass(frozen=True)
class _Wire:
    path: str
    codec: Any
    dialect: str


WIRES = {
    "chat": _Wire("/chat/completions", openai_chat, "openai_chat"),
    "responses": _Wire("/responses", openai_responses, "openai_responses"),
}
