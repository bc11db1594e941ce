"""Tool calls between dialects: arguments as a JSON text or an object, ids where some have none."""

from typing import Any

from msgspec import json
from msgspec.structs import replace

from homeward.errors import Garbled, Rejected
from homeward.model import Message, Request, ToolCall
from homeward.wire.fields import BAD_JSON


def arguments_object(call: ToolCall, error: type[Rejected] | type[Garbled] = Rejected) -> Any:
    """A call's arguments for the dialects that send an object; no text is no arguments."""
    try:
        value = json.decode(call.arguments or "{}")
    except BAD_JSON:
        value = None
    if not isinstance(value, dict):
        raise error(
            f"the arguments of the call of {call.name!r} are no JSON object, "
            f"which this runtime needs: {call.arguments[:80]}"
        )
    return value


def arguments_text(value: Any) -> str:
    """Arguments as a JSON text, however they were sent."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.encode(value).decode()


def paired(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The same history with an id on every call and on every answer to one.

    Ollama's clients may leave ids out: answers then belong to calls of the same tool, in order.
    """
    if all(_has_ids(message) for message in messages):
        return messages
    open_calls: list[ToolCall] = []
    made = 0
    whole: list[Message] = []
    for message in messages:
        if message.tool_calls:
            calls = []
            for call in message.tool_calls:
                if not call.id:
                    made += 1
                calls.append(call if call.id else replace(call, id=f"call_{made}"))
            open_calls += calls
            message = replace(message, tool_calls=tuple(calls))
        elif message.role == "tool":
            match = _answered(message, open_calls)
            if match is not None:
                open_calls.remove(match)
                message = replace(message, tool_call_id=match.id)
        whole.append(message)
    return tuple(whole)


def one_at_a_time(request: Request) -> bool:
    """Whether the client wants one call in a turn, in OpenAI's word for it or in Anthropic's."""
    beside = request.extra.get("tool_choice+")
    apart = isinstance(beside, dict) and beside.get("disable_parallel_tool_use") is True
    return apart or request.extra.get("parallel_tool_calls") is False


def tool_names(messages: tuple[Message, ...]) -> dict[str, str]:
    """Which tool each call id belongs to, for the dialects whose answers name the tool."""
    return {call.id: call.name for message in messages for call in message.tool_calls}


def _has_ids(message: Message) -> bool:
    if message.role == "tool":
        return bool(message.tool_call_id)
    return all(call.id for call in message.tool_calls)


def _answered(message: Message, open_calls: list[ToolCall]) -> ToolCall | None:
    if message.tool_call_id:
        return next((call for call in open_calls if call.id == message.tool_call_id), None)
    named = (call for call in open_calls if call.name == message.name)
    return next(named, open_calls[0] if open_calls and not message.name else None)
