"""The promises that the routes stand under, found in their trees."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

from homeward.gateway.routes import Route
from homeward.signals.promised import Promised


class Guarded(NamedTuple):
    """A promise on a route, called by its file's name without the suffix."""

    route: str
    name: str
    promised: Promised


def promises_of(routes: Mapping[str, Route]) -> tuple[Guarded, ...]:
    """Each promise once for each route that has it."""
    return tuple(
        Guarded(name, promised.path.stem, promised)
        for name, route in routes.items()
        for promised in {str(each.path): each for each in _within(route.model)}.values()
    )


def _within(node: Any) -> Iterator[Promised]:
    """In a node's fields and below: a check is no model, so `children_of` does not tell it.

    Fields that are not compared are what a node only uses.
    """
    if isinstance(node, Promised):
        yield node
    if isinstance(node, Mapping):
        for child in node.values():
            yield from _within(child)
    elif isinstance(node, Sequence) and not isinstance(node, str | bytes):
        for child in node:
            yield from _within(child)
    elif is_dataclass(node) and not isinstance(node, type):
        for field in fields(node):
            if field.compare:
                yield from _within(getattr(node, field.name))
