"""Events as the chat completion that a client of OpenAI's protocol reads."""

from typing import Any

from msgspec import json

from homeward.errors import ModelError
from homeward.model import Answer, Event, Finish, Logprob, Reasoning, Text, ToolCall, Usage
from homeward.wire import sse
from homeward.wire.logprobs import encoded
from homeward.wire.openai_chat.errors import encode_error
from homeward.wire.openai_chat.tools import encode_call, sealed
from homeward.wire.tally import total


class Encoder:
    """Frames for a stream. Notes have no place in it, but for the usage of all calls, last.

    ``usage`` says whether the client asked for that (`Asked.usage`).
    """

    def __init__(self, model: str, answer_id: str, created: int, *, usage: bool = True) -> None:
        self._head = {
            "id": answer_id,
            "object": "chat.completion.chunk",
            "created": created,
            "model": model,
        }
        if usage:
            self._head["usage"] = None  # in every frame but the one that has it
        self._usage = usage
        self._bills: list[Usage] = []
        self._named: set[int] = set()
        self._begun = False
        around = json.encode(self._head | {"choices": [self._choice({"content": "\0"})]})
        self._before, _, self._after = sse.frame(around).rpartition(rb'"\u0000"')

    def feed(self, event: Event) -> bytes:
        match event:
            case Text(text=text, logprobs=logprobs):
                if self._begun and not logprobs:  # nearly every frame of nearly every stream
                    return self._before + json.encode(text) + self._after
                return self._delta({"content": text}, logprobs=logprobs)
            case Reasoning():
                return self._delta({"reasoning_content": event.text}) if event.text else b""
            case ToolCall():
                return self._delta({"tool_calls": [self._call(event)]})
            case Finish():
                return self._delta({}, finish=event.reason)
            case Usage():
                self._bills.append(event)
        return b""

    def end(self) -> bytes:
        """What follows the last event."""
        tail = sse.frame(b"[DONE]")
        if not self._usage:
            return tail
        return self._frame({"choices": [], "usage": encode_usage(self._bills)}) + tail

    def fail(self, error: ModelError) -> bytes:
        """Instead of `end`, when the answer breaks off after its first word."""
        return sse.frame(json.encode({"error": encode_error(error)}))

    def _call(self, piece: ToolCall) -> dict[str, Any]:
        if piece.index in self._named:
            return {"index": piece.index, "function": {"arguments": piece.arguments}}
        self._named.add(piece.index)
        return {
            "index": piece.index,
            "id": piece.id or f"call_{self._head['id']}_{piece.index}",
            "type": "function",
            "function": {"name": piece.name, "arguments": piece.arguments},
            **sealed(piece),
        }

    def _delta(
        self,
        delta: dict[str, Any],
        finish: str | None = None,
        logprobs: tuple[Logprob, ...] = (),
    ) -> bytes:
        if not self._begun:
            self._begun = True
            delta = {"role": "assistant", "refusal": None, **delta}
        return self._frame({"choices": [self._choice(delta, finish, logprobs)]})

    @staticmethod
    def _choice(
        delta: dict[str, Any], finish: str | None = None, logprobs: tuple[Logprob, ...] = ()
    ) -> dict[str, Any]:
        return {
            "index": 0,
            "delta": delta,
            "logprobs": encode_logprobs(logprobs),
            "finish_reason": finish,
        }

    def _frame(self, body: dict[str, Any]) -> bytes:
        return sse.frame(json.encode(self._head | body))


def encode_answer(answer: Answer, model: str, answer_id: str, created: int) -> bytes:
    """The body of an answer that is not streamed."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text, "refusal": None}
    if answer.reasoning:
        message["reasoning_content"] = answer.reasoning
    if answer.tool_calls:
        message["content"] = answer.text or None
        message["tool_calls"] = [
            {**encode_call(call), "id": call.id or f"call_{answer_id}_{call.index}"}
            for call in answer.tool_calls
        ]
    finish = answer.finish or Finish()
    choice = {
        "index": 0,
        "message": message,
        "logprobs": encode_logprobs(answer.logprobs),
        "finish_reason": finish.reason,
    }
    body = {
        "id": answer_id,
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [choice],
        "usage": encode_usage(answer.usage),
    }
    return json.encode(body)


def encode_logprobs(logprobs: tuple[Logprob, ...]) -> dict[str, Any] | None:
    return {"content": encoded(logprobs), "refusal": None} if logprobs else None


def encode_usage(bills: list[Usage] | tuple[Usage, ...]) -> dict[str, Any]:
    sum_ = total(bills)
    return {
        "prompt_tokens": sum_.input_tokens,
        "completion_tokens": sum_.output_tokens,
        "total_tokens": sum_.input_tokens + sum_.output_tokens,
        "prompt_tokens_details": {"cached_tokens": sum_.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": sum_.reasoning_tokens},
    }
