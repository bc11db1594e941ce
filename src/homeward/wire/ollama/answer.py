"""What Ollama answers to ``/api/chat`` and ``/api/generate``, as events."""

from typing import Any

from msgspec import Struct, json

from homeward.errors import Garbled
from homeward.model import Event, Finish, Reasoning, Text, ToolCall, Usage
from homeward.wire import failures
from homeward.wire.calls import arguments_text
from homeward.wire.fields import read
from homeward.wire.logprobs import Entry, decoded
from homeward.wire.tally import count

NANOSECONDS = 1e9


class _Function(Struct):
    name: str = ""
    arguments: dict[str, Any] | str | None = None


class _Call(Struct):
    function: _Function
    id: str | None = None


class _Message(Struct):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[_Call] | None = None


class _Line(Struct):
    model: str | None = None
    message: _Message | None = None
    response: str | None = None  # of /api/generate, which has no message
    thinking: str | None = None
    done: bool = False
    done_reason: str | None = None
    logprobs: list[Entry] | None = None
    load_duration: float = 0
    prompt_eval_count: float = 0
    eval_count: float = 0
    error: Any = None


_LINE = json.Decoder(_Line)


class Decoder:
    """Events from the lines of a stream. ``alternatives``: how many per token were asked for.

    An ``error`` line is raised: after the first word Ollama has no other way to say that it failed.
    """

    def __init__(self, alternatives: int | None = None) -> None:
        self._alternatives = alternatives
        self._calls = 0
        self._done = False

    def feed(self, data: bytes) -> list[Event]:
        """The events in one line."""
        line = read(_LINE, data)
        if line.error is not None:
            raise failures.in_stream(line.error, model=line.model or "")
        if self._done:
            return []
        message = line.message or _Message(line.response, line.thinking)
        events = self._message(message, line.logprobs)
        if line.done:
            self._done = True
            events += self._finish(line)
        return events

    def end(self) -> list[Event]:
        """The end of the bytes; Garbled when the answer was not at its end."""
        if not self._done:
            raise Garbled("the answer stopped in the middle: no line with `done` came")
        return []

    def _message(self, message: _Message, logprobs: list[Entry] | None) -> list[Event]:
        events: list[Event] = []
        if message.thinking:
            events.append(Reasoning(message.thinking))
        if message.content or (logprobs and not message.thinking):
            probabilities = decoded(logprobs or (), self._alternatives)
            events.append(Text(message.content or "", probabilities))
        for call in message.tool_calls or ():
            arguments = arguments_text(call.function.arguments or {})
            events.append(ToolCall(self._calls, call.id or "", call.function.name, arguments))
            self._calls += 1
        return events

    def _finish(self, line: _Line) -> list[Event]:
        usage = Usage(
            "",
            line.model or "",
            input_tokens=count(line.prompt_eval_count),
            output_tokens=count(line.eval_count),
            load_seconds=max(line.load_duration, 0) / NANOSECONDS,
        )
        if line.done_reason == "length":
            return [usage, Finish("length")]
        return [usage, Finish("tool_calls" if self._calls else "stop")]


def decode_answer(body: bytes, alternatives: int | None = None) -> list[Event]:
    """The events of an answer that was not streamed."""
    decoder = Decoder(alternatives)
    return decoder.feed(body) + decoder.end()
