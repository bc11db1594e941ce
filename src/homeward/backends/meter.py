"""The meter on every leaf: one `Call` when work begins, one `Usage` however it ends."""

import time
from contextlib import aclosing
from dataclasses import dataclass
from random import getrandbits
from typing import Literal

from homeward.backends.prices import LONGEST_ANSWER, Price, afford, cost, is_charged
from homeward.model import (
    Call,
    Clearance,
    Finish,
    Note,
    Request,
    Stream,
    Usage,
    estimated_tokens,
)

FREE = (0.0, 0.0)


@dataclass(slots=True)
class Meter:
    """Wraps a leaf's raw events: what the runtime reports is completed, what it omits, estimated.

    A raw `Usage` from a codec carries token counts only; its ``call``, seconds and cost are filled
    in here. `Finish` comes last and names the model, whatever order the wire had. One meter is for
    one call: ``where`` is what is expected, until the leaf knows where the server really is and
    says so here.

    Without a ``price`` a call is free where it stays in your network, and of unknown cost in the
    world; a leaf to which the first does not apply sets ``free`` to False. A request whose budget
    does not pay for the worst case is OverBudget before its `Call`; ``longest`` is the answer, in
    tokens, of one that sets no limit.
    """

    model: str
    where: Clearance = Clearance.MACHINE
    price: Price | None = None
    longest: int = LONGEST_ANSWER
    free: bool = True

    async def read(self, events: Stream, request: Request) -> Stream:
        asked = estimated_tokens(request)
        if request.budget_usd is not None:
            most = request.sampling.max_tokens or self.longest
            afford(request.budget_usd, self.model, self.price, self.where, asked, most)
        began = time.monotonic()
        rates = self._rates(asked)
        call = Call(f"{getrandbits(32):08x}", self.model, self.where, asked, rates, began)
        first: float | None = None
        reported: Usage | None = None
        finish: Finish | None = None
        pieces = 0
        yield call
        try:
            async with aclosing(events) as source:
                async for event in source:
                    if isinstance(event, Note):
                        if isinstance(event, Usage):
                            reported = event
                            continue
                    elif isinstance(event, Finish):
                        finish = event
                        continue
                    else:
                        pieces += 1
                        if first is None:
                            first = time.monotonic() - began
                    yield event
        except Exception as error:  # whatever it was: the work was done
            free = not (reported or pieces or is_charged(error))
            yield self._bill(call, reported, pieces, began, first, "failed", free=free)
            raise
        yield self._bill(call, reported, pieces, began, first, "finished")
        yield Finish(finish.reason if finish is not None else "stop", self.model)

    def _rates(self, input_tokens: int) -> tuple[float, float] | None:
        """What the input costs, and each token of the answer."""
        if self.price is None:
            return FREE if self.where < Clearance.WORLD else None
        asked = self.price.usd(input_tokens, 0)
        return asked, self.price.usd(input_tokens, 1) - asked

    def _bill(
        self,
        call: Call,
        reported: Usage | None,
        pieces: int,
        began: float,
        first: float | None,
        outcome: Literal["finished", "failed"],
        *,
        free: bool = False,
    ) -> Usage:
        seconds = time.monotonic() - began
        told = reported
        if told is None:  # a piece is about a token
            told = Usage("", "", call.input_tokens, pieces, estimated=True)
        asked, said, cached = told.input_tokens, told.output_tokens, told.cached_tokens
        usd = 0.0 if free else told.cost_usd
        if usd is None and (self.free or self.price is not None):
            usd = cost(self.price, self.where, asked, said, cached)
        return Usage(
            call.id,
            self.model,
            asked,
            said,
            cached,
            told.reasoning_tokens,
            seconds,
            first,
            told.load_seconds,
            usd,
            self.where,
            outcome,
            told.estimated,
        )
