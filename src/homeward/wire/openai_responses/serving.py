"""Events as the response that a client of OpenAI's responses protocol reads."""

from typing import Any

from msgspec import Struct, field, json

from homeward.errors import ModelError
from homeward.model import Answer, Event, Finish, Logprob, Reasoning, Text, ToolCall, Usage
from homeward.wire import sse
from homeward.wire.logprobs import encoded
from homeward.wire.tally import total


class _Open(Struct):
    """An output item under way. ``kind`` is message, reasoning or function_call."""

    kind: str
    place: int
    id: str
    pieces: list[str] = field(default_factory=list[str])
    logprobs: list[Logprob] = field(default_factory=list[Logprob])
    signature: str = ""
    call_id: str = ""
    name: str = ""

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def done(self, status: str = "completed") -> dict[str, Any]:
        if self.kind == "message":
            return {
                "type": "message",
                "id": self.id,
                "role": "assistant",
                "status": status,
                "content": [self.part()],
            }
        if self.kind == "function_call":
            return {
                "type": "function_call",
                "id": self.id,
                "call_id": self.call_id,
                "name": self.name,
                "arguments": self.text,
                "status": status,
            }
        item: dict[str, Any] = {"type": "reasoning", "id": self.id, "summary": []}
        item["content"] = [self.part()] if self.text else []
        if self.signature:
            item["encrypted_content"] = self.signature
        return item

    def part(self) -> dict[str, Any]:
        if self.kind == "reasoning":
            return {"type": "reasoning_text", "text": self.text}
        part: dict[str, Any] = {"type": "output_text", "text": self.text, "annotations": []}
        if self.logprobs:
            part["logprobs"] = encoded(self.logprobs)
        return part


class Encoder:
    """Frames for a stream. Notes have no place in it, but for the usage of all calls, last.

    Words and reasoning close one another; tool calls stay open until the end, because their
    pieces may come in turns.
    """

    def __init__(self, model: str, answer_id: str, created: int) -> None:
        self._head: dict[str, Any] = {
            "id": answer_id,
            "object": "response",
            "created_at": created,
            "model": model,
        }
        self._number = 0
        self._items: list[_Open] = []
        self._speaking: _Open | None = None
        self._calls: dict[int, _Open] = {}
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
        frames = self._begin() + self._close()
        for item in self._calls.values():
            frames += self._ended(item)
        body = self.response()
        return frames + self._send(f"response.{body['status']}", response=body)

    def response(self) -> dict[str, Any]:
        """The whole response, once everything was fed."""
        output = [item.done() for item in self._items]
        usage = encode_usage(self._bills)
        return self._head | _outcome(self._finish) | {"output": output, "usage": usage}

    def fail(self, error: ModelError) -> bytes:
        """Instead of `end`, when the answer breaks off after its first word."""
        said = {"code": type(error).__name__, "message": str(error)}
        body = self._head | {"status": "failed", "error": said, "output": []}
        return self._begin() + self._send("response.failed", response=body)

    def _begin(self) -> bytes:
        if self._number:
            return b""
        body = self._head | {"status": "in_progress", "output": []}
        created = self._send("response.created", response=body)
        return created + self._send("response.in_progress", response=body)

    def _text(self, event: Text) -> bytes:
        item, frames = self._speak("message")
        item.pieces.append(event.text)
        item.logprobs += event.logprobs
        body = self._at(item) | {"delta": event.text, "logprobs": encoded(event.logprobs)}
        return frames + self._send("response.output_text.delta", **body)

    def _reason(self, event: Reasoning) -> bytes:
        item, frames = self._speak("reasoning")
        item.pieces.append(event.text)
        item.signature += event.signature
        if not event.text:
            return frames
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

    def _speak(self, kind: str) -> tuple[_Open, bytes]:
        if self._speaking is not None and self._speaking.kind == kind:
            return self._speaking, b""
        frames = self._close()
        item = self._speaking = self._open(kind)
        frames += self._added(item)
        if kind == "message":
            frames += self._send("response.content_part.added", part=item.part(), **self._at(item))
        return item, frames

    def _open(self, kind: str) -> _Open:
        place = len(self._items)
        prefix = {"message": "msg", "reasoning": "rs", "function_call": "fc"}[kind]
        item = _Open(kind, place, f"{prefix}_{self._head['id']}_{place}")
        self._items.append(item)
        return item

    def _close(self) -> bytes:
        item, self._speaking = self._speaking, None
        return b"" if item is None else self._ended(item)

    def _added(self, item: _Open) -> bytes:
        body = item.done("in_progress")
        if item.kind == "message":
            body["content"] = []
        return self._send("response.output_item.added", output_index=item.place, item=body)

    def _ended(self, item: _Open) -> bytes:
        at = self._at(item)
        if item.kind == "message":
            frames = self._send("response.output_text.done", text=item.text, logprobs=[], **at)
            frames += self._send("response.content_part.done", part=item.part(), **at)
        elif item.kind == "reasoning":
            frames = self._send("response.reasoning_text.done", text=item.text, **at)
        else:
            del at["content_index"]
            kind = "response.function_call_arguments.done"
            frames = self._send(kind, arguments=item.text, name=item.name, **at)
        done = self._send("response.output_item.done", output_index=item.place, item=item.done())
        return frames + done

    def _at(self, item: _Open) -> dict[str, Any]:
        return {"item_id": item.id, "output_index": item.place, "content_index": 0}

    def _send(self, kind: str, **body: Any) -> bytes:
        numbered = {"type": kind, "sequence_number": self._number, **body}
        self._number += 1
        return sse.frame(json.encode(numbered), kind)


def encode_answer(answer: Answer, model: str, answer_id: str, created: int) -> bytes:
    """The body of an answer that is not streamed."""
    encoder = Encoder(model, answer_id, created)
    for event in answer.events:
        encoder.feed(event)
    return json.encode(encoder.response())


def _outcome(finish: Finish) -> dict[str, Any]:
    if finish.reason in ("length", "content_filter"):
        why = "max_output_tokens" if finish.reason == "length" else finish.reason
        return {"status": "incomplete", "incomplete_details": {"reason": why}}
    return {"status": "completed"}


def encode_usage(bills: list[Usage]) -> dict[str, Any]:
    sum_ = total(bills)
    return {
        "input_tokens": sum_.input_tokens,
        "output_tokens": sum_.output_tokens,
        "total_tokens": sum_.input_tokens + sum_.output_tokens,
        "input_tokens_details": {"cached_tokens": sum_.cached_tokens},
        "output_tokens_details": {"reasoning_tokens": sum_.reasoning_tokens},
    }
