"""Events as the response that a client of OpenAI's responses protocol reads."""

from collections.abc import Mapping
from typing import Any

from msgspec import json

from homeward.errors import ModelError
from homeward.model import Answer, Event, Finish, Reasoning, Text, ToolCall, Usage
from homeward.wire import sse
from homeward.wire.logprobs import encoded
from homeward.wire.openai_chat.errors import encode_error
from homeward.wire.openai_responses.echo import DEFAULTS
from homeward.wire.openai_responses.spoken import Spoken
from homeward.wire.tally import total


class Encoder:
    """Frames for a stream. Notes have no place in it, but for the usage of all calls, last.

    Words and reasoning close one another; tool calls stay open until the end, because their
    pieces may come in turns. ``echo`` is `Asked.echo`.
    """

    def __init__(
        self, model: str, answer_id: str, created: int, *, echo: Mapping[str, Any] | None = None
    ) -> None:
        self._head: dict[str, Any] = {
            "id": answer_id,
            "object": "response",
            "created_at": created,
            "model": model,
            **DEFAULTS,
            **(echo or {}),
        }
        self._id = answer_id.removeprefix("resp_")
        self._number = 0
        self._items: list[Spoken] = []
        self._speaking: Spoken | None = None
        self._calls: dict[int, Spoken] = {}
        self._bills: list[Usage] = []
        self._finish = Finish()

    def feed(self, event: Event) -> bytes:
        match event:
            case Text():
                return self._begin() + self._text(event)
            case Reasoning():
                return self._begin() + self._reason(event)
            case ToolCall():
                return self._begin() + self._call(event)
            case Finish():
                self._finish = event
            case Usage():
                self._bills.append(event)
        return b""

    def end(self) -> bytes:
        """What follows the last event."""
        status = _outcome(self._finish)["status"]
        frames = self._begin() + self._close(status)
        for item in self._calls.values():
            frames += self._ended(item, status)
        return frames + self._send(f"response.{status}", response=self.response())

    def response(self) -> dict[str, Any]:
        """The whole response, once everything was fed and ended."""
        output = [item.item() for item in self._items]
        usage = encode_usage(self._bills)
        return self._head | _outcome(self._finish) | {"output": output, "usage": usage}

    def fail(self, error: ModelError) -> bytes:
        """Instead of `end`, when the answer breaks off after its first word.

        What is open is not said to be done: a client would make a call with half its arguments.
        """
        for item in self._items:
            if item.status == "in_progress":
                item.status = "incomplete"
        told = encode_error(error)
        said = {"code": _failure(told), "message": told["message"]}
        body = self.response() | {"status": "failed", "incomplete_details": None, "error": said}
        return self._begin() + self._send("response.failed", response=body)

    def _begin(self) -> bytes:
        if self._number:
            return b""
        body = self._head | {"status": "in_progress", "output": []}
        created = self._send("response.created", response=body)
        return created + self._send("response.in_progress", response=body)

    def _text(self, event: Text) -> bytes:
        item, frames = self._speak("message")
        if not item.pieces:
            frames += self._part("added", item)
        item.pieces.append(event.text)
        item.logprobs += event.logprobs
        body = self._at(item) | {"delta": event.text, "logprobs": encoded(event.logprobs)}
        return frames + self._send("response.output_text.delta", **body)

    def _reason(self, event: Reasoning) -> bytes:
        item, frames = self._speak("reasoning")
        item.signature += event.signature
        if not event.text:
            return frames
        if not item.pieces:
            frames += self._part("added", item)
        item.pieces.append(event.text)
        at = self._at(item)
        return frames + self._send("response.reasoning_text.delta", delta=event.text, **at)

    def _call(self, event: ToolCall) -> bytes:
        frames = self._close()
        item = self._calls.get(event.index)
        if item is None:
            item = self._open("function_call")
            item.call_id = event.id or f"call_{item.id}"
            item.name = event.name
            self._calls[event.index] = item
            frames += self._added(item)
        if event.arguments:
            item.pieces.append(event.arguments)
            frames += self._send(
                "response.function_call_arguments.delta",
                item_id=item.id,
                output_index=item.place,
                delta=event.arguments,
            )
        return frames

    def _speak(self, kind: str) -> tuple[Spoken, bytes]:
        if self._speaking is not None and self._speaking.kind == kind:
            return self._speaking, b""
        frames = self._close()
        item = self._speaking = self._open(kind)
        return item, frames + self._added(item)

    def _open(self, kind: str) -> Spoken:
        place = len(self._items)
        prefix = {"message": "msg", "reasoning": "rs", "function_call": "fc"}[kind]
        item = Spoken(kind, place, f"{prefix}_{self._id}_{place}")
        self._items.append(item)
        return item

    def _close(self, status: str = "completed") -> bytes:
        item, self._speaking = self._speaking, None
        return b"" if item is None else self._ended(item, status)

    def _added(self, item: Spoken) -> bytes:
        kind = "response.output_item.added"
        return self._send(kind, output_index=item.place, item=item.item())

    def _part(self, moment: str, item: Spoken) -> bytes:
        return self._send(f"response.content_part.{moment}", part=item.part(), **self._at(item))

    def _ended(self, item: Spoken, status: str) -> bytes:
        item.status = status
        at, frames = self._at(item), b""
        if item.kind == "function_call":
            del at["content_index"]
            kind = "response.function_call_arguments.done"
            frames = self._send(kind, arguments=item.text, name=item.name, **at)
        elif item.pieces:
            kind, more = "response.reasoning_text.done", {}
            if item.kind == "message":
                kind, more = "response.output_text.done", {"logprobs": encoded(item.logprobs)}
            frames = self._send(kind, text=item.text, **more, **at) + self._part("done", item)
        kind = "response.output_item.done"
        return frames + self._send(kind, output_index=item.place, item=item.item())

    def _at(self, item: Spoken) -> dict[str, Any]:
        return {"item_id": item.id, "output_index": item.place, "content_index": 0}

    def _send(self, kind: str, **body: Any) -> bytes:
        numbered = {"type": kind, "sequence_number": self._number, **body}
        self._number += 1
        return sse.frame(json.encode(numbered), kind)


def encode_answer(
    answer: Answer,
    model: str,
    answer_id: str,
    created: int,
    *,
    echo: Mapping[str, Any] | None = None,
) -> bytes:
    """The body of an answer that is not streamed."""
    encoder = Encoder(model, answer_id, created, echo=echo)
    for event in answer.events:
        encoder.feed(event)
    encoder.end()
    return json.encode(encoder.response())


def _outcome(finish: Finish) -> dict[str, Any]:
    if finish.reason in ("length", "content_filter"):
        why = "max_output_tokens" if finish.reason == "length" else finish.reason
        return {"status": "incomplete", "incomplete_details": {"reason": why}}
    return {"status": "completed"}


def _failure(told: Mapping[str, Any]) -> str:
    """One of the few codes that a failed response can have."""
    if told["type"] == "rate_limit_error":
        return "rate_limit_exceeded"
    return "invalid_prompt" if told["type"] == "invalid_request_error" else "server_error"


def encode_usage(bills: list[Usage]) -> dict[str, Any]:
    sum_ = total(bills)
    return {
        "input_tokens": sum_.input_tokens,
        "output_tokens": sum_.output_tokens,
        "total_tokens": sum_.input_tokens + sum_.output_tokens,
        "input_tokens_details": {"cached_tokens": sum_.cached_tokens, "cache_write_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": sum_.reasoning_tokens},
    }
