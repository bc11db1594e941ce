"""Messages as the items of the responses protocol, and back.

One assistant message is several items there: its words, and one item per tool call. An item that
we do not read (reasoning with its seal, a search, a reference) is a raw part of the assistant's
message, in its place, and goes out again as the item that it was.
"""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from msgspec.structs import replace

from homeward.errors import Rejected
from homeward.model import ImagePart, Message, Part, Raw, TextPart, ToolCall
from homeward.wire.calls import arguments_text
from homeward.wire.fields import Fields, overlay
from homeward.wire.parts import Content, is_lost, read_content, sendable

DIALECT = "openai_responses"
ROLES = ("system", "developer", "user", "assistant")

# ---------------------------------------------------------------- to items


def write_items(message: Message, *, own: bool) -> list[dict[str, Any]]:
    """The items of one message. ``own``: its unread fields are of this protocol."""
    if is_lost(message, DIALECT):
        return []
    content = sendable(message, DIALECT)
    extra = message.extra if own else {}
    if message.role == "tool":
        output = {
            "type": "function_call_output",
            "call_id": message.tool_call_id or "",
            "output": content if isinstance(content, str) else _write_parts(content, "input_text"),
        }
        return [overlay(output, extra)]
    items = _write_words(message, content, extra)
    beside = extra.get("tool_calls+") or []
    for place, call in enumerate(message.tool_calls):
        item = {
            "type": "function_call",
            "call_id": call.id,
            "name": call.name,
            "arguments": call.arguments or "{}",
        }
        items.append(overlay(item, beside[place]) if place < len(beside) else item)
    return items


def _write_words(
    message: Message, content: Content, extra: Mapping[str, Any]
) -> list[dict[str, Any]]:
    head: dict[str, Any] = {"type": "message", "role": message.role}
    own = {name: value for name, value in extra.items() if not name.endswith("+")}
    if isinstance(content, str):
        if message.tool_calls and not content:
            return []
        return [overlay({**head, "content": content}, own)]
    kind = "output_text" if message.role == "assistant" else "input_text"
    beside = extra.get("content+") or []
    if len(beside) != len(content):  # somebody changed the content since it was read
        beside = [{}] * len(content)
    items: list[dict[str, Any]] = []
    for is_item, group in groupby(zip(content, beside, strict=True), _is_item_at):
        parts, rests = zip(*group, strict=True)
        if is_item:
            items += [part.value for part in parts]
        else:
            said = {**head, "content": _write_parts(parts, kind)}
            items.append(overlay(said, {**own, "content+": list(rests)}))
    return items


def _write_parts(parts: tuple[Part, ...], text_kind: str) -> list[Any]:
    written: list[Any] = []
    for part in parts:
        match part:
            case TextPart():
                written.append({"type": text_kind, "text": part.text})
            case ImagePart():
                detail = {} if part.detail is None else {"detail": part.detail}
                written.append({"type": "input_image", "image_url": part.url, **detail})
            case Raw():
                written.append(part.value)
    return written


def _is_item(part: Part) -> bool:
    """Whether an unread part stood beside messages rather than inside one."""
    if not isinstance(part, Raw) or not isinstance(part.value, dict):
        return False
    kind = str(part.value.get("type", ""))
    return not kind.startswith("input_") and kind not in ("output_text", "refusal", "")


def _is_item_at(place: tuple[Part, Any]) -> bool:
    return _is_item(place[0])


# ---------------------------------------------------------------- from items


def read_items(value: Any) -> list[Message]:
    """``input``: a text, or a list of items."""
    if isinstance(value, str):
        return [Message("user", value)]
    if not isinstance(value, list):
        raise Rejected("`input` must be a text or a list of items")
    messages: list[Message] = []
    for one in value:
        item = Fields(one, "input[]")
        kind = item.rest.get("type", "message")
        if kind == "message" and "role" in item.rest:
            _join(messages, _read_message(item))
        elif kind == "function_call":
            _join(messages, _read_call(item))
        elif kind == "function_call_output":
            messages.append(_read_output(item))
        else:
            reasoning = reasoning_text(one) if kind == "reasoning" else None
            part = (Raw(DIALECT, one),)
            _join(messages, Message("assistant", part, reasoning=reasoning or None))
    return messages


def reasoning_text(item: Any) -> str:
    """The words of a reasoning item: its own, or their summary."""
    for name in ("content", "summary"):
        parts = item.get(name) if isinstance(item, dict) else None
        if parts and isinstance(parts, list):
            return "".join(str(p.get("text", "")) for p in parts if isinstance(p, dict))
    return ""


def _read_message(item: Fields) -> Message:
    item.take("type", str)
    role = item.need("role", str)
    if role not in ROLES:
        raise Rejected(f"{role!r} is no role of a message; say one of {', '.join(ROLES)}")
    content = read_content(item, DIALECT, _read_part)
    return Message(role, content, extra=item.rest)  # type: ignore[arg-type]  # checked above


def _read_call(item: Fields) -> Message:
    item.take("type", str)
    call = ToolCall(
        0,
        item.need("call_id", str),
        item.need("name", str),
        arguments_text(item.rest.pop("arguments", None)),
    )
    extra = {"tool_calls+": [item.rest]} if item.rest else {}
    return Message("assistant", tool_calls=(call,), extra=extra)


def _read_output(item: Fields) -> Message:
    item.take("type", str)
    content = read_content(item, DIALECT, _read_part, name="output")
    call_id = item.need("call_id", str)
    return Message("tool", content, tool_call_id=call_id, extra=item.rest)


def _read_part(part: Fields) -> Part | None:
    match part.rest:
        case {"type": "input_text" | "output_text" | "text", "text": str()}:
            part.take("type", str)
            return TextPart(part.need("text", str))
        case {"type": "input_image", "image_url": str()}:
            part.take("type", str)
            return ImagePart(part.need("image_url", str), part.take("detail", str))
    return None


def _join(messages: list[Message], new: Message) -> None:
    """Put an item of the assistant's to those before it that belong to the same message."""
    last = messages[-1] if messages else None
    if last is None or last.role != "assistant" or new.role != "assistant":
        messages.append(new)
    elif new.tool_calls:
        messages[-1] = _with_call(last, new)
    elif isinstance(last.content, tuple) and all(map(_is_item, last.content)):
        parts = new.content if isinstance(new.content, tuple) else (TextPart(new.content),)
        thoughts = [text for text in (last.reasoning, new.reasoning) if text]
        messages[-1] = replace(
            last,
            content=(*last.content, *parts),
            reasoning="\n".join(thoughts) or None,
            extra={**new.extra, **_shifted(new, len(last.content))},
        )
    else:
        messages.append(new)


def _with_call(message: Message, new: Message) -> Message:
    place = len(message.tool_calls)
    extra = dict(message.extra)
    if "tool_calls+" in extra or "tool_calls+" in new.extra:
        before = extra.get("tool_calls+") or [{}] * place
        extra["tool_calls+"] = [*before, *(new.extra.get("tool_calls+") or [{}])]
    call = replace(new.tool_calls[0], index=place)
    return replace(message, tool_calls=(*message.tool_calls, call), extra=extra)


def _shifted(message: Message, by: int) -> dict[str, Any]:
    beside = message.extra.get("content+")
    return {"content+": [*([{}] * by), *beside]} if beside else {}
