"""From the requests of an experiment to one number for each conversation."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from homeward.learn.experiment.sequential import Array
from homeward.store.experiments import Measure, Observation

BETTER: Mapping[Measure, int] = {
    "feedback": 1,
    "judge": 1,
    "votes": 1,
    "errors": -1,
    "cost": -1,
    "seconds": -1,
}
"""1 where more is better."""

SHARES = frozenset({"feedback", "judge", "votes", "errors"})
"""Measures from 0 to 1; the others have no bounds, and their margin is a part of the control's."""


class Arms(NamedTuple):
    """An A/B test: of each conversation its mean outcome and whether the treatment answered.

    In the order in which they began. ``mixed`` are conversations that were in both arms and are
    left out: somebody changed the share or the salt.
    """

    outcomes: Array
    treated: list[bool]
    mixed: int


class Pairs(NamedTuple):
    """A shadow: of each conversation the mean outcome of either arm over requests that both had.

    ``requests`` and ``groups`` are the differences of single requests and their conversations.
    """

    control: Array
    treatment: Array
    requests: Array
    groups: list[str]


def outcome(seen: Observation, measure: Measure) -> float | None:
    """What a request counts for; None where it says nothing of this measure.

    An answer that its client left is neither right nor wrong, nor was it whole.
    """
    if seen.outcome == "cancelled":
        return None
    match measure:
        case "feedback":
            return None if seen.rating is None else (seen.rating + 1) / 2
        case "errors":
            return float(seen.outcome == "failed")
        case "cost":
            return seen.cost_usd
        case "seconds":
            return seen.seconds if seen.outcome == "finished" else None
        case _:
            return None  # of two answers together: see `homeward.learn.experiment.votes`


def arms(seen: Iterable[Observation], measure: Measure) -> Arms:
    """One row for each conversation with an outcome, which is the mean of its requests'."""
    treated: dict[str, set[str]] = {}
    values: dict[str, list[float]] = {}
    for each in seen:
        treated.setdefault(each.conversation, set()).add(each.arm)
        values.setdefault(each.conversation, [])
        if (value := outcome(each, measure)) is not None:
            values[each.conversation].append(value)
    mixed = {group for group, of in treated.items() if len(of) > 1}
    kept = [group for group in values if values[group] and group not in mixed]
    return Arms(
        np.array([sum(values[group]) / len(values[group]) for group in kept]),
        ["treatment" in treated[group] for group in kept],
        len(mixed),
    )


def split(seen: Iterable[Observation]) -> tuple[int, int]:
    """How many conversations each arm was given, whether they have outcomes or not."""
    groups: dict[str, str] = {}
    for each in seen:
        groups.setdefault(each.conversation, each.arm)
    treatment = sum(arm == "treatment" for arm in groups.values())
    return len(groups) - treatment, treatment


def pairs(seen: Iterable[Observation], measure: Measure) -> Pairs:
    """Requests that both arms answered, by conversation."""
    found: dict[str, dict[str, float]] = {}
    groups: dict[str, str] = {}
    for each in seen:
        if (value := outcome(each, measure)) is not None:
            found.setdefault(each.id, {})[each.arm] = value
            groups.setdefault(each.id, each.conversation)
    both = {id_: of for id_, of in found.items() if len(of) == 2}
    by_group: dict[str, list[dict[str, float]]] = {}
    for id_, of in both.items():
        by_group.setdefault(groups[id_], []).append(of)

    def means(arm: str) -> Array:
        return np.array([sum(of[arm] for of in rows) / len(rows) for rows in by_group.values()])

    return Pairs(
        means("control"),
        means("treatment"),
        np.array([of["treatment"] - of["control"] for of in both.values()]),
        [groups[id_] for id_ in both],
    )
