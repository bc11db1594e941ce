"""What a route can do beside chatting.

Where a model cannot, the only one below it (in a cache, under a deadline) may, and is asked in its
stead. What bounds chats is not passed by: it would bound nothing then. A queue has the abilities
of its model itself.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from homeward.backends.embedded import BOX, Embedded
from homeward.completion import Completer
from homeward.embedding import Embedder
from homeward.errors import Rejected
from homeward.gateway.accounting.keyring import Caller
from homeward.gateway.gateway import Gateway
from homeward.gateway.routes import Route
from homeward.strategies.capped import Capped
from homeward.strategies.experiment import Experiment
from homeward.strategies.limited import Limited
from homeward.strategies.queued import Queued
from homeward.strategies.sequential import Sequential
from homeward.strategies.shadow import Shadow
from homeward.tree import children_of

T = TypeVar("T")
BOUNDS = (Capped, Limited, Queued, Sequential)


def embedder_of(model: object) -> Embedder | None:
    found = next((each for each in _down(model) if isinstance(each, Embedder)), None)
    leaf = found.model if isinstance(found, Queued) else found
    if isinstance(leaf, Embedded) and leaf.model.startswith(BOX) and leaf.pooling is None:
        return None  # the box has none that was made to embed
    return found


def completer_of(model: object) -> Completer | None:
    return next((each for each in _down(model) if isinstance(each, Completer)), None)


def needed(
    gateway: Gateway,
    caller: Caller,
    route: Route,
    find: Callable[[object], T | None],
    what: str,
) -> T:
    """What ``find`` finds of a route. Rejected, with the caller's routes that do have it."""
    found = find(route.model)
    if found is not None:
        return found
    others = [name for name, other in gateway.visible(caller).items() if find(other.model)]
    there = f"ask one that does: {', '.join(others)}" if others else "no model here does"
    if not others and find is embedder_of:
        there += ": add one such as {embedded: {model: minilm}} to the configuration"
    raise Rejected(f"{route.name!r} does not support {what}; {there}")


def _down(model: object) -> Iterator[object]:
    """A model, the only one below it, and so on; of an experiment its control."""
    yield model
    if isinstance(model, Experiment | Shadow):
        yield from _down(model.control)
        return
    children = list(children_of(model))
    if len(children) == 1 and not isinstance(model, BOUNDS):
        yield from _down(children[0][1])
