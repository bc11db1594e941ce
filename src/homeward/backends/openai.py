"""OpenAI's protocol, which most servers speak: LM Studio, llama.cpp, vLLM, Groq and the rest.

`homeward.backends.presets` has their addresses and their differences.
"""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Literal

from homeward.backends import egress
from homeward.backends.decoded import accepted, encoded, from_sse
from homeward.backends.http import Http, Timeouts, borrowed
from homeward.backends.meter import Meter
from homeward.backends.presets import Preset, preset
from homeward.errors import ConfigError
from homeward.model import Clearance, Request, Seconds, Stream
from homeward.wire import openai_chat, openai_responses


@dataclass(frozen=True)
class OpenAI:
    """A model of any compatible server. Streams; tools, images, logprobs and schemas as it can.

    ``at`` is a name of `homeward.backends.presets.PRESETS`, ``base_url`` another address for it.
    A key is ``api_key``, or the variable that the preset names, which goes to the preset's own
    address only. ``headers`` are sent too, last. ``deployment`` is the id of a model with an
    address of its own (Baseten). ``api`` chooses between chat completions and responses.
    ``where`` is the place shown until the server has answered.
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

    async def chat(self, request: Request) -> Stream:
        meter = Meter(self.model, self._expected())
        async with aclosing(meter.read(self._ask(request, meter), request)) as events:
            async for event in events:
                yield event

    async def _ask(self, request: Request, meter: Meter) -> Stream:
        known, wire = self.preset, WIRES[self.api]
        base_url = known.address(self.at, self.base_url, self.deployment)
        headers = {**known.credentials(self.at, self.api_key, base_url), **self.headers}
        async with (
            borrowed(self.http) as http,
            http.send(
                "POST",
                base_url,
                wire.path,
                headers=headers,
                body=encoded(self._body(request)),
                clearance=request.clearance,
                timeouts=Timeouts(self.connect, self.first_byte, self.idle),
                deadline=request.deadline,
            ) as response,
        ):
            meter.where = response.where
            await accepted(response, self.model)
            if "event-stream" in response.headers.get("content-type", "event-stream"):
                async with aclosing(
                    from_sse(response, wire.codec.Decoder(request.sampling.logprobs))
                ) as events:
                    async for event in events:
                        yield event
            else:  # some servers answer in one piece, whatever they were asked
                for event in wire.codec.decode_answer(
                    await response.read(), request.sampling.logprobs
                ):
                    yield event

    def _body(self, request: Request) -> dict[str, Any]:
        known = self.preset
        if self.api == "responses":
            return openai_responses.encode_request(request, self.model)
        body = openai_chat.encode_request(
            request,
            self.model,
            max_tokens_field=known.max_tokens,
            reasoning_field=known.reasoning,
        )
        names = dict(known.renames)
        return {names.get(n, n): value for n, value in body.items() if n not in known.drops}

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


WIRES = {
    "chat": _Wire("/chat/completions", openai_chat),
    "responses": _Wire("/responses", openai_responses),
}
