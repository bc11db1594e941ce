"""What is counted while requests run: plain numbers, added to once when a request ends.

`homeward.gateway.urls.exposition` makes Prometheus' text of them. A name that becomes a
label comes from the configuration and never from a request; that is what keeps their number down
(one peer grew a series for every misspelt model, and died of it).
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from homeward.gateway.observability.promises import Guarded, promises_of
from homeward.gateway.routes import Route, called
from homeward.model import Clearance
from homeward.store.records import Entry
from homeward.tree import leaves

OTHER = "other"

# The boundaries are those of OpenTelemetry's GenAI conventions, in seconds, for servers; at the
# long end there are more, for models that are loaded first, at the short end for small ones.
REQUEST = (
    *(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
    *(163.84, 327.68),
)
FIRST = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
    *(20.0, 40.0, 80.0, 160.0, 320.0),
)
BETWEEN = (
    *(0.001, 0.0025, 0.005),
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5),
)
LAG = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Histogram:
    """``counts`` are by bucket, the last for what is above all ``bounds``."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Taken:
    """What the calls of one model took on one route, from one place."""

    __slots__ = ("cached", "calls", "input", "output", "reasoning", "unpriced", "usd")

    def __init__(self) -> None:
        self.calls: dict[str, int] = defaultdict(int)  # by outcome
        self.input = self.output = self.cached = self.reasoning = 0
        self.usd = 0.0
        self.unpriced = 0  # calls whose cost is not known


Asked: TypeAlias = tuple[str, str, int]
"""A dialect, an outcome, and an HTTP status."""


class Counts:
    """Of one route. ``at_home`` are answered requests that did not go out into the world."""

    __slots__ = (
        "answered",
        "at_home",
        "between",
        "cache_hits",
        "electricity_usd",
        "errors",
        "fallbacks",
        "first",
        "queued",
        "requests",
        "running",
        "seconds",
        "taken",
    )

    def __init__(self) -> None:
        self.running = 0
        self.requests: dict[Asked, int] = defaultdict(int)
        self.errors: dict[str, int] = defaultdict(int)
        self.taken: dict[tuple[str, Clearance], Taken] = defaultdict(Taken)
        self.first = Histogram(FIRST)
        self.between = Histogram(BETWEEN)
        self.seconds = Histogram(REQUEST)
        self.queued = Histogram(FIRST)
        self.answered = self.at_home = 0
        self.cache_hits = self.fallbacks = 0
        self.electricity_usd = 0.0


@dataclass(eq=False)
class Metrics:
    """``models`` are the names that may be labels; any other is counted as `OTHER`."""

    models: frozenset[str] = frozenset()
    routes: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    refusals: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    lag: Histogram = field(default_factory=lambda: Histogram(LAG))
    promises: tuple[Guarded, ...] = ()

    @classmethod
    def of(cls, routes: Mapping[str, Route]) -> "Metrics":
        """Every route is there from the start: what is 0 can be told from what is missing."""
        found = {called(leaf) for route in routes.values() for leaf in leaves(route.model)}
        names = frozenset(name for name in found if name is not None)
        metrics = cls(names, promises=promises_of(routes))
        for name in routes:
            metrics.routes[name] = Counts()
        return metrics

    def begin(self, route: str) -> None:
        self.routes[route].running += 1

    def end(self, entry: Entry, between: float | None) -> None:
        """``between`` is the mean time between two pieces of the answer, in seconds."""
        counts = self.routes[entry.route]
        counts.running -= 1
        counts.requests[entry.dialect, entry.outcome, entry.status] += 1
        counts.seconds.observe(entry.seconds)
        if entry.first_seconds is not None:
            counts.first.observe(entry.first_seconds)
        if between is not None:
            counts.between.observe(between)
        if entry.queued_seconds:
            counts.queued.observe(entry.queued_seconds)
        if entry.error:
            counts.errors[entry.error] += 1
        if entry.outcome == "finished":
            counts.answered += 1
            counts.at_home += entry.where < Clearance.WORLD
        counts.cache_hits += entry.cache_hit
        counts.fallbacks += entry.fallbacks
        usd = 0.0
        for call in entry.calls:
            model = call.model if call.model in self.models else OTHER
            taken = counts.taken[model, call.where]
            taken.calls[call.outcome] += 1
            taken.input += call.input_tokens
            taken.output += call.output_tokens
            taken.cached += call.cached_tokens
            taken.reasoning += call.reasoning_tokens
            if call.cost_usd is None:
                taken.unpriced += 1
            else:
                taken.usd += call.cost_usd
                usd += call.cost_usd
        if entry.cost_usd and entry.cost_usd > usd:
            counts.electricity_usd += entry.cost_usd - usd

    def refused(self, status: int) -> None:
        """A request that came to no route, or an answer that began with this error."""
        self.refusals[status] += 1

    @property
    def local_share(self) -> float | None:
        """Of the answered requests, those that did not go out into the world; None without any."""
        answered = sum(counts.answered for counts in self.routes.values())
        at_home = sum(counts.at_home for counts in self.routes.values())
        return at_home / answered if answered else None
