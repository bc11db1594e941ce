"""Events as the message that a client of Anthropic's protocol reads."""

from typing import Any

from msgspec import json

from homeward.errors import (
    Failed,
    Garbled,
    ModelError,
    ModelMissing,
    Overloaded,
    Rejected,
    Unauthorized,
)
from homeward.model import Answer, Event, Finish, Reasoning, Text, ToolCall, Usage
from homeward.wire import sse
from homeward.wire.calls import arguments_object
from homeward.wire.tally import total

REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
ERRORS: dict[type[ModelError], str] = {
    Unauthorized: "authentication_error",
    ModelMissing: "not_found_error",
    Rejected: "invalid_request_error",
    Overloaded: "overloaded_error",
    Failed: "api_error",
}


class Encoder:
    """Frames for a stream. Notes have no place in it, but for the usage of all calls, last.

    Words and thoughts close one another; tool calls stay open until the end, because their
    pieces may come in turns.
    """

    def __init__(self, model: str, answer_id: str, created: int) -> None:
        self._head = {"id": answer_id, "type": "message", "role": "assistant", "model": model}
        self._begun = False
        self._blocks = 0
        self._speaking: tuple[str, int] | None = None  # kind and block index
        self._calls: dict[int, int] = {}  # our index to the block index
        self._bills: list[Usage] = []
        self._finish = Finish()

    def feed(self, event: Event) -> bytes:
        match event:
            case Text():
                delta = {"type": "text_delta", "text": event.text}
                return self._begin() + self._speak("text", delta) if event.text else b""
            case Reasoning():
                return self._begin() + self._think(event)
            case ToolCall():
                return self._begin() + self._call(event)
            case Finish():
                self._finish = event
            case Usage():
                self._bills.append(event)
        return b""

    def end(self) -> bytes:
        """What follows the last event."""
        frames = self._begin() + self._close()
        for index in self._calls.values():
            frames += self._send("content_block_stop", index=index)
        reason = {"stop_reason": REASONS[self._finish.reason], "stop_sequence": None}
        frames += self._send("message_delta", delta=reason, usage=encode_usage(self._bills))
        return frames + self._send("message_stop")

    def fail(self, error: ModelError) -> bytes:
        """Instead of `end`, when the answer breaks off after its first word."""
        return self._send("error", error=encode_error(error))

    def _begin(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        body: dict[str, Any] = {
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": _NO_USAGE,
        }
        return self._send("message_start", message=self._head | body)

    def _think(self, event: Reasoning) -> bytes:
        frames = b""
        if event.text:
            frames += self._speak("thinking", {"type": "thinking_delta", "thinking": event.text})
        if event.signature:
            seal = {"type": "signature_delta", "signature": event.signature}
            frames += self._speak("thinking", seal) + self._close()
        return frames

    def _call(self, event: ToolCall) -> bytes:
        frames = self._close()
        index = self._calls.get(event.index)
        if index is None:
            index = self._calls[event.index] = self._blocks
            call_id = event.id or f"toolu_{self._head['id']}_{event.index}"
            block = {"type": "tool_use", "id": call_id, "name": event.name, "input": {}}
            frames += self._open(block)
        if event.arguments:
            delta = {"type": "input_json_delta", "partial_json": event.arguments}
            frames += self._send("content_block_delta", index=index, delta=delta)
        return frames

    def _speak(self, kind: str, delta: dict[str, Any]) -> bytes:
        frames = b""
        if self._speaking is None or self._speaking[0] != kind:
            frames = self._close()
            self._speaking = kind, self._blocks
            frames += self._open({"type": kind, kind: ""})
        return frames + self._send("content_block_delta", index=self._speaking[1], delta=delta)

    def _open(self, block: dict[str, Any]) -> bytes:
        index = self._blocks
        self._blocks += 1
        return self._send("content_block_start", index=index, content_block=block)

    def _close(self) -> bytes:
        speaking, self._speaking = self._speaking, None
        return b"" if speaking is None else self._send("content_block_stop", index=speaking[1])

    def _send(self, kind: str, **body: Any) -> bytes:
        return sse.frame(json.encode({"type": kind, **body}), kind)


_NO_USAGE = {"input_tokens": 0, "output_tokens": 0}


def encode_answer(answer: Answer, model: str, answer_id: str, created: int) -> bytes:
    """The body of an answer that is not streamed. Garbled where arguments are no object."""
    content = _thoughts(answer)
    if answer.text:
        content.append({"type": "text", "text": answer.text})
    for call in answer.tool_calls:
        block = {"type": "tool_use", "id": call.id or f"toolu_{answer_id}_{call.index}"}
        arguments = arguments_object(call, Garbled)
        content.append({**block, "name": call.name, "input": arguments})
    body = {
        "id": answer_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": REASONS[(answer.finish or Finish()).reason],
        "stop_sequence": None,
        "usage": encode_usage(answer.usage),
    }
    return json.encode(body)


def _thoughts(answer: Answer) -> list[dict[str, Any]]:
    """A block for each seal, and one for what was not sealed."""
    blocks: list[dict[str, Any]] = []
    words = ""
    for event in answer.events:
        if isinstance(event, Reasoning):
            words += event.text
            if event.signature:
                seal = {"signature": event.signature}
                blocks.append({"type": "thinking", "thinking": words, **seal})
                words = ""
    if words:
        blocks.append({"type": "thinking", "thinking": words, "signature": ""})
    return blocks


def encode_usage(bills: list[Usage] | tuple[Usage, ...]) -> dict[str, Any]:
    sum_ = total(bills)
    return {
        "input_tokens": sum_.input_tokens - sum_.cached_tokens,
        "cache_read_input_tokens": sum_.cached_tokens,
        "output_tokens": sum_.output_tokens,
    }


def encode_error(error: ModelError) -> dict[str, Any]:
    """Anthropic's error object, with the nearest of its types."""
    kinds = (ERRORS[kind] for kind in type(error).__mro__ if kind in ERRORS)
    return {"type": next(kinds, "api_error"), "message": str(error)}
