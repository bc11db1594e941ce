"""Everything of a request that would travel: for whoever has to read all of it."""

import json
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec

from homeward.model import ImagePart, Message, Raw, Request, TextPart

_DIGITS = (
    "\u0660\u06f0\u07c0\u0966\u09e6\u0a66\u0ae6\u0b66\u0be6\u0c66\u0ce6\u0d66\u0de6\u0e50\u0ed0"
    "\u0f20\u1040\u1090\u17e0\u1810\u1946\u19d0\u1a80\u1a90\u1b50\u1bb0\u1c40\u1c50\ua620\ua8d0"
    "\ua900\ua9d0\ua9f0\uaa50\uabf0"
)
"""The noughts of other scripts; the other nine follow each."""
_ODD = re.compile(
    "[\u00a0\u00ad\u00b2\u00b3\u00b9\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f"
    "\u2000-\u2013\u2028-\u202f\u205f-\u2070\u2074-\u2089\u2212\u2460-\u24ff\u3000\u3164"
    "\ufe00-\ufe0f\ufe50-\ufe6f\ufeff\uff01-\uff5e\uffa0\U0001d400-\U0001d7ff"
    f"\U000e0000-\U000e0fff{''.join(f'{zero}-{chr(ord(zero) + 9)}' for zero in _DIGITS)}]"
)
_TELLING = re.compile("[0-9@]")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})|&#([0-9]{1,6});|&#[xX]([0-9a-fA-F]{1,5});")


def travelling(request: Request) -> str:
    """Its words in order: messages, thoughts, calls and answers of tools, tools, unread fields.

    Values in JSON stand as ``name: value``, a line each. Typographic spaces, hyphens, letters and
    digits are made plain, those of other scripts too, and signs that nobody sees are left out: what
    hides a number is no part of it. So are characters that are written by their number.
    """
    text = "\n".join(piece for piece in _pieces(request) if piece)
    if "\\" in text:  # JSON within a text: its line ends would join onto the next word
        text = text.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')
    if "\\u" in text or "&#" in text:
        text = _ESCAPED.sub(_meant, text)
    if text.isascii():
        return text
    return _ODD.sub(lambda sign: _plain(sign[0]), text)


def unread(request: Request) -> int:
    """How many parts hold what has no words to read: images, sounds, files."""
    return sum(
        not isinstance(part, TextPart)
        for message in request.messages
        if not isinstance(message.content, str)
        for part in message.content
    )


def _meant(escaped: re.Match[str]) -> str:
    unit, decimal, hexadecimal = escaped.groups()
    return chr(int(decimal) if decimal else int(unit or hexadecimal, 16))


@cache
def _plain(sign: str) -> str:
    """One of `_ODD` as a keyboard has it; nothing for what nobody sees."""
    category = unicodedata.category(sign)
    if category == "Nd":
        return str(unicodedata.decimal(sign))
    if category[0] == "Z":
        return " " if category == "Zs" else "\n"
    if category == "Pd" or sign == "\u2212":
        return "-"
    if category in ("Cf", "Cn", "Mn", "Lo"):
        return ""
    normal = unicodedata.normalize("NFKC", sign)
    return normal if normal.isascii() else sign


def _pieces(request: Request) -> Iterator[str]:
    for message in request.messages:
        yield from _of_message(message)
    for tool in request.tools:
        yield from _lines(tool.value if isinstance(tool, Raw) else msgspec.to_builtins(tool))
    if request.response_format is not None and request.response_format.schema:
        yield from _lines(request.response_format.schema)
    yield from request.sampling.stop or ()
    yield from _lines(request.extra)


def _of_message(message: Message) -> Iterator[str]:
    if message.name:
        yield message.name
    yield from _words(message)
    if message.reasoning:
        yield message.reasoning
    if not isinstance(message.content, str):
        for part in message.content:
            if isinstance(part, Raw):
                yield from _lines(part.value)
            elif isinstance(part, ImagePart) and not part.url.startswith("data:"):
                yield part.url
    for call in message.tool_calls:
        yield call.name
        try:
            yield from _lines(json.loads(call.arguments))
        except (ValueError, RecursionError):
            yield call.arguments
    if message.extra:
        yield from _lines(message.extra)


def _words(message: Message) -> Iterator[str]:
    """Its parts line by line, and also as one, where a word may go on from one part to the next."""
    if isinstance(message.content, str):
        yield message.content
        return
    parts = [part.text for part in message.content if isinstance(part, TextPart) and part.text]
    yield from parts
    if any(_goes_on(one, other) for one, other in pairwise(parts)):
        yield message.text


def _goes_on(part: str, following: str) -> bool:
    return part.rstrip(" -")[-1:].isalnum() and following.lstrip(" -")[:1].isalnum()


def _lines(value: Any, name: str = "") -> Iterator[str]:
    """Leaves of JSON, each with the name it stands under; a stack, as nesting has no bound."""
    left = [(name, value)]
    while left:
        name, value = left.pop()
        if isinstance(value, dict):
            left.extend((str(key), child) for key, child in reversed(value.items()))
            yield from (key for key, child in value.items() if _says(key, child))
        elif isinstance(value, list | tuple):
            left.extend((name, child) for child in reversed(value))
        elif value is not None and not isinstance(value, bool):
            yield f"{name}: {value}" if name else str(value)


def _says(key: Any, value: Any) -> bool:
    """Whether a name may say something itself, and no line will begin with it."""
    has_line = isinstance(value, str | int | float) and not isinstance(value, bool)
    return not has_line and isinstance(key, str) and _TELLING.search(key) is not None
