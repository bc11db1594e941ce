"""The dialects that are both spoken and served, with what each of them cannot carry."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from homeward.model import Event, Request, ResponseFormat, Usage
from homeward.wire import anthropic_messages, ollama, openai_chat, openai_responses

from . import values

SAMPLED = (
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "max_tokens",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "stop",
    "logprobs",
)


@dataclass(frozen=True)
class Dialect:
    wire: Any  # its module
    requests: st.SearchStrategy[Request]
    answers: st.SearchStrategy[list[Event]]
    line_by_line: bool = False
    bill: Callable[[Usage], Usage] = lambda usage: usage


CHAT = Dialect(
    openai_chat,
    values.requests(
        "openai_chat",
        values.conversations(detail=True, participants=True, reasoning=True, tool_names=True),
        values.settings(*SAMPLED),
        values.formats,
    ),
    values.answers(),
)
RESPONSES = Dialect(
    openai_responses,
    values.requests(
        "openai_responses",
        values.conversations(detail=True),
        values.settings("temperature", "top_p", "max_tokens", "logprobs"),
        values.formats,
    ),
    values.answers(),
)
MESSAGES = Dialect(
    anthropic_messages,
    values.requests(
        "anthropic_messages",
        values.conversations(),
        values.settings("temperature", "top_p", "top_k", "stop").map(
            lambda sampling: replace(sampling, max_tokens=77)
        ),
        values.nameless_formats,
    ),
    values.answers(logprobs=False),
)
OLLAMA = Dialect(
    ollama,
    values.requests(
        "ollama",
        values.conversations(reasoning=True, tool_names=True),
        values.settings(*SAMPLED),
        values.nameless_formats | st.just(ResponseFormat()),
        choice=False,
    ),
    values.answers(),
    line_by_line=True,
    bill=lambda usage: replace(usage, cached_tokens=0),
)
ALL = {
    "openai_chat": CHAT,
    "openai_responses": RESPONSES,
    "anthropic_messages": MESSAGES,
    "ollama": OLLAMA,
}
