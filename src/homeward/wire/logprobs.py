"""Log-probabilities: one shape in OpenAI chat, OpenAI responses and Ollama."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

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


def encoded(logprobs: Iterable[Logprob]) -> list[dict[str, Any]]:
    return [
        {**_token(p.token, p.logprob), "top_logprobs": [_token(*other) for other in p.top]}
        for p in logprobs
    ]


def _token(token: str, logprob: float) -> dict[str, Any]:
    finite = logprob if logprob > NEVER else NEVER
    return {"token": token, "logprob": finite, "bytes": list(token.encode())}


def _number(logprob: float | None) -> float:
    return NEVER if logprob is None else logprob
