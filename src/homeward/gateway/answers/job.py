"""A request from its admission to its entry in the ledger."""

import time
from math import inf
from typing import TYPE_CHECKING, Any, Literal

from homeward.gateway.accounting.bill import bill
from homeward.gateway.accounting.limits import Reservation
from homeward.gateway.answers.kept import contents
from homeward.gateway.routes import Route
from homeward.model import (
    Assigned,
    Clearance,
    Decision,
    Event,
    Finish,
    Note,
    Request,
    Text,
    Usage,
    unbilled,
)
from homeward.store.records import Entry

if TYPE_CHECKING:
    from homeward.gateway.exchange import Exchange
    from homeward.gateway.gateway import Gateway

Outcome = Literal["finished", "failed", "cancelled"]


NOWHERE = Assigned("", "", "")
MOST_TOKENS = 10**9  # a client may ask for an answer longer than a float can count


class Job:
    """Made by `admit` (Refused otherwise), and settled once, however it ends.

    `settle` comes before the last byte of the answer: what a client has whole is in the journal.
    """

    __slots__ = (
        "_first",
        "_last",
        "_pieces",
        "_reservation",
        "_said",
        "dialect",
        "entry",
        "exchange",
        "finish",
        "gateway",
        "keeps",
        "notes",
        "queued",
        "route",
        "stream",
    )

    def __init__(
        self,
        gateway: "Gateway",
        exchange: "Exchange",
        route: Route,
        dialect: str,
        *,
        stream: bool,
        input_tokens: int = 0,
        output_tokens: int = 0,
    ) -> None:
        self.gateway = gateway
        self.exchange = exchange
        self.route = route
        self.dialect = dialect
        self.stream = stream
        self.notes: list[Event] = []
        self.finish: Finish | None = None
        self.queued = 0.0
        self.entry: Entry | None = None
        self.keeps: Request | None = None
        self._first: float | None = None
        self._last = 0.0
        self._pieces = 0
        self._said: list[str] = []
        usd = route.most_usd(input_tokens, output_tokens) if route.prices else 0.0
        account = exchange.caller.account
        self._reservation: Reservation = account.reserve(input_tokens + output_tokens, usd)
        gateway.metrics.begin(route.name)

    @property
    def budget_usd(self) -> float | None:
        """What a call may cost: nothing where the money is gone; None where none is counted.

        Without end else, since it was set aside: but what has no known price is not asked then.
        """
        if self._reservation.broke:
            return 0.0
        return inf if self.exchange.caller.account.counts_money else None

    @property
    def first(self) -> float | None:
        """When the first word came (`time.monotonic`)."""
        return self._first

    def elapsed(self) -> float:
        """Seconds since the request came."""
        return time.monotonic() - self.exchange.began

    def saw(self, event: Event) -> None:
        """Take note of an event of the stream, in its order."""
        if isinstance(event, Note):
            self.notes.append(event)
            if isinstance(event, Decision) and event.by == "queue":
                self.queued += event.numbers["seconds"]
        elif isinstance(event, Finish):
            self.finish = event
        else:
            self.heard()
            if self.keeps is not None and isinstance(event, Text):
                self._said.append(event.text)

    def heard(self, pieces: int = 1) -> None:
        """Words have come."""
        self._last = time.monotonic()
        if self._first is None:
            self._first = self._last
        self._pieces += pieces

    def settle(self, outcome: Outcome = "finished", error: BaseException | None = None) -> Entry:
        """Once: the account, the journal, the metrics, and what was decided. Idempotent."""
        if self.entry is not None:
            return self.entry
        exchange, gateway = self.exchange, self.gateway
        if outcome != "finished":
            self.notes += unbilled(self.notes, self._pieces)
        calls = tuple([note for note in self.notes if isinstance(note, Usage)])
        found = [note for note in self.notes if isinstance(note, Assigned)]
        assigned = found[0] if found else NOWHERE  # the outermost, which speaks first
        first, ended, key = self._first, time.monotonic(), exchange.caller.key
        failed = sum([call.outcome == "failed" for call in calls])
        entry = self.entry = Entry(
            id=exchange.id,
            began=time.time() - (ended - exchange.began),
            key=key.id,
            tenant=key.tenant,
            route=self.route.name,
            dialect=self.dialect,
            model=self.finish.model if self.finish is not None else "",
            seconds=ended - exchange.began,
            first_seconds=None if first is None else first - exchange.began,
            queued_seconds=self.queued,
            status=exchange.status or self._status(outcome, error),
            outcome=outcome,
            error=type(error).__name__ if error is not None else "",
            stream=self.stream,
            fallbacks=max(0, failed - (outcome == "failed")),  # of the last, none came
            cache_hit=self._is_from_cache(),
            experiment=assigned.experiment,
            arm=assigned.arm,
            conversation=assigned.conversation,
            **bill(calls, gateway.settings),
        )
        exchange.caller.account.settle(self._reservation, entry.tokens, entry.cost_usd)
        gateway.journal.write(entry)
        if self.keeps is not None:
            words = "".join(self._said)
            tree = self.route.model
            gateway.journal.keep(
                contents(entry.id, self.keeps, words, self.notes, self.finish, tree)
            )
        between = (self._last - first) / (self._pieces - 1) if first and self._pieces > 1 else None
        gateway.metrics.end(entry, between)
        gateway.decisions.keep(entry, self.notes, contents=self.keeps is not None)
        if gateway.telemetry is not None:
            gateway.telemetry.tell(entry, self.notes, exchange.headers.get(b"traceparent"))
        return entry

    def _status(self, outcome: Outcome, error: BaseException | None) -> int:
        """Of an answer that has not begun. Whoever left has seen none: 499, as nginx has it."""
        if outcome == "cancelled":
            return 499 if self.exchange.gone else 503
        return self.gateway.status_of(error)

    def _is_from_cache(self) -> bool:
        return any(isinstance(note, Decision) and note.by == "cached" for note in self.notes)


async def admit(
    gateway: "Gateway",
    exchange: "Exchange",
    route: Route,
    dialect: str,
    *,
    stream: bool,
    input_tokens: int = 0,
    output_tokens: int = 0,
) -> Job:
    """A job, when what it needs of limits that several gateways share is here. Refused."""
    if output_tokens < 0:  # which some runtimes read as no end at all
        output_tokens = gateway.settings.longest_answer
    output_tokens = min(output_tokens, MOST_TOKENS)
    if gateway.lending is not None:
        usd = route.most_usd(input_tokens, output_tokens) if route.prices else 0.0
        tokens = input_tokens + output_tokens
        await gateway.lending.ensure(exchange.caller.account, tokens, usd)
    return Job(
        gateway,
        exchange,
        route,
        dialect,
        stream=stream,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
    )


def dressed(job: Job, request: Request, clearance: Clearance, deadline: float | None) -> Request:
    """The request with what must follow it into every call made on its behalf."""
    return request.with_(stream=job.stream, **carried(job, clearance, deadline))


def carried(job: Job, clearance: Clearance, deadline: float | None) -> dict[str, Any]:
    """What follows any kind of request, by field."""
    return {
        "clearance": clearance,
        "tenant": job.exchange.caller.key.tenant or job.exchange.caller.key.id,
        "deadline": deadline,
        "budget_usd": job.budget_usd,
        "trace": job.exchange.id,
    }
