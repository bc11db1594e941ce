"""Traces, told to the collector that ``serve.otlp`` names; without it, to nobody.

They go out over OTLP/HTTP in JSON (https://opentelemetry.io/docs/specs/otlp/), through the one way
out that everything here takes. A request only puts what is known of it into a queue. A collector
that does not answer costs traces and nothing else: when the queue is full, the oldest are dropped.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import islice

from msgspec import json

from homeward import __version__
from homeward.backends import egress
from homeward.backends.http import Http, Timeouts
from homeward.errors import ConfigError, ModelError, Rejected, Unreachable
from homeward.gateway.accounting.trouble import Trouble
from homeward.gateway.beside import beside
from homeward.gateway.observability.spans import Parent, batch, parent_of, spans
from homeward.gateway.settings import Settings
from homeward.model import Clearance, Event, Seconds
from homeward.store.records import Entry

EVERY: Seconds = 2.0
LAST: Seconds = 3.0  # for what is left when the gateway stops
MOST = 4096  # requests that wait
AT_ONCE = 512  # requests in one message
PATIENCE = Timeouts(connect=5, first_byte=10, idle=10)
LATER = (429, 502, 503, 504)  # as the protocol says; any other refusal is final


class Telemetry:
    """``dropped`` are requests whose spans nobody got. ``providers`` are by model."""

    def __init__(
        self,
        endpoint: str,
        headers: Mapping[str, str],
        http: Http,
        providers: Mapping[str, str],
    ) -> None:
        self.dropped = 0
        self._endpoint = endpoint.rstrip("/").removesuffix("/v1/traces")
        self._headers = {**headers, "content-type": "application/json"}
        self._http = http
        self._providers = providers
        self._waiting: deque[tuple[Entry, Sequence[Event], Parent | None]] = deque()
        self._trouble = Trouble(
            f"the collector at {self._endpoint}", "traces wait, and the oldest go"
        )

    def tell(self, entry: Entry, notes: Sequence[Event], traceparent: bytes | None) -> None:
        """Soon. A caller that has chosen not to trace its request is heeded."""
        parent = parent_of(traceparent)
        if parent is not None and not parent.sampled:
            return
        if len(self._waiting) >= MOST:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append((entry, notes, parent))

    async def flush(self, deadline: float | None = None) -> None:
        """Send what waits, until all of it is sent or some is not taken."""
        while self._waiting:
            told = list(islice(self._waiting, AT_ONCE))
            try:
                await self._send(told, deadline)
            except Rejected as error:
                self._trouble.failed(error)
                self.dropped += len(told)
            except ModelError as error:  # it may be back soon
                self._trouble.failed(error)
                return
            else:
                self._trouble.succeeded()
            for each in told:
                if self._waiting and self._waiting[0] is each:  # else dropped meanwhile
                    self._waiting.popleft()

    async def _send(
        self, told: Sequence[tuple[Entry, Sequence[Event], Parent | None]], deadline: float | None
    ) -> None:
        made = [span for each in told for span in spans(*each, self._providers)]
        async with self._http.send(
            "POST",
            self._endpoint,
            "/v1/traces",
            headers=self._headers,
            body=json.encode(batch(__version__, made)),
            clearance=Clearance.WORLD,  # the operator wrote the address, and no contents go there
            timeouts=PATIENCE,
            deadline=deadline,
        ) as response:
            await response.read()
            if response.status in LATER:
                raise Unreachable(f"it answers with status {response.status}")
            if response.status >= 300:
                raise Rejected(f"it answers with status {response.status}: check serve.otlp")


@asynccontextmanager
async def open_telemetry(
    settings: Settings, http: Http, providers: Mapping[str, str]
) -> AsyncGenerator[Telemetry | None]:
    """None where no collector is named. What waits at the end is sent."""
    if settings.otlp is None:
        yield None
        return
    try:
        egress.parse(settings.otlp)
    except ConfigError as error:
        raise ConfigError(f"serve.otlp: {error}") from None
    telemetry = Telemetry(settings.otlp, settings.otlp_headers, http, providers)

    async def send() -> None:
        while True:
            await asyncio.sleep(EVERY)
            await telemetry.flush()

    try:
        async with beside(send()):
            yield telemetry
    finally:
        await telemetry.flush(time.monotonic() + LAST)
