"""Anthropic's Messages API, and the servers that also speak it."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from homeward.backends import egress
from homeward.backends.decoded import accepted, encoded, from_sse, key
from homeward.backends.http import Http, Timeouts, borrowed
from homeward.backends.meter import Meter
from homeward.backends.passage import Passage
from homeward.backends.prices import Price, price_of
from homeward.errors import Unauthorized
from homeward.model import Request, Stream
from homeward.wire import anthropic_messages as wire

HOSTED = "https://api.anthropic.com"


@dataclass(frozen=True)
class Anthropic:
    """A model behind /v1/messages. Streams; tool calls come in pieces.

    The protocol wants a limit on every answer: ``max_tokens`` is it where the request has none.
    ``version`` is the ``anthropic-version`` header, ``headers`` are sent besides (betas, a
    gateway's own key). ``price`` goes before the one that Anthropic lists.
    """

    model: str
    base_url: str = HOSTED  # without /v1
    max_tokens: int = 8192
    version: str = "2023-06-01"
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    price: Price | None = None
    api_key: str | None = field(default=None, repr=False)  # ANTHROPIC_API_KEY
    http: Http | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        egress.parse(self.base_url)

    def chat(self, request: Request) -> Stream:
        where = egress.expected(egress.parse(self.base_url)[0])
        meter = Meter(self.model, where, self.priced(), self.max_tokens)
        return meter.read(self._ask(request, meter), request)

    def passage(self, dialect: str) -> Passage | None:
        """A body of /v1/messages goes on as it is, with a limit where it has none."""
        if dialect != wire.DIALECT:
            return None
        return Passage(
            self._root,
            "/v1/messages",
            self.model,
            self._headers(),
            Timeouts(),
            egress.expected(egress.parse(self.base_url)[0]),
            self.http,
            self.priced(),
            adds={"max_tokens": b"%d" % self.max_tokens},
        )

    def priced(self) -> Price | None:
        """Its own, or the list's where Anthropic itself is asked."""
        if self.price is None and self.base_url == HOSTED:
            return price_of("anthropic", self.model)
        return self.price

    async def _ask(self, request: Request, meter: Meter) -> Stream:
        if request.sampling.max_tokens is None:
            request = request.sampled(max_tokens=self.max_tokens)
        async with (
            borrowed(self.http) as http,
            http.send(
                "POST",
                self._root,
                "/v1/messages",
                headers=self._headers(),
                body=encoded(wire.encode_request(request, self.model)),
                clearance=request.clearance,
                deadline=request.deadline,
            ) as response,
        ):
            meter.where = response.where
            await accepted(response, self.model)
            if "json" in response.headers.get("content-type", ""):  # whatever it was asked
                for event in wire.decode_answer(await response.read()):
                    yield event
                return
            async with aclosing(from_sse(response, wire.Decoder())) as events:
                async for event in events:
                    yield event

    @property
    def _root(self) -> str:
        return self.base_url.rstrip("/").removesuffix("/v1")

    def _headers(self) -> dict[str, str]:
        secret = key(self.api_key, "ANTHROPIC_API_KEY", self.base_url, HOSTED)
        if secret is None and self.base_url == HOSTED:
            raise Unauthorized("no key for Anthropic: set ANTHROPIC_API_KEY, or api_key")
        known = {"anthropic-version": self.version}
        if secret is not None:
            known["x-api-key"] = secret
        return {**known, **{name.lower(): value for name, value in self.headers.items()}}
