"""Experiments in a store: how they were started, what was observed, and who preferred what.

No words of anybody are kept here. `homeward.learn.experiment` makes numbers and verdicts of it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, cast

import msgspec
from msgspec import Struct, field
from msgspec.structs import astuple

from homeward.store.protocols import Ledger

Measure: TypeAlias = Literal["feedback", "judge", "votes", "errors", "cost", "seconds"]
Choice: TypeAlias = Literal["control", "treatment", "tie", "bad"]

R = TypeVar("R", bound=Struct)

SHADOW_ID = "-shadow"
"""What follows a request's id in the id of its shadow's entry."""


def new_salt() -> str:
    return secrets.token_hex(16)


class Plan(Struct, frozen=True):
    """An experiment as it was started. ``route`` is the control, ``against`` the treatment.

    ``share`` of the conversations are the treatment's (of a ``shadow``: are answered by both).
    ``margin`` is how much worse still counts as not worse: of a measure from 0 to 1 a difference,
    of ``cost`` and ``seconds`` a part of the control's mean. ``judge`` is the route that compares
    pairs, empty for none. Times are in seconds since 1970; ``stopped`` is None while it runs.
    """

    name: str
    route: str
    against: str
    share: float = 0.5
    shadow: bool = False
    margin: float = 0.02
    measure: Measure = "feedback"
    judge: str = ""
    salt: str = field(default_factory=new_salt)
    started: float = 0.0
    stopped: float | None = None

    @property
    def is_running(self) -> bool:
        return self.stopped is None


class Vote(Struct, frozen=True):
    """Which of two answers to one prompt somebody preferred. ``bad``: neither was any good.

    ``pair`` names the two answers, ``by`` who voted (``people`` or ``judge``), ``first`` the arm
    that was shown first. ``at`` is in seconds since 1970.
    """

    id: str
    experiment: str
    pair: str
    by: Literal["people", "judge"]
    choice: Choice
    first: Literal["control", "treatment"]
    at: float


class Observation(Struct, frozen=True):
    """One request of an experiment, as the ledger has it. ``rating`` is a person's, -1 to 1.

    Of a shadow there are two with one ``id``, one of each arm.
    """

    id: str
    began: float
    arm: str
    conversation: str
    outcome: Literal["finished", "failed", "cancelled"]
    cost_usd: float | None
    seconds: float
    rating: float | None


class Experiments(Protocol):
    async def plans(self) -> list[Plan]:
        """All of them, the latest first; the stopped ones too."""

    async def put_plan(self, plan: Plan) -> None:
        """Add, or replace the one of the same name."""

    async def observations(self, experiment: str) -> list[Observation]:
        """In the order in which the requests began."""

    async def add_votes(self, votes: Sequence[Vote]) -> None:
        """Keep votes; one whose id is there already is left as it is."""

    async def votes(self, experiment: str) -> list[Vote]:
        """In the order in which they were given."""


PLANS = """select name, route, against, share, shadow, margin, measure, judge, salt, started,
    stopped from experiments order by started desc, name"""
PUT_PLAN = """insert into experiments (name, route, against, share, shadow, margin, measure, judge,
    salt, started, stopped) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict (name) do update set stopped = excluded.stopped"""
OBSERVATIONS = """select e.id, e.began, e.arm, e.conversation, e.outcome, e.cost_usd, e.seconds,
    f.rating from entries as e left join feedback as f on f.id = e.id
    where e.experiment = ? and e.experiment <> '' and e.arm <> '' order by e.began, e.id"""
ADD_VOTE = """insert into votes (id, experiment, pair, "by", choice, "first", at)
    values (?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing"""
VOTES = """select id, experiment, pair, "by", choice, "first", at from votes
    where experiment = ? order by at, id"""


class _Sql(Protocol):
    async def fetch(self, sql: str, *values: Any) -> Sequence[Sequence[Any]]: ...

    async def write(self, sql: str, rows: Sequence[Sequence[Any]]) -> None: ...


@dataclass(frozen=True)
class ExperimentTables:
    """`Experiments` in whatever database has the rest of the ledger."""

    database: _Sql

    async def plans(self) -> list[Plan]:
        return [_read(row, Plan) for row in await self.database.fetch(PLANS)]

    async def put_plan(self, plan: Plan) -> None:
        await self.database.write(PUT_PLAN, [astuple(plan)])

    async def observations(self, experiment: str) -> list[Observation]:
        rows = await self.database.fetch(OBSERVATIONS, experiment)
        return [_read((row[0].removesuffix(SHADOW_ID), *row[1:]), Observation) for row in rows]

    async def add_votes(self, votes: Sequence[Vote]) -> None:
        await self.database.write(ADD_VOTE, [astuple(vote) for vote in votes])

    async def votes(self, experiment: str) -> list[Vote]:
        return [_read(row, Vote) for row in await self.database.fetch(VOTES, experiment)]


def experiments_in(ledger: Ledger) -> Experiments:
    """Beside an open ledger: every one that there is keeps its rows in SQL."""
    return ExperimentTables(cast("_Sql", ledger))


def _read(row: Sequence[Any], record: type[R]) -> R:
    """SQLite has no booleans: they come as numbers."""
    values = dict(zip(record.__struct_fields__, row, strict=True))
    return msgspec.convert(values, record, strict=False)
