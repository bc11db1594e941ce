"""Replicate: a prediction is created, then its output is streamed, or polled where it cannot be."""

import asyncio
import re
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from dataclasses import dataclass, field
from math import inf
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from homeward.backends import egress
from homeward.backends.decoded import accepted, encoded, key
from homeward.backends.http import Http, Response, Timeouts, borrowed
from homeward.backends.meter import Meter
from homeward.backends.prices import Price
from homeward.errors import ConfigError, Garbled, ModelError, Unauthorized
from homeward.model import Request, Seconds, Stream
from homeward.wire import replicate as wire
from homeward.wire.replicate import Prediction, Urls
from homeward.wire.sse import Parser

HOSTED = "https://api.replicate.com/v1"
STREAMS = re.compile(r"https://(?:[a-z0-9-]+\.)+replicate\.(?:com|net)/")
"""Where the hosted service streams from."""
MODEL = re.compile(r"\w[\w-]*/\w[\w.-]*(:\w+)?", re.ASCII)
LONGEST_WAIT = 5.0  # seconds between two looks
PATIENT = Timeouts()
BRIEF = Timeouts(connect=2, first_byte=2, idle=2)  # for what nobody waits for


@dataclass(frozen=True)
class Replicate:
    """``model`` is ``owner/name``, ``owner/name:version``, or with ``deployment`` a deployment.

    Streams where the model does; otherwise it asks again every so often, ``poll`` seconds at
    first. Tools are not sent: the service has none. ``input`` are further inputs of the model,
    whose names differ from model to model. Hanging up cancels the prediction.
    """

    model: str
    deployment: bool = False
    input: Mapping[str, Any] = field(default_factory=dict[str, Any])
    poll: Seconds = 0.5
    base_url: str = HOSTED
    price: Price | None = None
    api_token: str | None = field(default=None, repr=False)  # REPLICATE_API_TOKEN
    http: Http | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        egress.parse(self.base_url)
        if not MODEL.fullmatch(self.model):
            raise ConfigError(f"{self.model!r} is no model: say owner/name or owner/name:version")

    async def chat(self, request: Request) -> Stream:
        where = egress.expected(egress.parse(self.base_url)[0])
        meter = Meter(self.model, where, self.price)
        async with aclosing(meter.read(self._ask(request), request)) as events:
            async for event in events:
                yield event

    def priced(self) -> Price | None:
        return self.price

    async def _ask(self, request: Request) -> Stream:
        async with borrowed(self.http) as http:
            urls = await self._create(http, request)
            done = False
            try:
                answer = self._stream if urls.stream else self._poll
                async with aclosing(answer(http, urls, request)) as events:
                    async for event in events:
                        yield event
                done = True
            finally:
                if not done:
                    await self._cancel(http, urls, request)

    async def _create(self, http: Http, request: Request) -> Urls:
        body = wire.encode_request(request, self.model)
        body["input"] = {**self.input, **body["input"]}
        kind = "deployments" if self.deployment else "models"
        path = "/predictions" if "version" in body else f"/{kind}/{self.model}/predictions"
        url, content = self.base_url.rstrip("/") + path, encoded(body)
        async with self._send(http, "POST", url, request, body=content) as response:
            created = wire.decode_prediction(await (await accepted(response, self.model)).read())
        if created.urls is None:
            raise Garbled(f"Replicate gave the prediction of {self.model} no address")
        return created.urls

    async def _stream(self, http: Http, urls: Urls, request: Request) -> Stream:
        frames, decoder = Parser(), wire.Decoder()
        async with (
            self._send(http, "GET", self._trusted(urls.stream or ""), request) as response,
            aclosing((await accepted(response, self.model)).chunks()) as chunks,
        ):
            async for chunk in chunks:
                for frame in frames.feed(chunk):
                    for event in decoder.feed(frame.data, frame.event):
                        yield event
                if decoder.done:
                    break
        for event in decoder.end():
            yield event
        usage = None
        with suppress(ModelError):  # the answer is whole; without this its tokens are estimated
            usage = (await self._look(http, urls, request, BRIEF))[0].usage
        if usage is not None:
            yield usage

    async def _poll(self, http: Http, urls: Urls, request: Request) -> Stream:
        wait = self.poll
        prediction, body = await self._look(http, urls, request, PATIENT)
        while not prediction.ended:
            left = inf if request.deadline is None else request.deadline - time.monotonic()
            await asyncio.sleep(max(0.0, min(wait, left)))
            wait = min(2 * wait, LONGEST_WAIT)
            prediction, body = await self._look(http, urls, request, PATIENT)
        for event in wire.decode_answer(body):
            yield event

    async def _look(
        self, http: Http, urls: Urls, request: Request, timeouts: Timeouts
    ) -> tuple[Prediction, bytes]:
        url = self._trusted(urls.get)
        async with self._send(http, "GET", url, request, timeouts) as response:
            body = await (await accepted(response, self.model)).read()
        return wire.decode_prediction(body), body

    async def _cancel(self, http: Http, urls: Urls, request: Request) -> None:
        """Best effort: whoever hung up must not wait, and must not hear of a failure here."""
        now = request.with_(deadline=None)  # which may have been what ended the answer
        with suppress(ModelError):
            async with self._send(http, "POST", self._trusted(urls.cancel), now, BRIEF):
                pass

    def _send(
        self,
        http: Http,
        method: str,
        url: str,
        request: Request,
        timeouts: Timeouts = PATIENT,
        body: bytes | None = None,
    ) -> AbstractAsyncContextManager[Response]:
        secret = key(self.api_token, "REPLICATE_API_TOKEN", self.base_url, HOSTED)
        if secret is None and self.base_url == HOSTED:
            raise Unauthorized("no key for Replicate: set REPLICATE_API_TOKEN, or api_token")
        parts = urlsplit(url)
        headers = {"accept": "text/event-stream"} if method == "GET" else {}
        if secret is not None and self._own(url):
            headers["authorization"] = f"Bearer {secret}"
        return http.send(
            method,
            f"{parts.scheme}://{parts.netloc}",
            urlunsplit(("", "", parts.path, parts.query, "")),
            headers=headers,
            body=body,
            clearance=request.clearance,
            timeouts=timeouts,
            deadline=request.deadline,
        )

    def _own(self, url: str) -> bool:
        """Whether an address is of the API itself: the key goes nowhere else."""
        ours, theirs = urlsplit(self.base_url), urlsplit(url)
        return (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)

    def _trusted(self, url: str) -> str:
        """An address that the service gave; Garbled when it leads to somebody else."""
        hosted = self.base_url == HOSTED and STREAMS.match(url)
        try:
            if hosted or self._own(url):
                return url
        except ValueError:
            pass  # it is no address at all
        raise Garbled(
            f"the prediction of {self.model} points to {url[:80]!r}, which is not at "
            f"{urlsplit(self.base_url).netloc}: if that is meant, mend base_url"
        )
