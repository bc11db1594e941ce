"""Events as the message that a client of Anthropic's protocol reads."""

from collections.abc import Iterable
from typing import Any

from msgspec import json

from homeward.errors import AllFailed, Garbled, ModelError, Unauthorized
from homeward.model import Answer, Call, Event, Finish, Reasoning, Text, ToolCall, Usage
from homeward.wire import sse
from homeward.wire.calls import arguments_object
from homeward.wire.fields import BAD_JSON
from homeward.wire.tally import total

REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
"""Types of error by HTTP status, as the documentation pairs them; any other is an api_error."""


class Encoder:
    """Frames for a stream. Notes have no place in it, but for the usage of all calls, last.

    Words and thoughts close one another. A tool call is closed by the next block where its
    arguments are whole by then, and else at the end, because pieces of several may come in turns.
    """

    def __init__(self, model: str, answer_id: str, created: int) -> None:
        self._head = {"id": answer_id, "type": "message", "role": "assistant", "model": model}
        self._begun = False
        self._blocks = 0
        self._speaking: tuple[str, int] | None = None  # kind and block index
        self._calls: dict[int, _Open] = {}  # by our index
        self._asked = 0  # tokens of prompts, estimated
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
            case Call():
                self._asked += event.input_tokens
        return b""

    def end(self) -> bytes:
        """What follows the last event."""
        frames = self._begin() + self._close()
        for call in self._calls.values():
            frames += self._stop(call)
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
            "usage": encode_usage([Usage("", "", input_tokens=self._asked)]),
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
        call = self._calls.get(event.index)
        if call is None:
            call_id = event.id or f"toolu_{self._head['id']}_{event.index}"
            block = {"type": "tool_use", "id": call_id, "name": event.name, "input": {}}
            frames += self._open(block)
            call = self._calls[event.index] = _Open(self._blocks - 1)
        if event.arguments and call.is_open:
            call.pieces.append(event.arguments)
            delta = {"type": "input_json_delta", "partial_json": event.arguments}
            frames += self._send("content_block_delta", index=call.block, delta=delta)
        return frames

    def _speak(self, kind: str, delta: dict[str, Any]) -> bytes:
        frames = b""
        if self._speaking is None or self._speaking[0] != kind:
            frames = self._close()
            self._speaking = kind, self._blocks
            seal = {"signature": ""} if kind == "thinking" else {}
            frames += self._open({"type": kind, kind: "", **seal})
        return frames + self._send("content_block_delta", index=self._speaking[1], delta=delta)

    def _open(self, block: dict[str, Any]) -> bytes:
        frames = b"".join(self._stop(call) for call in self._calls.values() if call.is_whole)
        index = self._blocks
        self._blocks += 1
        frames += self._send("content_block_start", index=index, content_block=block)
        return frames if index else frames + self._send("ping")

    def _close(self) -> bytes:
        speaking, self._speaking = self._speaking, None
        return b"" if speaking is None else self._send("content_block_stop", index=speaking[1])

    def _stop(self, call: "_Open") -> bytes:
        if not call.is_open:
            return b""
        call.is_open = False
        return self._send("content_block_stop", index=call.block)

    def _send(self, kind: str, **body: Any) -> bytes:
        return sse.frame(json.encode({"type": kind, **body}), kind)


class _Open:
    """A tool call's block, and the pieces of its arguments."""

    def __init__(self, block: int) -> None:
        self.block = block
        self.is_open = True
        self.pieces: list[str] = []

    @property
    def is_whole(self) -> bool:
        try:
            return isinstance(json.decode("".join(self.pieces)), dict)
        except BAD_JSON:
            return False


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


def encode_usage(bills: Iterable[Usage]) -> dict[str, Any]:
    """Anthropic counts cached tokens apart from the others. What was put into a cache is not told
    by a `Usage`.
    """
    sum_ = total(bills)
    return {
        "input_tokens": max(0, sum_.input_tokens - sum_.cached_tokens),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": sum_.cached_tokens,
        "output_tokens": sum_.output_tokens,
    }


def encode_error(error: ModelError) -> dict[str, Any]:
    """Anthropic's error object. A key that *our* model lacks is no fault of the client's key."""
    cause = error
    while isinstance(cause, AllFailed) and cause.errors:
        cause = cause.errors[-1]  # as the status does
    status = 502 if isinstance(cause, Unauthorized) else cause.status
    return {"type": ERRORS.get(status, "api_error"), "message": str(error)}
