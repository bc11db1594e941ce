"""What a runtime answers to ``POST /v1/messages``, as events."""

from typing import Any, Literal

from msgspec import Struct, json

from homeward.errors import Garbled
from homeward.model import Event, Finish, Reasoning, Text, ToolCall, Usage
from homeward.wire import failures
from homeward.wire.calls import arguments_text
from homeward.wire.fields import read
from homeward.wire.tally import count

Reason = Literal["stop", "length", "tool_calls", "content_filter"]
REASONS: dict[str, Reason] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


class _Usage(Struct):
    input_tokens: float | None = None
    output_tokens: float | None = None
    cache_read_input_tokens: float | None = None
    cache_creation_input_tokens: float | None = None


class _Block(Struct):
    """A content block, or a piece of one."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    id: str | None = None
    name: str | None = None
    input: Any = None
    partial_json: str | None = None
    stop_reason: str | None = None  # of a message_delta


class _Message(Struct):
    model: str | None = None
    content: list[_Block] | None = None
    stop_reason: str | None = None
    usage: _Usage | None = None
    error: Any = None


class _Event(Struct):
    type: str = ""
    index: int = 0
    delta: _Block | None = None
    content_block: _Block | None = None
    message: _Message | str | None = None
    usage: _Usage | None = None
    error: Any = None


_EVENT = json.Decoder(_Event)
_MESSAGE = json.Decoder(_Message)


class Decoder:
    """Events from the payloads of a stream. The seal on a thought is a `Reasoning` without words.

    ``alternatives`` is there for likeness with the other dialects: this one has no logprobs.
    """

    def __init__(self, alternatives: int | None = None) -> None:
        self._calls: dict[int, int] = {}  # block index to our index
        self._inputs: dict[int, Any] = {}  # of calls whose arguments have not begun to come
        self._counts = _Usage()
        self._model = ""
        self._reason: Reason = "stop"
        self._done = False

    def feed(self, data: bytes) -> list[Event]:
        """The events in one payload."""
        event = read(_EVENT, data)
        if event.type == "content_block_delta":
            return self._delta(event.index, event.delta or _Block())
        if event.type == "content_block_start":
            return self._start(event.index, event.content_block or _Block())
        if event.type == "content_block_stop":
            return self._stop(event.index)
        if event.type == "message_delta":
            if event.delta is not None and event.delta.stop_reason:
                self._reason = REASONS.get(event.delta.stop_reason, "stop")
            self._count(event.usage)
        elif event.type == "message_start" and isinstance(event.message, _Message):
            self._model = event.message.model or ""
            self._count(event.message.usage)
        elif event.type == "message_stop" and not self._done:
            self._done = True
            return [_usage(self._counts, self._model), Finish(self._reason)]
        elif event.type == "error" or event.error is not None:
            raise failures.in_stream(event.error, model=self._model)
        return []

    def end(self) -> list[Event]:
        """The end of the bytes; Garbled when the answer was not at its end."""
        if not self._done:
            raise Garbled("the answer stopped in the middle: no `message_stop` came")
        return []

    def _delta(self, index: int, delta: _Block) -> list[Event]:
        if delta.text:
            return [Text(delta.text)]
        if delta.thinking:
            return [Reasoning(delta.thinking)]
        if delta.partial_json:
            if index not in self._calls:
                return []  # of a tool that the service runs itself
            self._inputs.pop(index, None)
            return [ToolCall(self._calls[index], arguments=delta.partial_json)]
        return [Reasoning("", delta.signature)] if delta.signature else []

    def _start(self, index: int, block: _Block) -> list[Event]:
        if block.type == "tool_use":
            self._calls[index] = place = len(self._calls)
            self._inputs[index] = block.input or {}
            return [ToolCall(place, block.id or "", block.name or "")]
        return _words(block)

    def _stop(self, index: int) -> list[Event]:
        if index not in self._inputs:
            return []
        return [ToolCall(self._calls[index], arguments=arguments_text(self._inputs.pop(index)))]

    def _count(self, usage: _Usage | None) -> None:
        """Counts are cumulative; a later one that is there replaces an earlier one."""
        for name in _Usage.__struct_fields__:
            if (told := getattr(usage, name, None)) is not None:
                setattr(self._counts, name, told)


def decode_answer(body: bytes, alternatives: int | None = None) -> list[Event]:
    """The events of an answer that was not streamed."""
    message = read(_MESSAGE, body)
    if message.error is not None:
        raise failures.in_stream(message.error)
    if message.content is None:
        raise Garbled("the runtime's answer has no content")
    events: list[Event] = []
    calls = 0
    for block in message.content:
        if block.type == "tool_use":
            arguments = arguments_text(block.input or {})
            events.append(ToolCall(calls, block.id or "", block.name or "", arguments))
            calls += 1
        else:
            events += _words(block)
    usage = _usage(message.usage or _Usage(), message.model or "")
    return [*events, usage, Finish(REASONS.get(message.stop_reason or "", "stop"))]


def _words(block: _Block) -> list[Event]:
    if block.type == "text" and block.text:
        return [Text(block.text)]
    if block.type == "thinking" and (block.thinking or block.signature):
        return [Reasoning(block.thinking or "", block.signature or "")]
    return []


def _usage(counts: _Usage, model: str) -> Usage:
    """Anthropic counts cached tokens apart from the others; here they are part of the input."""
    cached = count(counts.cache_read_input_tokens)
    return Usage(
        "",
        model,
        input_tokens=count(counts.input_tokens)
        + cached
        + count(counts.cache_creation_input_tokens),
        output_tokens=count(counts.output_tokens),
        cached_tokens=cached,
    )
