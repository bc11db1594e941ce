"""Sampling settings by the names that a dialect gives them. None is never sent."""

from collections.abc import Mapping
from typing import Any

from homeward.errors import Rejected
from homeward.model import Sampling
from homeward.wire.fields import Fields

KINDS: Mapping[str, type] = {
    "temperature": float,
    "top_p": float,
    "top_k": int,
    "min_p": float,
    "max_tokens": int,
    "seed": int,
    "presence_penalty": float,
    "frequency_penalty": float,
}
Names = Mapping[str, str]
"""A `Sampling` field to its name on the wire. A field that is not in it is not sent."""


def sent(sampling: Sampling, names: Names) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for field, name in names.items():
        value = getattr(sampling, field)
        if value is not None and value != ():
            body[name] = list(value) if field == "stop" else value
    return body


def taken(fields: Fields, names: Names) -> dict[str, Any]:
    """Arguments for `Sampling`."""
    found: dict[str, Any] = {}
    for field, name in names.items():
        if field == "stop":
            found["stop"] = _stop(fields, name)
        elif (value := fields.take(name, KINDS[field])) is not None:
            found[field] = value
    return found


def _stop(fields: Fields, name: str) -> tuple[str, ...]:
    value = fields.rest.pop(name, None)
    texts = [value] if isinstance(value, str) else value or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Rejected(f"`{name}` must be a text or a list of texts")
    return tuple(texts)
