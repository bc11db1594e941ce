"""IBM watsonx.ai's chat, in the cloud (IAM tokens) and on Cloud Pak for Data (Zen keys)."""

import asyncio
import base64
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode
from weakref import WeakKeyDictionary

import msgspec
from msgspec import Struct

from homeward.backends import egress
from homeward.backends.decoded import accepted, encoded, from_sse, key
from homeward.backends.http import Http, Response, Timeouts, borrowed
from homeward.backends.meter import Meter
from homeward.backends.prices import Price
from homeward.errors import ConfigError, Garbled, Unauthorized
from homeward.model import Request, Stream
from homeward.wire import watsonx as wire

IAM = "https://iam.cloud.ibm.com"
MARGIN = 300.0  # seconds before its end at which a token counts as spent
GRANT = "urn:ibm:params:oauth:grant-type:apikey"


class _Granted(Struct):
    access_token: str
    expires_in: float = 3600.0


@dataclass(eq=False)
class IamTokens:
    """Access tokens by IAM's address and API key, kept until shortly before they expire.

    However many calls need one at once, one asks IAM and the others wait for it.
    """

    _held: dict[tuple[str, str], tuple[str, float]] = field(
        default_factory=dict[tuple[str, str], tuple[str, float]], init=False, repr=False
    )
    _turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = field(
        default_factory=WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock],
        init=False,
        repr=False,
    )  # a lock that was waited for serves its own event loop only

    async def get(
        self, http: Http, iam: str, api_key: str, request: Request, spent: str = ""
    ) -> str:
        """A token other than ``spent``, which a server has refused."""
        async with self._turns.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
            token, ends = self._held.get((iam, api_key), ("", 0.0))
            if token in ("", spent) or time.monotonic() >= ends:
                granted = await _exchanged(http, iam, api_key, request)
                token = granted.access_token
                ends = time.monotonic() + granted.expires_in - MARGIN
                self._held[iam, api_key] = token, ends
            return token


async def _exchanged(http: Http, iam: str, api_key: str, request: Request) -> _Granted:
    async with http.send(
        "POST",
        iam,
        "/identity/token",
        headers={"content-type": "application/x-www-form-urlencoded", "accept": "application/json"},
        body=urlencode({"grant_type": GRANT, "apikey": api_key}).encode(),
        clearance=request.clearance,
        timeouts=Timeouts(first_byte=30, idle=30),
        deadline=request.deadline,
    ) as response:
        if response.status in (400, 401, 403):  # 400 is for a key that IAM doesn't know
            raise Unauthorized(
                f"IAM refused the API key (status {response.status}): "
                "set WATSONX_APIKEY, or api_key"
            )
        answer = await (await accepted(response, "")).read()
    try:
        return msgspec.json.decode(answer, type=_Granted)
    except msgspec.MsgspecError:
        raise Garbled(f"{iam} did not answer with an access token") from None


@dataclass(frozen=True)
class Watsonx:
    """A model of watsonx.ai, in a project or a space, or a ``deployment`` (an id) of one's own.

    Streams; tool calls come in pieces. ``url`` is the region's, such as
    ``https://us-south.ml.cloud.ibm.com``, or that of the cluster. With a ``username`` the key is a
    platform key of Cloud Pak for Data (``ZenApiKey``); else it is exchanged at ``iam`` for a
    token, which ``tokens`` holds: leaves may share one.
    """

    model: str
    url: str
    project_id: str | None = None
    space_id: str | None = None
    deployment: str | None = None
    username: str | None = None
    version: str = "2024-10-10"
    iam: str = IAM
    price: Price | None = None
    api_key: str | None = field(default=None, repr=False)  # WATSONX_APIKEY
    tokens: IamTokens = field(default_factory=IamTokens, repr=False, compare=False)
    http: Http | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if [self.project_id, self.space_id, self.deployment].count(None) != 2:
            raise ConfigError(
                "watsonx needs one of project_id, space_id and deployment, and only one"
            )
        for url in (self.url, self.iam):
            egress.parse(url)

    async def chat(self, request: Request) -> Stream:
        where = egress.expected(egress.parse(self.url)[0])
        meter = Meter(self.model, where, self.price)
        async with aclosing(meter.read(self._ask(request), request)) as events:
            async for event in events:
                yield event

    def priced(self) -> Price | None:
        return self.price

    async def _ask(self, request: Request) -> Stream:
        async with (
            borrowed(self.http) as http,
            self._answer(http, request) as response,
            aclosing(from_sse(response, wire.Decoder(request.sampling.logprobs))) as events,
        ):
            async for event in events:
                yield event

    @asynccontextmanager
    async def _answer(self, http: Http, request: Request) -> AsyncGenerator[Response, None]:
        """The answer's head. A token that ended early (401) is replaced once."""
        secret = key(self.api_key, "WATSONX_APIKEY", self.url if self.username else self.iam)
        if secret is None:
            raise Unauthorized("no key for watsonx: set WATSONX_APIKEY, or api_key")
        # A deployment knows its model, and takes neither its name nor a project.
        model = "" if self.deployment else self.model
        body = wire.encode_request(
            request, model, project_id=self.project_id, space_id=self.space_id
        )
        place = f"deployments/{quote(self.deployment, safe='')}/" if self.deployment else ""
        path = f"/ml/v1/{place}text/chat_stream?version={quote(self.version)}"
        spent = ""
        while True:
            if self.username is not None:
                pair = base64.b64encode(f"{self.username}:{secret}".encode()).decode()
                authorization = f"ZenApiKey {pair}"
            else:
                token = await self.tokens.get(http, self.iam, secret, request, spent)
                authorization = f"Bearer {token}"
            async with http.send(
                "POST",
                self.url,
                path,
                headers={"authorization": authorization, "accept": "text/event-stream"},
                body=encoded(body),
                clearance=request.clearance,
                deadline=request.deadline,
            ) as response:
                if response.status == 401 and self.username is None and not spent:
                    spent = token
                    continue
                yield await accepted(response, self.model)
                return
