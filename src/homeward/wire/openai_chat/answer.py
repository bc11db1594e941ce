"""What a runtime answers to a chat completion, or to a completion of a text, as events."""

from typing import Any, Literal

from msgspec import Raw, Struct, json
from msgspec.structs import asdict, replace

from homeward.errors import Failed, Garbled
from homeward.model import Event, Finish, Logprob, Reasoning, Text, ToolCall, Usage
from homeward.wire import failures
from homeward.wire.calls import arguments_text
from homeward.wire.fields import read
from homeward.wire.logprobs import Entry, decoded, from_columns
from homeward.wire.openai_chat.tools import signature
from homeward.wire.tally import count

MOST_CALLS = 1024
Reason = Literal["stop", "length", "tool_calls", "content_filter"]
REASONS: dict[str, Reason] = {
    "length": "length",
    "max_tokens": "length",
    "time_limit": "length",  # watsonx
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


class _Function(Struct):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class _Call(Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None
    extra_content: Any = None  # Gemini


class _Delta(Struct):
    content: str | list[Any] | None = None  # Mistral's thinking models send a list of parts
    reasoning_content: str | None = None
    reasoning: Any = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None


class _Logprobs(Struct):
    content: list[Entry] | None = None
    tokens: Any = None
    token_logprobs: Any = None
    top_logprobs: Any = None

    def read(self, alternatives: int | None) -> tuple[Logprob, ...]:
        if self.content:
            return decoded(self.content, alternatives)
        return from_columns(asdict(self), alternatives) if self.tokens else ()


class _Choice(Struct):
    index: int = 0
    delta: _Delta | None = None
    message: _Delta | None = None
    text: str | None = None  # of ``POST /completions``
    finish_reason: str | None = None
    logprobs: _Logprobs | list[Any] | float | None = None  # only OpenAI's shapes are read


class _Details(Struct):
    cached_tokens: float | None = None
    reasoning_tokens: float | None = None


class _Usage(Struct):
    prompt_tokens: float | None = None
    completion_tokens: float | None = None
    prompt_cache_hit_tokens: float | None = None  # DeepSeek
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None


class _Timings(Struct):
    cache_n: float = 0
    prompt_n: float = 0
    predicted_n: float = 0


class _Chunk(Struct):
    choices: list[_Choice] | None = None
    model: str | None = None
    usage: _Usage | None = None
    timings: _Timings | None = None
    error: Any = None
    errors: Any = None  # watsonx


class _Counts(Struct):
    choices: list[Raw] | None = None
    model: str | None = None
    usage: _Usage | None = None
    error: Any = None
    errors: Any = None


_CHUNK = json.Decoder(_Chunk)
_COUNTS = json.Decoder(_Counts)
_NOTHING = _Delta()


class Decoder:
    """Events from the payloads of a stream. ``alternatives``: how many per token were asked for.

    `Usage` and `Finish` come at the end mark, in this order, because servers differ in theirs. A
    stream that gave a finish reason is whole without ``[DONE]``, which several servers leave out.
    """

    def __init__(self, alternatives: int | None = None) -> None:
        self._alternatives = alternatives
        self._calls: list[tuple[int | None, str]] = []  # the wire's index and id, in our order
        self._usage: Usage | None = None
        self._timed: Usage | None = None
        self._reason: Reason | None = None
        self._done = False

    def feed(self, data: bytes) -> list[Event]:
        """The events in one payload."""
        if data == b"[DONE]":
            return self._finish()
        chunk = read(_CHUNK, data)
        if chunk.error or chunk.errors:
            raise failures.in_stream(chunk.error or chunk.errors, model=chunk.model or "")
        events: list[Event] = []
        for choice in chunk.choices or ():
            if choice.index == 0:
                self._choice(choice, events)
        if chunk.usage is not None:
            self._usage = _usage(chunk.usage, chunk.model or "")
        elif chunk.timings is not None:
            self._timed = _timed(chunk.timings, chunk.model or "")
        return events

    def end(self) -> list[Event]:
        """The end of the bytes; Garbled when the answer was not at its end."""
        if self._done:
            return []
        if self._reason is None:
            raise Garbled("the answer stopped in the middle: no finish reason and no [DONE] came")
        return self._finish()

    def _finish(self) -> list[Event]:
        if self._done:
            return []
        self._done = True
        reason = self._reason or "stop"
        if reason == "stop" and self._calls:
            reason = "tool_calls"  # Gemini says "stop" all the same
        usage = self._usage or self._timed
        return [usage, Finish(reason)] if usage else [Finish(reason)]

    def _choice(self, choice: _Choice, events: list[Event]) -> None:
        delta = choice.delta or choice.message or _NOTHING
        thought = delta.reasoning_content or delta.reasoning
        if isinstance(thought, str) and thought:
            events.append(Reasoning(thought))
        content = delta.content or choice.text
        told = choice.logprobs
        if isinstance(told, _Logprobs) and (probabilities := told.read(self._alternatives)):
            events.append(Text(content if isinstance(content, str) else "", probabilities))
        elif isinstance(content, str) and content:
            events.append(Text(content))
        elif content:
            events += _parts(content)
        if delta.refusal:
            events.append(Text(delta.refusal))
        for place, call in enumerate(delta.tool_calls or ()):
            if choice.message is not None:
                call.index = place
            events.append(self._call(call))
        if choice.message is not None:
            self._reason = "stop"
        if choice.finish_reason:
            if choice.finish_reason in ("error", "cancelled"):
                raise Failed(f"the runtime ended its answer with {choice.finish_reason!r}")
            self._reason = REASONS.get(choice.finish_reason, "stop")

    def _call(self, call: _Call) -> ToolCall:
        function = call.function or _Function()
        return ToolCall(
            self._place(call),
            call.id or "",
            function.name or "",
            arguments_text(function.arguments),
            signature(call.extra_content),
        )

    def _place(self, call: _Call) -> int:
        """Which call a piece is of: some servers leave the index out, or send 0 every time."""
        for place in reversed(range(len(self._calls))):
            index, known = self._calls[place]
            if call.index in (None, index) and (not call.id or known in ("", call.id)):
                return place
        if len(self._calls) == MOST_CALLS:
            raise Garbled(f"the answer calls more than {MOST_CALLS} tools")
        self._calls.append((call.index, call.id or ""))
        return len(self._calls) - 1


def decode_answer(body: bytes, alternatives: int | None = None) -> list[Event]:
    """The events of an answer that was not streamed."""
    decoder = Decoder(alternatives)
    return decoder.feed(body) + decoder.end()


def usage_of(body: bytes) -> Usage | None:
    """The token counts alone; the error that an answer with status 200 may be."""
    whole = read(_COUNTS, body)
    if whole.error or whole.errors:
        raise failures.in_stream(whole.error or whole.errors, model=whole.model or "")
    if whole.choices is None:
        raise Garbled("the runtime's answer has no choices")
    return None if whole.usage is None else _usage(whole.usage, whole.model or "")


def _parts(parts: list[Any]) -> list[Event]:
    events: list[Event] = []
    for part in parts:
        match part:
            case {"type": "text", "text": str(text)} if text:
                events.append(Text(text))
            case {"type": "thinking", "thinking": list(thoughts)}:
                words = "".join(t["text"] for t in thoughts if isinstance(_text(t), str))
                events.append(Reasoning(words))
    return events


def _text(part: Any) -> Any:
    return part.get("text") if isinstance(part, dict) else None


def _usage(usage: _Usage, model: str) -> Usage:
    prompt = usage.prompt_tokens_details or _Details()
    completion = usage.completion_tokens_details or _Details()
    return Usage(
        "",
        model,
        input_tokens=count(usage.prompt_tokens),
        output_tokens=count(usage.completion_tokens),
        cached_tokens=count(prompt.cached_tokens or usage.prompt_cache_hit_tokens),
        reasoning_tokens=count(completion.reasoning_tokens),
    )


def _timed(timings: _Timings, model: str) -> Usage:
    return replace(
        Usage("", model),
        input_tokens=count(timings.cache_n + timings.prompt_n),
        output_tokens=count(timings.predicted_n),
        cached_tokens=count(timings.cache_n),
    )
