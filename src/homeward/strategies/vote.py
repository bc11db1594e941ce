"""Vote: the answer that most models gave, in the words of the one trusted most."""

import json
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from math import fsum, log
from typing import Any, ClassVar, NamedTuple

from homeward.errors import ConfigError
from homeward.model import Decision, Finish, Model, Stream, Text
from homeward.reading import Extractor
from homeward.strategies.children import Child
from homeward.strategies.ensemble import Panel

WRONG_ANSWERS = 10  # K: how many different wrong answers a question has, in effect


class Ballot(NamedTuple):
    """One member's vote; ``value`` is None when it abstains."""

    label: str
    value: str | None
    weight: float = 1.0


class Standing(NamedTuple):
    """A value with those who voted for it, best prior first."""

    value: str
    labels: tuple[str, ...]
    weight: float


def tally(ballots: Iterable[Ballot]) -> list[Standing]:
    """Values by weight of their votes, heaviest first; ties by the best prior among the voters.

    ``ballots`` come best prior first. Abstentions do not count.
    """
    classes: dict[str, list[Ballot]] = {}
    for ballot in ballots:
        if ballot.value is not None:
            classes.setdefault(ballot.value, []).append(ballot)
    standings = [
        Standing(value, tuple(b.label for b in votes), fsum(b.weight for b in votes))
        for value, votes in classes.items()
    ]
    return sorted(standings, key=lambda standing: -standing.weight)


def vote_weight(p: float) -> float:
    """The weight of a vote by a model that is right with probability ``p``: log(K p / (1 - p)).

    With K wrong answers to choose from, a model that is right in fewer than half of the cases
    still says something; the form for yes and no (K = 1) would count it negative.
    """
    p = min(max(p, 0.01), 0.99)
    return max(0.0, log(WRONG_ANSWERS * p / (1 - p)))


@dataclass(frozen=True)
class Vote:
    """Plurality of the typed answers that ``extract`` finds; who has none abstains.

    The full answer of the best prior among the winners is said, in its own voice; a tie goes to
    the best prior too. Ends as soon as the leader cannot be overtaken, or ``first_to`` members
    agree; with ``first_to`` no more members are asked at once than could still decide it. With
    the ensemble's ``weights`` votes count log(K p / (1 - p)). When nobody has a typed answer,
    ``else_`` is asked; without it the best prior's answer is said, and the decision says so.

    ``fields`` votes on each field of a JSON object instead, top level, absence being a value too,
    and says the merged object, in nobody's voice unless somebody gave exactly that.

    Does not stream: the words come when the vote is decided. Members may call tools: with a
    `tool_call` extractor the calls are voted on and the winning ones passed on; for another
    extractor, whoever calls a tool abstains.
    """

    extract: Extractor
    first_to: int | None = None
    fields: bool = False
    else_: Model | None = None
    tools: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.first_to is not None and self.first_to < 1:
            raise ConfigError(f"first_to is {self.first_to}; say how many must agree, 2 or more")

    def wanted(self, panel: Panel) -> int:
        """How many members should be at work: 0 once nothing can change the outcome."""
        if self.fields:
            return panel.open
        standings = tally(_ballots(panel, panel.answered))
        leader, second = (*standings, None, None)[:2]
        to_come = fsum(_weight(panel, m.label) for m in panel.members if not m.ended)
        if leader and leader.weight > (second.weight if second else 0.0) + to_come:
            return 0
        if self.first_to is None:
            return panel.open
        return max(0, self.first_to - (len(leader.labels) if leader else 0))

    async def merge(self, panel: Panel) -> Stream:
        async with aclosing(panel.gather(self.wanted, self.extract)) as notes:
            async for note in notes:
                yield note
        answers = panel.answers()
        ballots = _ballots(panel, answers)
        standings = tally(ballots)
        merged = by_field(ballots) if self.fields else None
        if merged is not None:
            standings = [s for s in standings if _object(s.value) == merged]
        if self.else_ is not None and not standings and merged is None:
            async with aclosing(self._otherwise(panel, self.else_, ballots)) as events:
                async for event in events:
                    yield event
            return
        chosen: Child | None = None  # the merged object's own
        if standings:
            chosen = next(member for member in answers if member.label == standings[0].labels[0])
        elif merged is None:
            chosen = answers[0]
        chose = chosen.label if chosen else "merged"
        for candidate in panel.candidates("vote", [chose]):
            yield candidate
        yield _decision(chose, standings[0] if standings else None, ballots)
        if chosen is None:
            whole = {name: json.loads(value) for name, value in (merged or {}).items()}
            yield Text(json.dumps(whole, ensure_ascii=False))
            yield Finish()
            return
        for event in chosen.words:
            yield event
        yield chosen.finish

    async def _otherwise(self, panel: Panel, model: Model, ballots: Sequence[Ballot]) -> Stream:
        for candidate in panel.candidates("vote", []):
            yield candidate
        yield _decision("else", None, ballots)
        async with aclosing(model.chat(panel.request)) as events:
            async for event in events:
                yield event


def _ballots(panel: Panel, answers: Sequence[Child]) -> list[Ballot]:
    return [Ballot(m.label, panel.typed[m.label], _weight(panel, m.label)) for m in answers]


def _weight(panel: Panel, label: str) -> float:
    return vote_weight(panel.weights[label]) if panel.weights else 1.0


def _decision(chose: str, won: Standing | None, ballots: Sequence[Ballot]) -> Decision:
    voters = sum(ballot.value is not None for ballot in ballots)
    votes = len(won.labels) if won else 0
    if won:
        because = f"{votes} of {voters} votes for {won.value[:80]}"
    elif voters:
        because = "the fields were voted on one by one; nobody gave just this object"
    else:
        instead = "asking the other" if chose == "else" else "the first in prior order"
        because = f"nobody gave a typed answer: {instead}"
    numbers = {
        "agreement": votes / voters if voters else 0.0,
        "votes": float(votes),
        "voters": float(voters),
        "abstained": float(len(ballots) - voters),
    }
    return Decision("vote", chose, because, numbers)


def by_field(ballots: Sequence[Ballot]) -> dict[str, str] | None:
    """The winning value of each top-level field, as canonical JSON; None without objects."""
    objects = [(b, fields) for b in ballots if (fields := _object(b.value)) is not None]
    if not objects:
        return None
    names = dict.fromkeys(name for _, fields in objects for name in fields)
    won = {
        name: tally(Ballot(b.label, fields.get(name, _ABSENT), b.weight) for b, fields in objects)
        for name in names
    }
    return {n: won[n][0].value for n in names if won[n][0].value != _ABSENT}


_ABSENT = ""  # no JSON value is the empty text


def _object(value: str | None) -> dict[str, str] | None:
    """The fields of a JSON object, each as canonical JSON; None where it is none."""
    try:
        parsed: Any = json.loads(value or "")
    except ValueError:
        return None
    if not isinstance(parsed, dict):
        return None
    return {name: json.dumps(item, sort_keys=True) for name, item in parsed.items()}
