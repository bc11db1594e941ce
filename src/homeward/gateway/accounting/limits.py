"""What a key has left: reserved before a call, settled after it.

Plain numbers in one thread: a reservation is a few additions and waits for nothing, so nobody can
come between its question and its answer. Of several gateways each spends from slices that
`homeward.gateway.accounting.lending` fetches; a single one has the whole limit.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, inf
from typing import Protocol

from msgspec import Struct

from homeward.gateway.accounting.windows import (
    NANO,
    PERS,
    REQUESTS,
    TOKENS,
    USD,
    WHATS,
    Span,
    around,
)
from homeward.gateway.refused import Refused
from homeward.store.records import Key, Limit, What, Window


class Reservation(Struct, eq=False):
    """What was set aside. ``broke``: the money is gone, and only what costs nothing may answer."""

    tokens: int
    nanos: int
    broke: bool = False
    spans: tuple[Span, ...] | None = ()
    """Where it is booked; None when it is settled."""


class Bound(Struct, eq=False):
    """A limit in its running window. ``whole`` is its amount, ``most`` what may be taken here.

    With more than ``low`` taken, a lender is asked for another slice.
    """

    key: str
    limit: Limit
    span: Span
    what: int
    whole: int
    most: int
    low: float = inf

    @property
    def taken(self) -> int:
        return self.span.taken[self.what]

    @property
    def remaining(self) -> float:
        """Of the whole limit, as far as this gateway knows: requests, tokens or US dollars."""
        left = max(0, self.whole - self.taken)
        return left / NANO if self.what == USD else left


class Lender(Protocol):
    """Who fetches slices; see `homeward.gateway.accounting.lending`. None of this waits."""

    def opened(self, bound: Bound, /) -> None:
        """A bound in a new window, of which nothing may be taken yet."""

    def refill(self, bound: Bound, /) -> None:
        """More than ``low`` is taken of it."""

    def changed(self, bound: Bound, /) -> None:
        """Its limit is another now."""


@dataclass(eq=False)
class Account:
    """The limits of one key, and what was reserved and spent of them.

    ``running`` are requests that are not settled yet, and with ``counts_money`` some limit is in
    dollars. What is taken is counted in every window, also where no limit asks for it yet: a limit
    may come while requests run.
    """

    key: Key
    lender: Lender | None = field(default=None, repr=False)
    running: int = 0
    counts_money: bool = field(default=False, init=False)
    _spans: tuple[Span, ...] = field(default=(), init=False, repr=False)
    _bounds: tuple[Bound, ...] = field(default=(), init=False, repr=False)
    _ends: float = field(default=inf, init=False, repr=False)  # of the window that ends first
    _begins: float = field(default=-inf, init=False, repr=False)  # earlier, it was set back

    def __post_init__(self) -> None:
        if self.key.id:  # nobody can limit what has no id
            self._turn(time.time())

    def change(self, key: Key) -> None:
        """The key's limits are others now; what was spent stays spent."""
        before, self.key = self.key, key
        if key.limits != before.limits:
            self._bind()

    def bounds(self) -> tuple[Bound, ...]:
        """The limits in the windows that run now."""
        self._look(time.time())
        return self._bounds

    def recall(self, per: Window, begins: int, taken: Sequence[int]) -> None:
        """What was taken before this process began, in the window that began then."""
        self._look(time.time())
        for span in self._spans:
            if (span.per, span.begins) == (per, begins):
                for what in range(len(WHATS)):
                    span.taken[what] += taken[what]

    def short(self, tokens: int, usd: float) -> list[Bound]:
        """The limits that do not allow a reservation of so much now."""
        self._look(time.time())
        wanted = (1, tokens, round(usd * NANO))
        return [each for each in self._bounds if each.taken + wanted[each.what] > each.most]

    def reserve(self, tokens: int, usd: float) -> Reservation:
        """Set aside what a call may take at most. Refused (429, with Retry-After).

        Where the money does not suffice, none of it is set aside, and the reservation is `broke`.
        """
        moment = time.time()
        self._look(moment)
        at_once = self.key.at_once
        if at_once is not None and self.running >= at_once:
            raise Refused(
                429,
                f"this key has {self.running} requests running, and may have {at_once} at once; "
                "ask again when one has ended",
                {"retry-after": "1"},
            )
        tokens = max(0, tokens)  # what a client asks for may be less than nothing
        nanos, broke = max(0, round(usd * NANO)) if usd else 0, False
        wanted = (1, tokens, nanos)
        for bound in self._bounds:
            what = bound.what
            total = bound.span.taken[what] + wanted[what]
            if total > bound.low and self.lender is not None:
                self.lender.refill(bound)
            if what == USD:
                broke |= total > bound.most or total - nanos >= bound.most
            elif total > bound.most:
                raise self._refusal(bound, wanted[what], moment)
        if broke:
            nanos = 0
        spans = self._spans
        for span in spans:
            taken = span.taken
            taken[REQUESTS] += 1
            taken[TOKENS] += tokens
            taken[USD] += nanos
        self.running += 1
        return Reservation(tokens, nanos, broke, spans)

    def settle(self, reservation: Reservation, tokens: int, usd: float | None) -> None:
        """Book what was taken instead of what was set aside, in the same windows. Once.

        ``usd`` is None where the price is not known: it is booked as what was set aside.
        """
        spans, reservation.spans = reservation.spans, None
        if spans is None:
            return
        self.running -= 1
        more_tokens = tokens - reservation.tokens
        more_nanos = 0 if usd is None else round(usd * NANO) - reservation.nanos
        for span in spans:
            span.taken[TOKENS] += more_tokens
            span.taken[USD] += more_nanos

    # ------------------------------------------------------------ windows

    def _look(self, moment: float) -> None:
        if not self._begins <= moment < self._ends:
            self._turn(moment)

    def _turn(self, moment: float) -> None:
        """Begin new windows for those that have ended.

        For those as well that begin far in the future, since the clock was set back; by less than
        their own length they only last longer, or midnight could be had twice.
        """
        running = {each.per: each for each in self._spans if _earliest(each) <= moment < each.ends}
        self._spans = tuple(running.get(per) or Span(per, *around(moment, per)) for per in PERS)
        self._ends = min(span.ends for span in self._spans)
        self._begins = max(map(_earliest, self._spans))
        self._bind()

    def _bind(self) -> None:
        """A bound for each limit; of two on the same thing the tighter one."""
        known = {(bound.what, id(bound.span)): bound for bound in self._bounds}
        spans = {span.per: span for span in self._spans}
        tightest: dict[tuple[What, Window], Limit] = {}
        for limit in self.key.limits if spans else ():
            place = (limit.what, limit.per)
            tightest[place] = min(tightest.get(place, limit), limit, key=lambda each: each.amount)
        bounds = []
        for limit in tightest.values():
            span, what = spans[limit.per], WHATS.index(limit.what)
            whole = round(limit.amount * NANO) if what == USD else int(limit.amount)
            bound = known.get((what, id(span)))
            if bound is None:
                bound = Bound(self.key.id, limit, span, what, whole, whole)
                if self.lender is not None:
                    bound.most = 0
                    self.lender.opened(bound)
            elif bound.limit != limit:
                bound.limit, bound.whole = limit, whole
                if self.lender is None:
                    bound.most = whole
                else:
                    self.lender.changed(bound)
            bounds.append(bound)
        self._bounds = tuple(bounds)
        self.counts_money = any(bound.what == USD for bound in bounds)

    # ------------------------------------------------------------ what the caller is told

    def _refusal(self, bound: Bound, wanted: int, moment: float) -> Refused:
        what, per = bound.limit.what, bound.limit.per
        headers = self.rates(moment)
        if wanted > bound.whole:
            headers["x-should-retry"] = "false"  # which OpenAI's clients heed
            return Refused(
                429,
                f"this request may take {wanted} {what}, and this key has {bound.whole} in a {per}:"
                " shorten it, or ask for fewer with max_tokens",
                headers,
            )
        wait = max(1, ceil(bound.span.ends - moment))
        headers["retry-after"] = str(wait)
        left = "" if what == "requests" else f" but for {max(0, bound.whole - bound.taken)}"
        return Refused(
            429,
            f"this key's {bound.whole} {what} of this {per} are used up{left}; "
            f"ask again in {duration(wait)}",
            headers,
        )

    def rates(self, moment: float) -> dict[str, str]:
        """``x-ratelimit-*``: of requests and of tokens, the limit with the least left."""
        headers = {}
        for what in (REQUESTS, TOKENS):
            of_it = [bound for bound in self._bounds if bound.what == what]
            if of_it:
                bound = min(of_it, key=lambda each: each.remaining)
                name, reset = WHATS[what], duration(ceil(max(0, bound.span.ends - moment)))
                headers[f"x-ratelimit-limit-{name}"] = str(bound.whole)
                headers[f"x-ratelimit-remaining-{name}"] = str(int(bound.remaining))
                headers[f"x-ratelimit-reset-{name}"] = reset
        return headers


def _earliest(span: Span) -> int:
    """A moment before which its clock cannot have been right."""
    return 2 * span.begins - span.ends


def duration(seconds: int) -> str:
    """As OpenAI's headers have it: ``6m0s``."""
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    return (
        f"{hours}h{minutes}m{rest}s" if hours else f"{minutes}m{rest}s" if minutes else f"{rest}s"
    )
