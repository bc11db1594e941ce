"""Experiments that stand in the configuration file, rather than having been started."""

from collections.abc import Iterator, Mapping
from typing import Any

from homeward.model import Model
from homeward.store.experiments import Plan
from homeward.strategies.experiment import Experiment
from homeward.tree import children_of


def plans_of(models: Mapping[str, Model]) -> list[Plan]:
    """Each `Experiment` in these trees, as if it had been started when the first request came.

    An arm is called by its route, or by its edge where it has no name of its own.
    """
    names = {id(model): name for name, model in models.items()}
    found: dict[str, Plan] = {}
    for model in models.values():
        for node in _nodes(model):
            if isinstance(node, Experiment):
                route = names.get(id(node.control), "control")
                against = names.get(id(node.treatment), "treatment")
                plan = Plan(node.name, route, against, node.share, salt=node.salt)
                found.setdefault(node.name, plan)
    return list(found.values())


def _nodes(model: Any) -> Iterator[Any]:
    yield model
    for _, child in children_of(model):
        yield from _nodes(child)
