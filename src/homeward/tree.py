"""The tree that models make: who is asked by whom."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from homeward.model import Model


def children_of(node: Any) -> Iterator[tuple[str, Model]]:
    """The models in a node's fields, and in its signals' and checks', by the name of their edge.

    Signals and checks are walked through, also within mappings and lists (``accept.checks.NAME``,
    ``by.signals.2``, counted from 1); what hangs below a model is that model's own. Fields that
    are not compared are what a node only uses: its cache, the line that it waits in.
    """
    if not is_dataclass(node) or isinstance(node, type):
        return
    for field in fields(node):
        if field.compare:
            yield from _models(field.name.rstrip("_"), getattr(node, field.name))


def leaves(model: Model) -> Iterator[Model]:
    """The models that a tree asks in the end. One that is in it twice comes twice."""
    below = [child for _, child in children_of(model)]
    if not below:
        yield model
    for child in below:
        yield from leaves(child)


def _models(edge: str, value: Any) -> Iterator[tuple[str, Model]]:
    if callable(getattr(value, "chat", None)) and not isinstance(value, type):
        yield edge, value
        return
    inside: Iterator[tuple[Any, Any]]
    if isinstance(value, Mapping):
        inside = iter(value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        inside = enumerate(value, 1)
    else:
        inside = children_of(value)
    for name, each in inside:
        yield from _models(f"{edge}.{name}", each)
