"""The meter on every leaf: one `Call` when work begins, one `Usage` however it ends."""

import secrets
import time
from contextlib import aclosing
from dataclasses import dataclass

from msgspec.structs import replace

from homeward.model import (
    Call,
    Clearance,
    Event,
    Finish,
    Note,
    Request,
    Stream,
    Usage,
    estimated_tokens,
)


@dataclass
class Meter:
    """Wraps a leaf's raw events: what the runtime reports is completed, what it omits, estimated.

    A raw `Usage` from a codec carries token counts only; its ``call`` and seconds are filled in
    here. `Finish` comes last and names the model, whatever order the wire had. One meter is for
    one call: ``where`` is what is expected, until the leaf knows where the server really is and
    says so here.
    """

    model: str
    where: Clearance = Clearance.MACHINE

    async def read(self, events: Stream, request: Request) -> Stream:
        call = Call(secrets.token_hex(4), self.model, self.where, estimated_tokens(request))
        began = time.monotonic()
        first: float | None = None
        reported: Usage | None = None
        finish: Finish | None = None
        pieces = 0

        def bill(outcome: str) -> Event:
            usage = reported or Usage(
                "", self.model, input_tokens=call.input_tokens, output_tokens=pieces, estimated=True
            )
            return replace(
                usage,
                call=call.id,
                model=self.model,
                where=self.where,
                seconds=time.monotonic() - began,
                first_seconds=first,
                outcome=outcome,
            )

        yield call
        try:
            async with aclosing(events) as source:
                async for event in source:
                    match event:
                        case Usage():
                            reported = event
                        case Finish():
                            finish = event
                        case _:
                            if not isinstance(event, Note):
                                pieces += 1
                                if first is None:
                                    first = time.monotonic() - began
                            yield event
        except Exception:  # whatever it was: the work was done
            yield bill("failed")
            raise
        yield bill("finished")
        yield replace(finish or Finish(), model=self.model)
