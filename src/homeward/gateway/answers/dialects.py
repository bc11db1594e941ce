"""The chat dialects: a codec, the form of a stream, and the shape of an error."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from homeward.errors import ModelError
from homeward.gateway.answers import shapes
from homeward.gateway.answers.shapes import Shape
from homeward.gateway.exchange import NDJSON, SSE
from homeward.model import Answer, Event
from homeward.wire import (
    anthropic_messages,
    ollama,
    openai_chat,
    openai_completions,
    openai_responses,
)
from homeward.wire.asked import Asked
from homeward.wire.ollama import generate

Fail: TypeAlias = Callable[[ModelError], bytes]


class Encoder(Protocol):
    def feed(self, event: Event, /) -> bytes: ...

    def end(self) -> bytes: ...

    def fail(self, error: ModelError, /) -> bytes: ...


@dataclass(frozen=True)
class Dialect:
    """``encoder`` and ``encode_answer`` are given what was asked, the request's id and the time.

    The answer's id is the request's with what the dialect puts before it.
    ``fail`` is the frame that ends a stream which was passed on and broke off.
    """

    name: str
    decode_request: Callable[[bytes], Asked]
    encoder: Callable[[Asked, str, int], Encoder]
    encode_answer: Callable[[Answer, Asked, str, int], bytes]
    fail: Fail
    content_type: bytes = SSE


def _framed(shape: Shape, before: bytes = b"data: ", after: bytes = b"\n\n") -> Fail:
    return lambda error: before + shape(error) + after


OPENAI_CHAT = Dialect(
    "openai_chat",
    openai_chat.decode_request,
    lambda asked, id_, now: openai_chat.Encoder(
        asked.model, f"chatcmpl-{id_}", now, usage=asked.usage
    ),
    lambda answer, asked, id_, now: openai_chat.encode_answer(
        answer, asked.model, f"chatcmpl-{id_}", now
    ),
    _framed(shapes.OPENAI),
)
OPENAI_RESPONSES = Dialect(
    "openai_responses",
    openai_responses.decode_request,
    lambda asked, id_, now: openai_responses.Encoder(
        asked.model, f"resp_{id_}", now, echo=asked.echo
    ),
    lambda answer, asked, id_, now: openai_responses.encode_answer(
        answer, asked.model, f"resp_{id_}", now, echo=asked.echo
    ),
    _framed(shapes.RESPONSES, b"event: error\ndata: "),
)
OPENAI_COMPLETIONS = Dialect(
    openai_completions.DIALECT,
    openai_completions.decode_request,
    lambda asked, id_, now: openai_completions.Encoder(
        asked.model, f"cmpl-{id_}", now, usage=asked.usage
    ),
    lambda answer, asked, id_, now: openai_completions.encode_answer(
        answer, asked.model, f"cmpl-{id_}", now
    ),
    _framed(shapes.OPENAI),
)
FIM = replace(
    OPENAI_COMPLETIONS, encoder=OPENAI_CHAT.encoder, encode_answer=OPENAI_CHAT.encode_answer
)
"""Mistral's: asked as a completion, answered as a chat."""
ANTHROPIC = Dialect(
    "anthropic_messages",
    anthropic_messages.decode_request,
    lambda asked, id_, now: anthropic_messages.Encoder(asked.model, f"msg_{id_}", now),
    lambda answer, asked, id_, now: anthropic_messages.encode_answer(
        answer, asked.model, f"msg_{id_}", now
    ),
    _framed(shapes.ANTHROPIC, b"event: error\ndata: "),
)
OLLAMA_CHAT = Dialect(
    "ollama",
    ollama.decode_request,
    lambda asked, id_, now: ollama.Encoder(asked.model, id_, now),
    lambda answer, asked, id_, now: ollama.encode_answer(answer, asked.model, id_, now),
    _framed(shapes.OLLAMA, b"", b"\n"),
    NDJSON,
)
OLLAMA_GENERATE = replace(
    OLLAMA_CHAT,
    decode_request=generate.decode_request,
    encoder=lambda asked, id_, now: generate.Encoder(asked.model, id_, now),
    encode_answer=lambda answer, asked, id_, now: generate.encode_answer(
        answer, asked.model, id_, now
    ),
)
"""A prompt instead of a conversation."""
