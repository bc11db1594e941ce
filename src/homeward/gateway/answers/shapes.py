"""The shape of an error's body, by dialect."""

from collections.abc import Callable
from typing import TypeAlias

from msgspec import json

from homeward.errors import ModelError
from homeward.wire import anthropic_messages, openai_chat

Shape: TypeAlias = Callable[[ModelError], bytes]


def OPENAI(error: ModelError) -> bytes:  # noqa: N802  used as a name of a dialect
    return json.encode({"error": openai_chat.encode_error(error)})


def RESPONSES(error: ModelError) -> bytes:  # noqa: N802  the event of a stream that broke off
    told = openai_chat.encode_error(error)
    del told["type"]
    return json.encode({"type": "error", "sequence_number": 0, **told})


def ANTHROPIC(error: ModelError) -> bytes:  # noqa: N802
    return json.encode({"type": "error", "error": anthropic_messages.encode_error(error)})


def OLLAMA(error: ModelError) -> bytes:  # noqa: N802
    return json.encode({"error": str(error)})
