"""``GET /metrics``: what was counted (`homeward.gateway.observability.metrics`), for Prometheus.

prometheus_client is loaded at the first scrape. It writes the text and nothing else: its own
counters take a lock each time they count.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import HistogramMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from homeward import __version__
from homeward.backends.prices import Listed, prices_dated, prices_source
from homeward.gateway.accounting.keyring import Caller
from homeward.gateway.gateway import Gateway
from homeward.gateway.observability.metrics import Counts
from homeward.gateway.observability.promises import Guarded
from homeward.gateway.urls.families import add, counter, gauge
from homeward.gateway.urls.machine_families import of_machine, of_models
from homeward.gateway.urls.queue import rows_of


def exposition(gateway: Gateway, caller: Caller, accept: str = "") -> tuple[bytes, str]:
    """The text and its content type: OpenMetrics for whoever accepts it, else the plain format.

    What a key has left is told to itself and to admins, and of routes those that it may call.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(gateway, caller))
    ProcessCollector(registry=registry)
    if "application/openmetrics-text" in accept:
        text: bytes = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]  # theirs
        return text, openmetrics.CONTENT_TYPE_LATEST
    return generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4


class _Collector(Collector):
    def __init__(self, gateway: Gateway, caller: Caller) -> None:
        self.gateway = gateway
        self.caller = caller

    def collect(self) -> Iterator[Metric]:
        gateway = self.gateway
        may = self.caller.key.may_call
        routes = {name: counts for name, counts in gateway.metrics.routes.items() if may(name)}
        yield from _requests(routes)
        yield from _times(routes)
        yield from _taken(routes)
        yield from _promises([each for each in gateway.metrics.promises if may(each.route)])
        yield from _whole(gateway)
        yield from of_models(rows_of(gateway, self.caller))
        yield from of_machine(gateway.machine.vitals)
        callers = gateway.keyring.callers
        yield _budgets(callers if self.caller.key.admin else [self.caller])
        yield from _store(gateway)


def _requests(routes: Mapping[str, Counts]) -> Iterator[Metric]:
    yield counter(
        "requests",
        "Requests that came to a route, when they have ended",
        ("route", "dialect", "outcome", "status"),
        (
            ((route, dialect, outcome, f"{status // 100}xx"), n)
            for route, counts in routes.items()
            for (dialect, outcome, status), n in counts.requests.items()
        ),
    )
    yield counter(
        "errors",
        "Requests that failed, by the name of the error",
        ("route", "error"),
        (
            ((route, error), n)
            for route, counts in routes.items()
            for error, n in counts.errors.items()
        ),
    )
    for name, says in (
        ("cache_hits", "Requests that were answered from the cache"),
        ("fallbacks", "Calls that failed and after which a route went on with another"),
        ("electricity_usd", "US dollars for calls on this machine, as kwh_usd and watts say"),
    ):
        rows = [((route,), getattr(counts, name)) for route, counts in routes.items()]
        yield counter(name, says, ("route",), rows)
    yield gauge(
        "in_flight",
        "Requests that are being answered",
        ("route",),
        (((route,), counts.running) for route, counts in routes.items()),
    )


def _times(routes: Mapping[str, Counts]) -> Iterator[Metric]:
    for name, says, of in (
        ("request_duration", "From the request to the end of its answer", "seconds"),
        ("time_to_first_token", "From the request to the first word", "first"),
        ("time_per_output_token", "Between two pieces of an answer, on average", "between"),
        ("queue_wait", "What requests that had to wait for a model waited", "queued"),
    ):
        family = HistogramMetricFamily(f"homeward_{name}_seconds", says, labels=("route",))
        for route, counts in routes.items():
            add(family, (route,), getattr(counts, of))
        yield family


def _taken(routes: Mapping[str, Counts]) -> Iterator[Metric]:
    of = [
        ((route, model, where.name.lower()), taken)
        for route, counts in routes.items()
        for (model, where), taken in counts.taken.items()
    ]
    labels = ("route", "model", "where")
    yield counter(
        "calls",
        "Calls of models, by where they went",
        (*labels, "outcome"),
        (((*names, outcome), n) for names, taken in of for outcome, n in taken.calls.items()),
    )
    yield counter(
        "tokens",
        "Tokens; the cached are part of the input, the reasoning of the output",
        (*labels, "kind"),
        (
            ((*names, kind), getattr(taken, kind))
            for names, taken in of
            for kind in ("input", "output", "cached", "reasoning")
        ),
    )
    dollars = [(names, taken.usd) for names, taken in of]
    yield counter("cost_usd", "US dollars for calls whose price is known", labels, dollars)
    unpriced = [(names, taken.unpriced) for names, taken in of]
    yield counter("unpriced_calls", "Calls whose cost is not known", labels, unpriced)


def _promises(promises: Sequence[Guarded]) -> Iterator[Metric]:
    labels = ("route", "promise")
    yield gauge(
        "promise_alarm",
        "1 where a calibrated promise is off: what comes in is not what it was calibrated on",
        labels,
        [((each.route, each.name), each.promised.drift.alarm) for each in promises],
    )
    kept = [((each.route, each.name), each.promised.drift.kept.share) for each in promises]
    yield gauge(
        "promise_kept_ratio",
        "Of the answers that a promise looked at since the start, those that were kept",
        labels,
        [(names, share) for names, share in kept if share is not None],
    )
    yield gauge(
        "promise_calibrated_ratio",
        "The same when the promise was made",
        labels,
        [((each.route, each.name), each.promised.promise.share) for each in promises],
    )


def _whole(gateway: Gateway) -> Iterator[Metric]:
    metrics = gateway.metrics
    share = metrics.local_share
    yield gauge(
        "local_share",
        "Of the answered requests since the start, those that did not go out into the world",
        (),
        [] if share is None else [((), share)],
    )
    yield counter(
        "refused",
        "Answers that were an error from their beginning, by HTTP status",
        ("status",),
        (((str(status),), n) for status, n in metrics.refusals.items()),
    )
    lag = HistogramMetricFamily("homeward_loop_lag_seconds", "How late the event loop is")
    add(lag, (), metrics.lag)
    yield lag
    build = InfoMetricFamily("homeward_build", "What is running")
    build.add_metric((), {"version": __version__})
    yield build
    if any(
        isinstance(price, Listed) for route in gateway.routes.values() for price in route.prices
    ):
        listed = InfoMetricFamily("homeward_prices", "The list that hosted models are priced by")
        listed.add_metric((), {"source": prices_source(), "dated": prices_dated().isoformat()})
        yield listed


def _store(gateway: Gateway) -> Iterator[Metric]:
    journal = gateway.journal
    yield gauge(
        "unwritten_entries",
        "What is in the journal and not in the ledger yet",
        (),
        [((), journal.unwritten)],
    )
    yield counter(
        "store_failures",
        "Attempts to store something that failed",
        ("store",),
        [
            (("ledger",), journal.store_failures),
            (("journal",), journal.disk_failures),
            (("shared",), gateway.lending.trouble.failures if gateway.lending is not None else 0),
        ],
    )
    yield counter(
        "entries_rejected",
        "Entries that the ledger never takes; they are in rejected.jsonl beside the journal",
        (),
        [((), journal.rejected)],
    )
    if gateway.telemetry is not None:
        yield counter(
            "traces_dropped",
            "Requests whose traces the collector did not take",
            (),
            [((), gateway.telemetry.dropped)],
        )


def _budgets(callers: Iterable[Caller]) -> Metric:
    return gauge(
        "budget_left",
        "What a key has left in the current window: requests, tokens or US dollars",
        ("key", "name", "what", "per"),
        (
            ((caller.key.id, caller.key.name, bound.limit.what, bound.limit.per), bound.remaining)
            for caller in callers
            if caller.key.revoked is None
            for bound in caller.account.bounds()
        ),
    )
