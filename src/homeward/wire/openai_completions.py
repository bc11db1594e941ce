"""OpenAI's first protocol, ``POST /completions``: a text goes on, or its middle is filled in.

Editors still speak it. Mistral's ``POST /fim/completions`` asks with the same fields and is
answered as a chat is. A runtime's answers are read by `homeward.wire.openai_chat.Decoder`: they
differ by one field from a chat's. Not served: several prompts or answers at once, ``echo``, and
prompts of token numbers, which mean another text in every vocabulary.
"""

from typing import Any

from msgspec import json
from msgspec.structs import replace

from homeward.completion import Completion
from homeward.errors import ModelError, Rejected
from homeward.model import Answer, Event, Finish, Logprob, Sampling, Text, Usage
from homeward.wire import sse
from homeward.wire.asked import Asked
from homeward.wire.fields import Fields, overlay
from homeward.wire.logprobs import finite
from homeward.wire.openai_chat.errors import encode_error
from homeward.wire.openai_chat.request import SETTINGS
from homeward.wire.openai_chat.serving import encode_usage
from homeward.wire.sampling import sent, taken

DIALECT = "openai_completions"

# ---------------------------------------------------------------- to a runtime


def encode_request(asked: Completion, model: str) -> dict[str, Any]:
    """The body. The answer is streamed, and its token counts are asked for."""
    body: dict[str, Any] = {
        "model": model,
        "prompt": asked.prompt,
        "stream": True,
        "stream_options": {"include_usage": True},
        **sent(asked.sampling, {**SETTINGS, "max_tokens": "max_tokens"}),
    }
    if asked.suffix is not None:
        body["suffix"] = asked.suffix
    if asked.sampling.logprobs is not None:
        body["logprobs"] = max(1, asked.sampling.logprobs)  # as in a chat: 0 may mean none
    if asked.dialect in ("", DIALECT):
        Fields(asked.extra).one_answer()
        overlay(body, asked.extra)
    return body


# ---------------------------------------------------------------- from a client


def decode_request(body: bytes) -> Asked:
    """What a client asks; Rejected says which field is wrong."""
    fields = Fields.of(body)
    fields.one_answer()
    if (fields.take("best_of", int) or 1) > 1:
        raise Rejected("`best_of` must be 1: ask an ensemble for the best of several answers")
    if fields.take("echo", bool):
        raise Rejected("`echo` is not supported: put the prompt before the answer yourself")
    model = fields.need("model", str)
    stream = fields.take("stream", bool) or False
    options = fields.inner("stream_options")
    usage = options.take("include_usage", bool) or False
    fields.keep("stream_options", options.rest)
    completion = Completion(
        _prompt(fields.rest.pop("prompt", None)),
        fields.take("suffix", str) or None,  # an empty one asks for no middle
        Sampling(
            **taken(fields, SETTINGS),
            max_tokens=fields.take("max_tokens", int),
            logprobs=fields.take("logprobs", int),
        ),
        extra=fields.rest,
        dialect=DIALECT,
    )
    request = replace(completion.as_request(), extra=fields.rest, dialect=DIALECT)
    return Asked(model, stream, request, usage, completion=completion)


def _prompt(value: Any) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not value:
        raise Rejected("`prompt` must be a text, or a list with one text in it")
    if all(isinstance(one, str) for one in value):
        raise Rejected(f"`prompt` has {len(value)} texts: send one in each request")
    raise Rejected("`prompt` must be a text: token numbers mean another text to every model")


class Encoder:
    """Frames for a stream. What is not words has no place in it, but for the usage, last.

    The text of a completion has no room for reasoning and tool calls.
    """

    def __init__(self, model: str, answer_id: str, created: int, *, usage: bool = True) -> None:
        self._head = {
            "id": answer_id,
            "object": "text_completion",
            "created": created,
            "model": model,
        }
        self._usage = usage
        self._bills: list[Usage] = []
        self._said = 0  # characters

    def feed(self, event: Event) -> bytes:
        match event:
            case Text():
                choice = _choice(event.text, None, event.logprobs, self._said)
                self._said += len(event.text)
                return self._frame([choice])
            case Finish():
                return self._frame([_choice("", event)])
            case Usage():
                self._bills.append(event)
        return b""

    def end(self) -> bytes:
        """What follows the last event."""
        tail = sse.frame(b"[DONE]")
        if not self._usage:
            return tail
        return self._frame([], encode_usage(self._bills)) + tail

    def fail(self, error: ModelError) -> bytes:
        """Instead of `end`, when the answer breaks off after its first word."""
        return sse.frame(json.encode({"error": encode_error(error)}))

    def _frame(self, choices: list[Any], usage: dict[str, Any] | None = None) -> bytes:
        body: dict[str, Any] = {**self._head, "choices": choices}
        if self._usage:
            body["usage"] = usage
        return sse.frame(json.encode(body))


def encode_answer(answer: Answer, model: str, answer_id: str, created: int) -> bytes:
    """The body of an answer that is not streamed."""
    body = {
        "id": answer_id,
        "object": "text_completion",
        "created": created,
        "model": model,
        "choices": [_choice(answer.text, answer.finish or Finish(), answer.logprobs)],
        "usage": encode_usage(answer.usage),
    }
    return json.encode(body)


def _choice(
    text: str, finish: Finish | None, logprobs: tuple[Logprob, ...] = (), offset: int = 0
) -> dict[str, Any]:
    reason = finish.reason if finish is not None else None
    return {
        "text": text,
        "index": 0,
        "logprobs": _encode_logprobs(logprobs, offset) if logprobs else None,
        "finish_reason": "stop" if reason == "tool_calls" else reason,
    }


def _encode_logprobs(logprobs: tuple[Logprob, ...], offset: int) -> dict[str, Any]:
    """In columns; ``offset`` is where the first of these tokens begins in the whole text."""
    offsets = []
    for each in logprobs:
        offsets.append(offset)
        offset += len(each.token)
    return {
        "tokens": [each.token for each in logprobs],
        "token_logprobs": [finite(each.logprob) for each in logprobs],
        "top_logprobs": [
            {token: finite(logprob) for token, logprob in each.top} for each in logprobs
        ],
        "text_offset": offsets,
    }
