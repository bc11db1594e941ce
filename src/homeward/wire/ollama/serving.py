"""Events as the lines that a client of Ollama reads."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from msgspec import json

from homeward.errors import Garbled, ModelError
from homeward.model import (
    Answer,
    Event,
    Finish,
    Logprob,
    Reasoning,
    Text,
    ToolCall,
    Usage,
    join_calls,
)
from homeward.wire.calls import arguments_object
from homeward.wire.logprobs import encoded
from homeward.wire.ollama.answer import NANOSECONDS
from homeward.wire.tally import total


class Encoder:
    """Lines for a stream. Notes have no place in it, but for the usage of all calls, last.

    Tool calls are whole in this protocol: their pieces are held until the end, and Garbled is
    raised where their arguments are no JSON object then.
    """

    def __init__(self, model: str, answer_id: str, created: int) -> None:
        self._answer_id = answer_id
        moment = datetime.fromtimestamp(created, UTC).isoformat().replace("+00:00", "Z")
        self._head = {"model": model, "created_at": moment}
        self._pieces: list[ToolCall] = []
        self._bills: list[Usage] = []
        self._finish = Finish()

    def feed(self, event: Event) -> bytes:
        match event:
            case Text():
                return self._words({"content": event.text}, event.logprobs)
            case Reasoning():
                return self._words({"content": "", "thinking": event.text}) if event.text else b""
            case ToolCall():
                self._pieces.append(event)
            case Finish():
                self._finish = event
            case Usage():
                self._bills.append(event)
        return b""

    def end(self) -> bytes:
        """What follows the last event."""
        lines = b""
        if self._pieces:
            calls = _encode_calls(join_calls(self._pieces), self._answer_id)
            lines = self._words({"content": "", "tool_calls": calls})
        message = {"role": "assistant", "content": ""}
        last = {"message": message, **_ending(self._finish, self._bills)}
        return lines + self._line(last)

    def fail(self, error: ModelError) -> bytes:
        """Instead of `end`, when the answer breaks off after its first word."""
        return json.encode({"error": str(error)}) + b"\n"

    def _words(self, message: dict[str, Any], logprobs: tuple[Logprob, ...] = ()) -> bytes:
        line: dict[str, Any] = {"message": {"role": "assistant", **message}, "done": False}
        if logprobs:
            line["logprobs"] = encoded(logprobs)
        return self._line(line)

    def _line(self, body: dict[str, Any]) -> bytes:
        return json.encode(self._head | body) + b"\n"


def encode_answer(answer: Answer, model: str, answer_id: str, created: int) -> bytes:
    """The body of an answer that is not streamed. Garbled where arguments are no object."""
    moment = datetime.fromtimestamp(created, UTC).isoformat().replace("+00:00", "Z")
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if answer.reasoning:
        message["thinking"] = answer.reasoning
    if answer.tool_calls:
        message["tool_calls"] = _encode_calls(answer.tool_calls, answer_id)
    body: dict[str, Any] = {"model": model, "created_at": moment, "message": message}
    if answer.logprobs:
        body["logprobs"] = encoded(answer.logprobs)
    return json.encode(body | _ending(answer.finish or Finish(), answer.usage))


def _encode_calls(calls: Iterable[ToolCall], answer_id: str) -> list[dict[str, Any]]:
    return [
        {
            "id": call.id or f"call_{answer_id}_{call.index}",
            "function": {
                "index": call.index,
                "name": call.name,
                "arguments": arguments_object(call, Garbled),
            },
        }
        for call in calls
    ]


def _ending(finish: Finish, bills: Iterable[Usage]) -> dict[str, Any]:
    """Durations in nanoseconds; what is zero is left out, as Ollama does."""
    sum_ = total(bills)
    counts = {
        "total_duration": round(sum_.seconds * NANOSECONDS),
        "load_duration": round(sum_.load_seconds * NANOSECONDS),
        "prompt_eval_count": sum_.input_tokens,
        "eval_count": sum_.output_tokens,
    }
    reason = "length" if finish.reason == "length" else "stop"
    present = {name: count for name, count in counts.items() if count}
    return {"done": True, "done_reason": reason, **present}
