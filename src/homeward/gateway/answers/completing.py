"""Completions, in any dialect: a text goes on, or its middle is filled in.

A route whose model can complete is asked to. Another is asked as a chat, unless there is a
suffix: what a chat model writes between two pieces of code fits neither.
"""

from dataclasses import dataclass

from msgspec.structs import replace

from homeward.completion import Completer, Completion
from homeward.gateway.answers.abilities import completer_of, needed
from homeward.gateway.answers.answering import answer
from homeward.gateway.answers.dialects import Dialect
from homeward.gateway.exchange import Exchange
from homeward.gateway.gateway import Gateway
from homeward.model import CARRIED, Request, Stream
from homeward.wire.asked import Asked


async def complete(gateway: Gateway, exchange: Exchange, dialect: Dialect, asked: Asked) -> None:
    """Answer in any dialect. Rejected for a suffix or a raw prompt that nobody can take."""
    completion = asked.completion
    if completion is None:
        await answer(gateway, exchange, dialect, asked)
        return
    route = gateway.route(exchange.caller, asked.model)
    completer = completer_of(route.model)
    if completion.suffix is not None or completion.raw:
        what = "raw prompts" if completion.suffix is None else "insert"
        completer = needed(gateway, exchange.caller, route, completer_of, what)
    if completer is None:
        await answer(gateway, exchange, dialect, asked)
    else:
        words = completion.as_request().messages  # the suffix too: for estimates
        asked = replace(asked, request=replace(asked.request, messages=words))
        await answer(gateway, exchange, dialect, asked, Completing(completer, completion))


@dataclass(frozen=True)
class Completing:
    """A completer as a model: what must follow the request follows the completion."""

    completer: Completer
    completion: Completion

    def chat(self, request: Request) -> Stream:
        carried = {name: getattr(request, name) for name in CARRIED}
        return self.completer.complete(replace(self.completion, extra=request.extra, **carried))
