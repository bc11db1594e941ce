"""The gateway's state: what every endpoint is given."""

import asyncio
import itertools
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from homeward.backends.http import Http
from homeward.backends.llamas import Llamas
from homeward.config import Config
from homeward.errors import AllFailed, ModelError, ModelMissing, Unauthorized
from homeward.gateway.accounting.books import open_books
from homeward.gateway.accounting.journal import Journal
from homeward.gateway.accounting.keyring import Caller, Keyring
from homeward.gateway.accounting.lending import Lending
from homeward.gateway.experiments import Experimenting, open_experiments
from homeward.gateway.names import alike
from homeward.gateway.observability.decisions import Decisions
from homeward.gateway.observability.lag import watched
from homeward.gateway.observability.machine import Observed, observed
from homeward.gateway.observability.metrics import Metrics
from homeward.gateway.observability.spans import providers_of
from homeward.gateway.observability.telemetry import Telemetry, open_telemetry
from homeward.gateway.refused import Refused
from homeward.gateway.routes import Route, routes_of
from homeward.gateway.settings import Settings
from homeward.gateway.traffic.traffic import Traffic
from homeward.house import House, open_house, pick
from homeward.model import Clearance
from homeward.store.experiments import experiments_in
from homeward.store.protocols import Ledger
from homeward.wire.fields import shown

LONGEST_NAME = 300


@dataclass(eq=False)
class Gateway:
    """Made by `open_gateway`. ``known_hosts`` are ``Host`` headers that were found to be ours.

    ``llamas`` runs the models that were pulled since, one pull at a time holding ``pulling``.
    ``opened`` is in seconds since 1970.
    """

    house: House
    settings: Settings
    routes: dict[str, Route]
    http: Http
    ledger: Ledger
    journal: Journal
    keyring: Keyring
    lending: Lending | None = None
    metrics: Metrics = field(default_factory=Metrics)
    telemetry: Telemetry | None = None
    experimenting: Experimenting | None = None
    decisions: Decisions = field(default_factory=Decisions)
    known_hosts: set[bytes] = field(default_factory=set[bytes])
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    prefix: str = field(default_factory=lambda: secrets.token_hex(6))
    traffic: Traffic = field(default_factory=Traffic)
    machine: Observed = field(default_factory=Observed)
    llamas: Llamas = field(default_factory=Llamas)
    pulling: asyncio.Lock = field(default_factory=asyncio.Lock)
    opened: float = field(default_factory=time.time)

    @property
    def clearance(self) -> Clearance:
        return self.house.clearance

    def new_id(self) -> str:
        return f"{self.prefix}{next(self.ids):06x}"

    def route(self, caller: Caller, name: str) -> Route:
        """The route of that name (empty: the default). ModelMissing, Refused (403).

        The one place where a name becomes a route, so that no URL forgets to ask whether the
        caller may call it. Ollama's clients put ``:latest`` behind a name, in any case.
        """
        routes = self.routes
        found = routes.get(name or self.house.default)
        if found is None:
            found = routes.get(alike(routes, name))
        if found is None:
            if len(name) > LONGEST_NAME:  # neither to be compared with ours nor to be repeated
                raise ModelMissing(f"there is no model or route {shown(name)!r} here")
            found = pick(self.visible(caller), name)  # raises: names only what they may see
        if not caller.key.may_call(found.name):
            raise Refused(403, f"this key may not call {found.name!r}; ask for one that may")
        return found

    def reach(self, caller: Caller) -> Clearance:
        """How far a request of this caller may travel."""
        return min(self.clearance, caller.key.clearance)

    def visible(self, caller: Caller) -> dict[str, Route]:
        """The routes that this caller may call."""
        if not caller.key.models:
            return self.routes
        return {name: route for name, route in self.routes.items() if caller.key.may_call(name)}

    @staticmethod
    def status_of(error: BaseException | None) -> int:
        """What a client sees. A key that *our* model lacks is no fault of the client's key."""
        if error is None:
            return 200
        while isinstance(error, AllFailed) and error.errors:
            error = error.errors[-1]
        if isinstance(error, Unauthorized):
            return 502
        return error.status if isinstance(error, ModelError) else 500


@asynccontextmanager
async def open_gateway(config: Config) -> AsyncGenerator[Gateway]:
    """Open the house, the store and what was left in the journal; close all of it at the end."""
    async with AsyncExitStack() as stack:
        traffic = Traffic(config.serve.at_once)
        house = await stack.enter_async_context(open_house(config, around=traffic.around))
        await stack.enter_async_context(traffic)
        http = await stack.enter_async_context(Http())
        settings = config.serve
        routes = routes_of(house.models)
        books = await stack.enter_async_context(open_books(settings, config.base))
        gateway = Gateway(
            house,
            settings,
            routes,
            http,
            books.ledger,
            books.journal,
            books.keyring,
            books.lending,
            metrics=Metrics.of(routes),
            traffic=traffic,
        )
        stack.enter_context(watched(gateway.metrics.lag))
        stack.enter_context(observed(gateway.machine))
        gateway.telemetry = await stack.enter_async_context(
            open_telemetry(settings, http, providers_of(house.models.values()))
        )
        await stack.enter_async_context(gateway.llamas)
        gateway.experimenting = await stack.enter_async_context(
            open_experiments(routes, experiments_in(books.ledger), books.journal, settings)
        )
        yield gateway
