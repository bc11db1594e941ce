"""Events as the lines that a client of Ollama reads."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

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

LINE_ENDS = {each.encode(): b"\\u%04x" % ord(each) for each in "\x85\u2028\u2029"}
Place: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""Where an answer's ``content``, ``thinking`` and ``tool_calls`` stand in a line."""


def in_message(said: dict[str, Any]) -> dict[str, Any]:
    """As ``/api/chat`` has them."""
    return {"message": {"role": "assistant", **said}}


def timestamp(seconds: float) -> str:
    """RFC 3339, as Go writes it. ``seconds`` are counted from 1970."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def one_line(data: bytes) -> bytes:
    """The same JSON without what Ollama's Python client takes for the end of a line."""
    if not data.isascii():
        for end, escaped in LINE_ENDS.items():
            data = data.replace(end, escaped)
    return data


class Encoder:
    """Lines for a stream. Notes have no place in it, but for the usage of all calls, last.

    Tool calls are whole in this protocol: their pieces are held until the end, and Garbled is
    raised where their arguments are no JSON object then.
    """

    def __init__(
        self, model: str, answer_id: str, created: float, place: Place = in_message
    ) -> None:
        self._answer_id = answer_id
        self._head = {"model": model, "created_at": timestamp(created)}
        self._place = place
        around = self._words({"content": "\0"})
        self._before, _, self._after = around.rpartition(rb'"\u0000"')
        self._pieces: list[ToolCall] = []
        self._bills: list[Usage] = []
        self._finish = Finish()

    def feed(self, event: Event) -> bytes:
        match event:
            case Text(text=text, logprobs=logprobs):
                if not logprobs:  # nearly every line of nearly every stream
                    return self._before + one_line(json.encode(text)) + self._after
                return self._words({"content": text}, logprobs)
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
        return lines + self._line(self._place({"content": ""}) | _ending(self._finish, self._bills))

    def fail(self, error: ModelError) -> bytes:
        """Instead of `end`, when the answer breaks off after its first word."""
        return json.encode({"error": str(error)}) + b"\n"

    def _words(self, said: dict[str, Any], logprobs: tuple[Logprob, ...] = ()) -> bytes:
        line = self._place(said) | {"done": False}
        if logprobs:
            line["logprobs"] = _encode_logprobs(logprobs)
        return self._line(line)

    def _line(self, body: dict[str, Any]) -> bytes:
        return one_line(json.encode(self._head | body)) + b"\n"


def encode_answer(
    answer: Answer, model: str, answer_id: str, created: float, place: Place = in_message
) -> bytes:
    """The body of an answer that is not streamed. Garbled where arguments are no object."""
    said: dict[str, Any] = {"content": answer.text}
    if answer.reasoning:
        said["thinking"] = answer.reasoning
    if answer.tool_calls:
        said["tool_calls"] = _encode_calls(answer.tool_calls, answer_id)
    body: dict[str, Any] = {"model": model, "created_at": timestamp(created), **place(said)}
    if answer.logprobs:
        body["logprobs"] = _encode_logprobs(answer.logprobs)
    return json.encode(body | _ending(answer.finish or Finish(), answer.usage))


def encode_loaded(
    model: str, created: float, *, seconds: float, unloaded: bool, place: Place = in_message
) -> bytes:
    """The answer to a question without words, which asks to load the model, or to unload it."""
    body: dict[str, Any] = {"model": model, "created_at": timestamp(created)}
    body |= place({"content": ""})
    body |= {"done": True, "done_reason": "unload" if unloaded else "load"}
    return json.encode(body | _present({"load_duration": 0.0 if unloaded else seconds}))


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


def _encode_logprobs(logprobs: tuple[Logprob, ...]) -> list[dict[str, Any]]:
    """Ollama leaves an empty list of alternatives out."""
    entries = encoded(logprobs)
    for entry in entries:
        if not entry["top_logprobs"]:
            del entry["top_logprobs"]
    return entries


def _ending(finish: Finish, bills: Sequence[Usage]) -> dict[str, Any]:
    """Reading the prompt ends, and writing the answer begins, with the longest call's first word.

    Clients divide ``eval_count`` by ``eval_duration`` for the speed that they show.
    """
    sum_ = total(bills)
    longest = max(bills, key=lambda bill: bill.seconds, default=sum_)
    first = longest.first_seconds
    reading = 0.0 if first is None else max(first - longest.load_seconds, 0.0)
    writing = 0.0 if first is None else max(longest.seconds - first, 0.0)
    return {
        "done": True,
        "done_reason": "length" if finish.reason == "length" else "stop",
        **_present({"total_duration": sum_.seconds, "load_duration": sum_.load_seconds}),
        **({"prompt_eval_count": sum_.input_tokens} if sum_.input_tokens else {}),
        **_present({"prompt_eval_duration": reading}),
        **({"eval_count": sum_.output_tokens} if sum_.output_tokens else {}),
        **_present({"eval_duration": writing}),
    }


def _present(seconds: dict[str, float]) -> dict[str, int]:
    """Durations in nanoseconds; what is zero is left out, as Ollama does."""
    found = {name: round(value * NANOSECONDS) for name, value in seconds.items()}
    return {name: value for name, value in found.items() if value}
