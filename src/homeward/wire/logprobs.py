"""Log-probabilities: one shape in OpenAI chat, OpenAI responses and Ollama, and an older one."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct, ValidationError, convert

from homeward.model import Logprob

NEVER = -9999.0  # what OpenAI writes for a probability of zero; llama.cpp writes null


class Alternative(Struct):
    token: str = ""
    logprob: float | None = None


class Entry(Struct):
    token: str = ""
    logprob: float | None = None
    top_logprobs: list[Alternative] | None = None


def decoded(entries: Iterable[Entry], alternatives: int | None) -> tuple[Logprob, ...]:
    """With at most ``alternatives`` per token; None keeps as many as there are."""
    return tuple(
        Logprob(
            entry.token,
            _number(entry.logprob),
            tuple((a.token, _number(a.logprob)) for a in (entry.top_logprobs or [])[:alternatives]),
        )
        for entry in entries
    )


class _Columns(Struct):
    tokens: list[str]
    token_logprobs: list[float | None]
    top_logprobs: list[dict[str, float | None] | None] | None = None


def from_columns(value: Any, alternatives: int | None) -> tuple[Logprob, ...]:
    """The form of ``POST /completions``, with which a few servers (Together) answer chats too.

    Nothing where it has another form.
    """
    try:
        columns = convert(value, _Columns)
    except ValidationError:
        return ()
    tops = columns.top_logprobs or [None] * len(columns.tokens)
    return tuple(
        Logprob(
            token,
            _number(logprob),
            tuple((other, _number(at)) for other, at in (top or {}).items())[:alternatives],
        )
        for token, logprob, top in zip(columns.tokens, columns.token_logprobs, tops, strict=False)
    )


def encoded(logprobs: Iterable[Logprob]) -> list[dict[str, Any]]:
    return [
        {**_token(p.token, p.logprob), "top_logprobs": [_token(*other) for other in p.top]}
        for p in logprobs
    ]


def finite(logprob: float) -> float:
    """As JSON can carry it."""
    return logprob if logprob > NEVER else NEVER


def _token(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": finite(logprob), "bytes": list(token.encode())}


def _number(logprob: float | None) -> float:
    return NEVER if logprob is None else logprob
