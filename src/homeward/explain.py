"""Explain: the tree that a request would walk, and why, without paying for it where possible.

A signal that asks a model (a judge) is not asked here: what it would decide stays open.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Literal

from msgspec import Struct

from homeward.model import Model, Reading, Request
from homeward.strategies.cascade import Cascade
from homeward.strategies.ensemble import Ensemble
from homeward.strategies.fallback import Fallback
from homeward.strategies.hedge import Hedge
from homeward.strategies.router import Router

Walked = Literal["yes", "perhaps", "no"]
LOWER: Mapping[Walked, int] = {"yes": 0, "perhaps": 1, "no": 2}


class Step(Struct, frozen=True):
    """One node of the tree: ``edge`` is its name there, ``walked`` whether it would be asked."""

    edge: str
    kind: str
    walked: Walked
    because: str = ""
    about: Mapping[str, str] = {}
    children: tuple["Step", ...] = ()


async def explain(model: Model, request: Request, name: str) -> Step:
    """The plan for a request at this model."""
    return await _step(model, request, name, "yes", "asked")


async def _step(node: Any, request: Request, edge: str, walked: Walked, because: str) -> Step:
    verdicts = await _verdicts(node, request)
    children = []
    for label, child in children_of(node) if walked != "no" else ():
        own, why = verdicts.get(label, ("yes", ""))
        worse: Walked = max(walked, own, key=LOWER.__getitem__)
        children.append(await _step(child, request, label, worse, why))
    return Step(edge, type(node).__name__.lower(), walked, because, _about(node), tuple(children))


async def _verdicts(node: Any, request: Request) -> dict[str, tuple[Walked, str]]:
    """What this node would do with each child, as far as that is known before it is asked."""
    labels = [label for label, _ in children_of(node)]
    match node:
        case Router():
            return await _routed(node, request, labels)
        case Fallback() | Hedge():
            late = "if the one before fails" + (" or is slow" if isinstance(node, Hedge) else "")
            return {
                x: ("perhaps", late) if place else ("yes", "") for place, x in enumerate(labels)
            }
        case Cascade():
            drafts = [f"drafts.{label}" for label in _names(node.drafts)]
            verdicts: dict[str, tuple[Walked, str]] = {"final": ("perhaps", "if no draft is kept")}
            return verdicts | dict.fromkeys(drafts[1:], ("perhaps", "if the draft before is not"))
        case Ensemble() if node.at_once is not None:
            return {
                x: ("perhaps", "if those before do not agree")
                for place, x in enumerate(label for label in labels if label.startswith("models."))
                if place >= max(2, node.at_once)
            }
    return {}


async def _routed(
    router: Router, request: Request, labels: Sequence[str]
) -> dict[str, tuple[Walked, str]]:
    if any(True for _ in children_of(router.by)):
        open_: tuple[Walked, str] = ("perhaps", "a model decides: not asked here")
        return {label: open_ for label in labels if not label.startswith("by.")}
    reading: Reading = await router.by(request)
    chosen = f"routes.{reading.label}"
    if chosen not in labels:
        chosen = "else"
    why = reading.because or f"label {reading.label}"
    return {label: ("yes", why) if label == chosen else ("no", "") for label in labels}


def children_of(node: Any) -> Iterator[tuple[str, Model]]:
    """The models in a node's fields, and in its signals', by the name of their edge."""
    if not is_dataclass(node):
        return
    for field in fields(node):
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


def _names(models: Any) -> list[str]:
    return (
        list(models)
        if isinstance(models, Mapping)
        else [str(place) for place in range(1, len(models) + 1)]
    )


def _about(node: Any) -> dict[str, str]:
    """The plain settings of a node that somebody chose, but those that its repr keeps back."""
    if not is_dataclass(node):
        return {}
    return {
        field.name.rstrip("_"): str(value)
        for field in fields(node)
        if field.repr
        and isinstance(value := getattr(node, field.name), str | int | float | bool)
        and value != field.default
    }
