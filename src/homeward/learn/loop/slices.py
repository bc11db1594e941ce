"""Slices of a history: the older part to train on, the later one to judge by.

A random split would let a router learn from turns of the conversations it is judged by, and from
tomorrow. Both flatter it.
"""

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from homeward.learn.history import Case

SHARE = 0.2
"""Of the history that judges: its latest part."""


class Slices(NamedTuple):
    """Every request of ``train`` was asked before every one of ``judge``.

    No conversation is in both: ``between`` counts later turns of those that are in ``train``.
    """

    train: Sequence[Case]
    judge: Sequence[Case]
    between: int

    @property
    def cut(self) -> float:
        """When the last request to train on was asked; seconds since 1970."""
        return asked_at(self.train[-1]) if self.train else -inf


def split(
    cases: Sequence[Case], at_least: int, *, share: float = SHARE, after: float = -inf
) -> Slices:
    """The latest ``share``, and ``at_least`` so many, to judge by; none of it asked before
    ``after``, which is when the training of the version in use ended.
    """
    ordered = sorted(cases, key=lambda case: (asked_at(case), case.row.id))
    wanted = max(round(share * len(ordered)), at_least)
    edge = asked_at(ordered[-wanted]) if 0 < wanted <= len(ordered) else -inf
    cut = sum(asked_at(case) < edge or asked_at(case) <= after for case in ordered)
    train, rest = ordered[:cut], ordered[cut:]
    judge = _unseen(rest, train)
    return Slices(train, judge, len(rest) - len(judge))


def newer(cases: Sequence[Case], than: float) -> Sequence[Case]:
    """What was asked after that, in conversations that began after it too."""
    ordered = sorted(cases, key=lambda case: (asked_at(case), case.row.id))
    later = [case for case in ordered if asked_at(case) > than]
    return _unseen(later, [case for case in ordered if asked_at(case) <= than])


def asked_at(case: Case) -> float:
    return case.row.given.at if case.row.given is not None else 0.0


def conversation(case: Case) -> str:
    return case.row.conversation or case.row.id


def _unseen(cases: Sequence[Case], others: Sequence[Case]) -> Sequence[Case]:
    known = {conversation(case) for case in others}
    return [case for case in cases if conversation(case) not in known]
