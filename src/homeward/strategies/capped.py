"""Capped: so many tokens in, so many out, whatever the caller or the runtime would do."""

from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass

from homeward.errors import ConfigError, TooLong
from homeward.model import (
    Call,
    Event,
    Finish,
    Model,
    Note,
    Request,
    Stream,
    Text,
    estimated_tokens,
    unbilled,
)


@dataclass(frozen=True)
class Capped:
    """Bounds the tokens of ``model``'s prompt and answer (reasoning and tool calls included).

    Streams. Tool calls pass, and are cut like words. A prompt estimated above ``input_tokens`` is
    `TooLong` before anybody is asked. ``output_tokens`` clamps the request's ``max_tokens``; an
    answer that runs on regardless is ended with ``Finish("length")``, its model closed and
    billed. There, a piece of the stream counts as one token (its logprobs, where it has them),
    never too many: a runtime that keeps the limit is never cut.
    """

    model: Model
    input_tokens: int | None = None
    output_tokens: int | None = None

    def __post_init__(self) -> None:
        for name in ("input_tokens", "output_tokens"):
            tokens = getattr(self, name)
            if tokens is not None and tokens < 1:
                raise ConfigError(f"`{name}` is {tokens}; allow at least one token")

    async def chat(self, request: Request) -> Stream:
        self._refuse_long(request)
        asked = self._clamped(request)
        seen: list[Event] = []
        said = 0
        async with aclosing(self.model.chat(asked)) as events:
            async for event in events:
                if isinstance(event, Note | Finish):
                    yield event
                    seen.append(event)
                    continue
                if self.output_tokens is not None and said >= self.output_tokens:
                    break
                said += max(1, len(event.logprobs)) if isinstance(event, Text) else 1
                seen.append(event)
                yield event
            else:
                return
        for usage in unbilled(seen):
            yield usage
        yield Finish("length", _only_voice(seen))

    def _refuse_long(self, request: Request) -> None:
        if self.input_tokens is None:
            return
        tokens = estimated_tokens(request)
        if tokens > self.input_tokens:
            raise TooLong(
                f"the prompt is about {tokens} tokens and this route takes {self.input_tokens}; "
                "shorten it, or raise `input_tokens`"
            )

    def _clamped(self, request: Request) -> Request:
        if self.output_tokens is None:
            return request
        wanted = request.sampling.max_tokens
        most = self.output_tokens if wanted is None else min(wanted, self.output_tokens)
        return request.sampled(max_tokens=most).with_(stream=True)


def _only_voice(events: Iterable[Event]) -> str:
    models = {event.model for event in events if isinstance(event, Call)}
    return models.pop() if len(models) == 1 else ""
