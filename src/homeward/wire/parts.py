"""The parts of a message: read with a dialect's own eyes, kept raw where they see nothing."""

from collections.abc import Callable
from typing import Any

from homeward.errors import Rejected
from homeward.model import Message, Part, Raw, Request
from homeward.wire.fields import Fields

Content = str | tuple[Part, ...]


def read_content(
    fields: Fields, dialect: str, read: Callable[[Fields], Part | None], name: str = "content"
) -> Content:
    """Take a message's content. Each part's unread fields stay in ``fields`` under ``content+``."""
    value = fields.rest.pop(name, None)
    if value is None or isinstance(value, str):
        return value or ""
    if not isinstance(value, list):
        raise Rejected(f"`{name}` of a message must be a text or a list of parts")
    parts: list[Part] = []
    beside: list[dict[str, Any]] = []
    for one in value:
        inside = Fields(one, f"{name}[]")
        part = read(inside)
        parts.append(Raw(dialect, one) if part is None else part)
        beside.append({} if part is None else inside.rest)
    fields.keep(f"{name}+", beside)
    return tuple(parts)


def sendable(message: Message, dialect: str) -> Content:
    """The content without the raw parts that only another dialect understands."""
    if isinstance(message.content, str):
        return message.content
    return tuple(
        part
        for part in message.content
        if not isinstance(part, Raw) or part.dialect in ("", dialect)
    )


def is_lost(message: Message, dialect: str) -> bool:
    """Whether nothing of it can be said in this dialect, so that it is left out."""
    return bool(message.content) and not sendable(message, dialect) and not message.tool_calls


def speaks(request: Request, dialect: str) -> bool:
    """Whether the request's ``extra`` fields are meant for this dialect."""
    return request.dialect in ("", dialect)


# The first characters, in base64, of the image formats that runtimes take.
_MAGIC = {"/9j/": "jpeg", "iVBORw0KGgo": "png", "R0lGOD": "gif", "UklGR": "webp"}


def data_uri(base64: str, media_type: str = "") -> str:
    """A ``data:`` URI; the media type is told from the first bytes where nobody says it."""
    if not media_type:
        kind = next((k for magic, k in _MAGIC.items() if base64.startswith(magic)), None)
        media_type = f"image/{kind}" if kind else "application/octet-stream"
    return f"data:{media_type};base64,{base64}"


def split_data_uri(url: str) -> tuple[str, str] | None:
    """Media type and base64 of a ``data:`` URI; None for another address."""
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return None
    return head.removeprefix("data:").removesuffix(";base64"), data
