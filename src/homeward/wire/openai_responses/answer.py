"""What a runtime answers to ``POST /responses``, as events."""

from typing import Any, Literal

from msgspec import Struct, json

from homeward.errors import Garbled
from homeward.model import Event, Finish, Reasoning, Text, ToolCall, Usage
from homeward.wire import failures
from homeward.wire.calls import arguments_text
from homeward.wire.fields import read
from homeward.wire.logprobs import Entry, decoded
from homeward.wire.tally import count


class _Details(Struct):
    cached_tokens: float | None = None
    reasoning_tokens: float | None = None


class _Usage(Struct):
    input_tokens: float | None = None
    output_tokens: float | None = None
    input_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None


class _Part(Struct):
    type: str = ""
    text: str | None = None
    refusal: str | None = None
    logprobs: list[Entry] | None = None


class _Item(Struct):
    type: str = ""
    id: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | dict[str, Any] | None = None
    content: list[_Part] | None = None
    summary: list[_Part] | None = None
    encrypted_content: str | None = None


class _Incomplete(Struct):
    reason: str | None = None


class _Response(Struct):
    status: str | None = None
    model: str | None = None
    output: list[_Item] | None = None
    usage: _Usage | None = None
    error: Any = None
    incomplete_details: _Incomplete | None = None


class _Event(Struct):
    type: str = ""
    delta: str | dict[str, Any] | None = None
    item_id: str | None = None
    output_index: int | None = None
    item: _Item | None = None
    arguments: str | None = None
    logprobs: list[Entry] | None = None
    response: _Response | None = None
    error: Any = None
    code: Any = None
    message: str | None = None


_EVENT = json.Decoder(_Event)
_BODY = json.Decoder(_Response)
_THOUGHTS = ("response.reasoning_text.delta", "response.reasoning_summary_text.delta")
_LAST = ("response.completed", "response.incomplete", "response.failed")


class Decoder:
    """Events from the payloads of a stream. ``alternatives``: how many per token were asked for.

    A reasoning item's seal comes as a `Reasoning` without words when the item is done.
    """

    def __init__(self, alternatives: int | None = None) -> None:
        self._alternatives = alternatives
        self._calls: dict[str, int] = {}  # item id to our index
        self._argued: set[int] = set()
        self._heard = False
        self._done = False

    def feed(self, data: bytes) -> list[Event]:
        """The events in one payload."""
        if data == b"[DONE]":  # not in the protocol, but some servers cannot help it
            return []
        events = self._read(read(_EVENT, data))
        self._heard = self._heard or bool(events)
        return events

    def end(self) -> list[Event]:
        """The end of the bytes; Garbled when the answer was not at its end."""
        if not self._done:
            raise Garbled("the answer stopped in the middle: no `response.completed` came")
        return []

    def _read(self, event: _Event) -> list[Event]:
        kind = event.type
        if kind == "response.output_text.delta" or kind == "response.refusal.delta":
            text = event.delta if isinstance(event.delta, str) else ""
            probabilities = decoded(event.logprobs or (), self._alternatives)
            return [Text(text, probabilities)] if text or probabilities else []
        if kind in _THOUGHTS:
            return [Reasoning(event.delta)] if event.delta and isinstance(event.delta, str) else []
        if kind.startswith("response.function_call_arguments."):
            return self._argue(event, final=kind.endswith("done"))
        if kind == "response.output_item.added" or kind == "response.output_item.done":
            return self._item(event, final=kind.endswith("done"))
        if kind in _LAST and event.response is not None and not self._done:
            self._done = True
            return self._finish(event.response)
        if kind == "error" or (event.error is not None and not kind):
            said = event.error or {"code": event.code, "message": event.message}
            raise failures.in_stream(said)
        return []

    def _item(self, event: _Event, *, final: bool) -> list[Event]:
        item = event.item or _Item()
        if item.type == "function_call":
            key = _key(item.id, event.output_index)
            text = arguments_text(item.arguments)
            if key not in self._calls:
                self._calls[key] = index = len(self._calls)
                if text:
                    self._argued.add(index)
                return [ToolCall(index, item.call_id or "", item.name or "", text)]
            if final:
                return self._complete(self._calls[key], text)
        elif item.type == "reasoning" and final and item.encrypted_content:
            return [Reasoning("", item.encrypted_content)]
        return []

    def _argue(self, event: _Event, *, final: bool) -> list[Event]:
        index = self._calls.get(_key(event.item_id, event.output_index))
        if index is None:
            raise Garbled("the runtime sent arguments for a tool call that it had not begun")
        if final:
            return self._complete(index, event.arguments or "")
        text = event.delta if isinstance(event.delta, str) else ""
        self._argued.add(index)
        return [ToolCall(index, arguments=text)] if text else []

    def _complete(self, index: int, arguments: str) -> list[Event]:
        """The whole arguments, where no piece of them came before."""
        if index in self._argued or not arguments:
            return []
        self._argued.add(index)
        return [ToolCall(index, arguments=arguments)]

    def _finish(self, response: _Response) -> list[Event]:
        heard = [] if self._heard else _output(response, self._alternatives)
        calls = self._calls or any(isinstance(event, ToolCall) for event in heard)
        return heard + _ending(response, called=bool(calls))


def decode_answer(body: bytes, alternatives: int | None = None) -> list[Event]:
    """The events of an answer that was not streamed."""
    response = read(_BODY, body)
    events = _output(response, alternatives)
    if response.status is None and not response.output:
        if response.error is not None:
            raise failures.in_stream(response.error)
        raise Garbled("the runtime's answer has neither a status nor an output")
    called = any(isinstance(event, ToolCall) for event in events)
    return events + _ending(response, called=called)


def _output(response: _Response, alternatives: int | None) -> list[Event]:
    events: list[Event] = []
    calls = 0
    for item in response.output or ():
        if item.type == "message":
            events += [
                Text(part.text or part.refusal or "", decoded(part.logprobs or (), alternatives))
                for part in item.content or ()
                if part.text or part.refusal
            ]
        elif item.type == "function_call":
            text = arguments_text(item.arguments)
            events.append(ToolCall(calls, item.call_id or "", item.name or "", text))
            calls += 1
        elif item.type == "reasoning":
            words = "".join(part.text or "" for part in item.content or item.summary or ())
            if words or item.encrypted_content:
                events.append(Reasoning(words, item.encrypted_content or ""))
    return events


def _ending(response: _Response, *, called: bool) -> list[Event]:
    if response.status == "failed" or response.status == "cancelled":
        raise failures.in_stream(response.error or f"the answer was {response.status}")
    reason: Literal["stop", "length", "tool_calls", "content_filter"]
    reason = "tool_calls" if called else "stop"
    if response.status == "incomplete":
        why = response.incomplete_details.reason if response.incomplete_details else None
        reason = "content_filter" if why == "content_filter" else "length"
    if response.usage is None:
        return [Finish(reason)]
    usage = response.usage
    cached = usage.input_tokens_details or _Details()
    thought = usage.output_tokens_details or _Details()
    bill = Usage(
        "",
        response.model or "",
        input_tokens=count(usage.input_tokens),
        output_tokens=count(usage.output_tokens),
        cached_tokens=count(cached.cached_tokens),
        reasoning_tokens=count(thought.reasoning_tokens),
    )
    return [bill, Finish(reason)]


def _key(item_id: str | None, output_index: int | None) -> str:
    """Items are known by their place, or, where llama.cpp leaves that out, by their id."""
    return str(output_index) if output_index is not None else item_id or ""
