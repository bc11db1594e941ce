"""Explain: the tree that a request would walk, and why, without paying for it where possible.

A signal that asks a model (a judge) is not asked here: what it would decide stays open. Of
signals in order (`First`) those before it are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from msgspec import Struct

from homeward.errors import ModelError
from homeward.model import Model, Request
from homeward.reading import Reading, Signal
from homeward.signals.first import First
from homeward.strategies.cascade import Cascade
from homeward.strategies.ensemble import Ensemble
from homeward.strategies.experiment import Experiment
from homeward.strategies.fallback import Fallback
from homeward.strategies.hedge import Hedge
from homeward.strategies.router import Router
from homeward.strategies.shadow import Shadow
from homeward.strategies.vote import Vote
from homeward.strategies.weighted import Weighted
from homeward.tree import children_of

Walked = Literal["yes", "perhaps", "no"]
MARKS: Mapping[Walked, str] = {"yes": "●", "perhaps": "○", "no": "·"}
LOWER: Mapping[Walked, int] = {"yes": 0, "perhaps": 1, "no": 2}


class Verdict(NamedTuple):
    """What a node would do with a child, and the numbers that this rests on."""

    walked: Walked
    because: str = ""
    numbers: Mapping[str, float] = {}


Verdicts: TypeAlias = dict[str, Verdict]


class Step(Struct, frozen=True):
    """One node of the tree: ``edge`` is its name there, ``walked`` whether it would be asked.

    ``numbers`` are those of the decision for it, as a `Decision` would have them.
    """

    edge: str
    kind: str
    walked: Walked
    because: str = ""
    about: Mapping[str, str] = {}
    children: tuple["Step", ...] = ()
    numbers: Mapping[str, float] = {}

    @property
    def mark(self) -> str:
        """``walked``, for a drawing."""
        return MARKS[self.walked]


async def explain(model: Model, request: Request, name: str) -> Step:
    """The plan for a request at this model."""
    return await _step(model, request, name, Verdict("yes", "asked"))


async def _step(node: Any, request: Request, edge: str, verdict: Verdict) -> Step:
    walked = verdict.walked
    children = []
    below = list(children_of(node)) if walked != "no" else []
    verdicts = await _verdicts(node, request, [label for label, _ in below]) if below else {}
    for label, child in below:
        own = verdicts.get(label, Verdict("yes"))
        worse: Walked = max(walked, own.walked, key=LOWER.__getitem__)
        children.append(await _step(child, request, label, own._replace(walked=worse)))
    kind = type(node).__name__.lower()
    about = _about(node)
    return Step(edge, kind, walked, verdict.because, about, tuple(children), verdict.numbers)


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
        case Experiment():
            return _perhaps(labels, "by its conversation")
        case Shadow():
            return _perhaps(labels[1:], "as well, when the control has ended, and unheard")
    return {}


def _perhaps(labels: Sequence[str], why: str) -> Verdicts:
    return dict.fromkeys(labels, Verdict("perhaps", why))


async def _routed(router: Router, request: Request, labels: Sequence[str]) -> Verdicts:
    deciding = [label for label in labels if label.startswith("by.")]
    edges = [label for label in labels if not label.startswith("by.")]
    try:
        reading, asked = await _read(router.by, request)
    except ModelError as error:
        reading, asked = Reading(because=f"the signal failed: {error}"), 0
    if reading is None:
        first = [label for label in deciding if label.startswith(f"by.signals.{asked}.")]
        later = [label for label in deciding if first and label not in first]
        open_ = _perhaps(edges, "a model decides: not asked here")
        return open_ | _perhaps(later, "if the signals before abstain")
    unasked = dict.fromkeys(deciding, Verdict("no", "a signal before it has decided"))
    chosen = f"routes.{reading.label}"
    why = reading.because or f"label {reading.label}"
    if chosen not in labels:
        chosen = "else"
        if reading.label is not None:
            why = f"there is no route for {reading.label!r}: {why}"
    if chosen not in labels:
        return unasked | dict.fromkeys(edges, Verdict("no", why))
    score = {} if reading.score is None else {"score": reading.score}
    numbers = {**reading.numbers, **score}
    ways = {label: Verdict("no") for label in edges}
    return unasked | ways | {chosen: Verdict("yes", why, numbers)}


async def _read(signal: Signal, request: Request) -> tuple[Reading | None, int]:
    """What it says without a model; None where one would have to be asked, and whose place it is.

    Places are those in a `First`, from 1; 0 elsewhere.
    """
    if not isinstance(signal, First):
        asks = any(True for _ in children_of(signal))
        return (None, 0) if asks else (await signal(request), 0)
    reading = Reading()
    for place, each in enumerate(signal.signals, 1):
        if any(True for _ in children_of(each)):
            return None, place
        try:
            reading = await each(request)
        except ModelError:  # as `First` does: the next one decides
            if place == len(signal.signals):
                raise
        if reading.label is not None:
            break
    return reading, 0


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
