"""Explain: the tree that a request would walk, and why, without paying for it where possible.

A signal that asks a model (a judge) is not asked here: what it would decide stays open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from homeward.errors import ModelError
from homeward.model import Model, Request
from homeward.reading import Reading
from homeward.strategies.cascade import Cascade
from homeward.strategies.ensemble import Ensemble
from homeward.strategies.fallback import Fallback
from homeward.strategies.hedge import Hedge
from homeward.strategies.router import Router
from homeward.strategies.vote import Vote
from homeward.strategies.weighted import Weighted
from homeward.tree import children_of

Walked = Literal["yes", "perhaps", "no"]
Verdicts: TypeAlias = dict[str, tuple[Walked, str]]
MARKS: Mapping[Walked, str] = {"yes": "●", "perhaps": "○", "no": "·"}
LOWER: Mapping[Walked, int] = {"yes": 0, "perhaps": 1, "no": 2}


class Step(Struct, frozen=True):
    """One node of the tree: ``edge`` is its name there, ``walked`` whether it would be asked."""

    edge: str
    kind: str
    walked: Walked
    because: str = ""
    about: Mapping[str, str] = {}
    children: tuple["Step", ...] = ()

    @property
    def mark(self) -> str:
        """``walked``, for a drawing."""
        return MARKS[self.walked]


async def explain(model: Model, request: Request, name: str) -> Step:
    """The plan for a request at this model."""
    return await _step(model, request, name, "yes", "asked")


async def _step(node: Any, request: Request, edge: str, walked: Walked, because: str) -> Step:
    children = []
    below = list(children_of(node)) if walked != "no" else []
    verdicts = await _verdicts(node, request, [label for label, _ in below]) if below else {}
    for label, child in below:
        own, why = verdicts.get(label, ("yes", ""))
        worse: Walked = max(walked, own, key=LOWER.__getitem__)
        children.append(await _step(child, request, label, worse, why))
    return Step(edge, type(node).__name__.lower(), walked, because, _about(node), tuple(children))


async def _verdicts(node: Any, request: Request, labels: Sequence[str]) -> Verdicts:
    """What this node would do with each child, as far as that is known before it is asked.

    A child that is left out is asked.
    """
    match node:
        case Router():
            return await _routed(node, request, labels)
        case Fallback():
            return _perhaps(labels[1:], "if the one before fails")
        case Hedge():
            return _perhaps(labels[1:], "if the one before fails or is slow")
        case Cascade():
            drafts = [label for label in labels if label.startswith("drafts.")]
            late = _perhaps(drafts[1:], "if the draft before is not kept")
            return late | _perhaps(["final"], "if no draft is kept")
        case Ensemble():
            return _merged(node)
    return {}


def _perhaps(labels: Sequence[str], why: str) -> Verdicts:
    return dict.fromkeys(labels, ("perhaps", why))


async def _routed(router: Router, request: Request, labels: Sequence[str]) -> Verdicts:
    if any(True for _ in children_of(router.by)):
        edges = [label for label in labels if not label.startswith("by.")]
        return _perhaps(edges, "a model decides: not asked here")
    try:
        reading = await router.by(request)
    except ModelError as error:
        reading = Reading(because=f"the signal failed: {error}")
    chosen = f"routes.{reading.label}"
    if chosen not in labels:
        chosen = "else"
    why = reading.because or f"label {reading.label}"
    if chosen not in labels:
        return dict.fromkeys(labels, ("no", why))
    return {label: ("yes", why) if label == chosen else ("no", "") for label in labels}


def _merged(ensemble: Ensemble) -> Verdicts:
    """Whom a merge asks from the start: a vote may end early, and weighted asks one by one."""
    edges = [f"models.{name}" for name in ensemble.by_prior()]
    untyped = _perhaps(["merge.else"], "if nobody gives a typed answer")
    match ensemble.merge:
        case Vote(fields=False) as vote:
            enough = len(edges) // 2 + 1 if vote.first_to is None else vote.first_to
            at_once = len(edges) if ensemble.at_once is None else ensemble.at_once
            first = enough if vote.first_to is not None else max(enough, at_once)
            late = _perhaps(edges[first:], "if those before do not agree")
            return late | untyped
        case Weighted():
            return _perhaps(edges[1:], "if the one before says nothing")
        case _:
            return untyped | _perhaps(["merge.judge"], "if the answers differ")


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
