"""Messages as Anthropic's turns of content blocks, and back.

A tool's answer is a block in a user's turn there. A thinking block is a raw part of the
assistant's message, in its place: its seal holds for exactly these words.
"""

from collections.abc import Iterable
from typing import Any

from homeward.errors import Rejected
from homeward.model import ImagePart, Message, Part, Raw, TextPart, ToolCall
from homeward.wire.calls import arguments_object, arguments_text
from homeward.wire.fields import Fields, overlay
from homeward.wire.parts import (
    Content,
    data_uri,
    is_lost,
    read_content,
    sendable,
    split_data_uri,
)

DIALECT = "anthropic_messages"

# ---------------------------------------------------------------- to blocks


def write_system(messages: Iterable[Message], *, own: bool) -> Any:
    """The top-level ``system``: a text, or blocks where there are several or it has parts."""
    found = [message for message in messages if message.role in ("system", "developer")]
    if len(found) == 1 and isinstance(found[0].content, str):
        return found[0].content
    return [block for message in found for block in _blocks(message, own=own)]


def write_turns(messages: Iterable[Message], *, own: bool) -> list[dict[str, Any]]:
    """Everything but the system's messages. Answers of tools that follow one another share a turn.

    The service wants the answers to one turn's calls together, first in the next turn.
    """
    turns: list[dict[str, Any]] = []
    answering = False
    for message in messages:
        if message.role in ("system", "developer") or is_lost(message, DIALECT):
            continue
        if message.role == "tool":
            if not answering:
                turns.append({"role": "user", "content": []})
            turns[-1]["content"].append(_result(message, own=own))
        else:
            turns.append(_turn(message, own=own))
        answering = message.role == "tool"
    return turns


def _turn(message: Message, *, own: bool) -> dict[str, Any]:
    if isinstance(message.content, str) and not message.tool_calls:
        turn: dict[str, Any] = {"role": message.role, "content": message.content}
    else:
        blocks = _blocks(message, own=own)
        beside = (message.extra.get("tool_calls+") if own else None) or []
        for place, call in enumerate(message.tool_calls):
            block = {
                "type": "tool_use",
                "id": call.id,
                "name": call.name,
                "input": arguments_object(call),
            }
            blocks.append(overlay(block, beside[place]) if place < len(beside) else block)
        turn = {"role": message.role, "content": blocks}
    return overlay(turn, _unread(message)) if own else turn


def _result(message: Message, *, own: bool) -> dict[str, Any]:
    content = message.content if isinstance(message.content, str) else _blocks(message, own=own)
    block = {
        "type": "tool_result",
        "tool_use_id": message.tool_call_id or "",
        "content": content,
    }
    return overlay(block, _unread(message)) if own else block


def _unread(message: Message) -> dict[str, Any]:
    return {name: value for name, value in message.extra.items() if not name.endswith("+")}


def _blocks(message: Message, *, own: bool) -> list[Any]:
    content = sendable(message, DIALECT)
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    body = {"content": [_write_part(part) for part in content]}
    if own:
        overlay(body, {"content+": message.extra.get("content+")})
    return body["content"]


def _write_part(part: Part) -> Any:
    match part:
        case TextPart():
            return {"type": "text", "text": part.text}
        case Raw():
            return part.value
        case ImagePart():
            if (data := split_data_uri(part.url)) is not None:
                source = {"type": "base64", "media_type": data[0], "data": data[1]}
            else:
                source = {"type": "url", "url": part.url}
            return {"type": "image", "source": source}


# ---------------------------------------------------------------- from blocks


def read_system(fields: Fields) -> list[Message]:
    """Take the top-level ``system``."""
    if fields.rest.get("system") is None:
        return []
    inside = Fields({"content": fields.rest.pop("system")}, "system")
    content = read_content(inside, DIALECT, read_part)
    return [Message("system", content, extra=inside.rest)]


def read_turn(value: Any) -> list[Message]:
    """The messages in one turn: a user's may hold the answers of several tools."""
    turn = Fields(value, "messages[]")
    role = turn.need("role", str)
    if role not in ("user", "assistant", "system"):
        raise Rejected(f"{role!r} is no role of a message; say user or assistant")
    blocks = turn.rest.get("content")
    if not isinstance(blocks, list):
        content = read_content(turn, DIALECT, read_part)
        return [Message(role, content, extra=turn.rest)]  # type: ignore[arg-type]  # checked above
    results = [block for block in blocks if _is(block, "tool_result")]
    uses = [block for block in blocks if _is(block, "tool_use")]
    others = [
        block for block in blocks if not (_is(block, "tool_result") or _is(block, "tool_use"))
    ]
    answers = [_read_result(block) for block in results]
    if answers and not others and not uses:
        return answers
    turn.rest["content"] = others
    content = read_content(turn, DIALECT, read_part)
    calls = _read_uses(turn, uses)
    return [
        *answers,
        Message(
            role,  # type: ignore[arg-type]  # checked above
            _plain(content, turn) if calls else content,
            tool_calls=calls,
            reasoning=_thoughts(others),
            extra=turn.rest,
        ),
    ]


def read_part(block: Fields) -> Part | None:
    match block.rest:
        case {"type": "text", "text": str()}:
            block.take("type", str)
            return TextPart(block.need("text", str))
        case {"type": "image", "source": {"type": "base64", "data": str(data)} as source}:
            block.take("type", str)
            del block.rest["source"]
            return ImagePart(data_uri(data, source.get("media_type") or ""))
        case {"type": "image", "source": {"type": "url", "url": str(url)}}:
            block.take("type", str)
            del block.rest["source"]
            return ImagePart(url)
    return None


def _read_result(value: Any) -> Message:
    block = Fields(value, "tool_result")
    block.take("type", str)
    content = read_content(block, DIALECT, read_part)
    call_id = block.need("tool_use_id", str)
    return Message("tool", content, tool_call_id=call_id, extra=block.rest)


def _read_uses(turn: Fields, values: list[Any]) -> tuple[ToolCall, ...]:
    calls: list[ToolCall] = []
    beside: list[dict[str, Any]] = []
    for place, value in enumerate(values):
        block = Fields(value, "tool_use")
        block.take("type", str)
        arguments = arguments_text(block.rest.pop("input", None) or {})
        calls.append(ToolCall(place, block.need("id", str), block.need("name", str), arguments))
        beside.append(block.rest)
    turn.keep("tool_calls+", beside)
    return tuple(calls)


def _plain(content: Content, turn: Fields) -> Content:
    """A lone text beside tool calls as a text: it had to be a block only for their sake."""
    match content:
        case ():
            return ""
        case (TextPart(text=text),) if "content+" not in turn.rest:
            return text
    return content


def _thoughts(blocks: list[Any]) -> str | None:
    words = [block.get("thinking") for block in blocks if _is(block, "thinking")]
    return "\n".join(text for text in words if isinstance(text, str)) or None


def _is(block: Any, kind: str) -> bool:
    return isinstance(block, dict) and block.get("type") == kind
