"""The tree that models make: who is asked by whom."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from homeward.model import Model


def children_of(node: Any) -> Iterator[tuple[str, Model]]:
    """The models in a node's fields, and in its signals', by the name of their edge.

    Fields that are not compared are what a node only uses: its cache, the line that it waits in.
    """
    if not is_dataclass(node):
        return
    for field in fields(node):
        if not field.compare:
            continue
        value = getattr(node, field.name)
        edge = field.name.rstrip("_")
        if callable(getattr(value, "chat", None)):
            yield edge, value
        elif isinstance(value, Mapping):
            yield from ((f"{edge}.{k}", v) for k, v in value.items() if hasattr(v, "chat"))
        elif isinstance(value, Sequence) and not isinstance(value, str):
            models = [item for item in value if hasattr(item, "chat")]
            yield from ((f"{edge}.{place}", v) for place, v in enumerate(models, 1))
        elif is_dataclass(value) and not isinstance(value, type):
            yield from ((f"{edge}.{inner}", v) for inner, v in children_of(value))
