"""What the box answers as a whole: the default route, and other ways of choosing, over a table.

A table already holds every member's answer, so a way of choosing is a function from a row to the
answer taken and the members that had to be asked for it.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import grade
from frozen import Record
from shipped import box, router

PARAMETERS = {name: member.parameters for name, member in box.MEMBERS.items()}
SPECIALISTS = ("arith", "code", "facts", "words")


@dataclass(frozen=True, slots=True)
class Outcome:
    answer: str | None
    """The member whose answer is taken; None where the route declines."""
    asked: tuple[str, ...]


Route = Callable[[Record], Outcome]


def default_route(row: Record) -> Outcome:
    """The routed specialist and the draft; the generalist only where those two differ."""
    specialist = router.domain(row["prompt"])[0]
    if specialist == "none":
        return Outcome(None, ())
    return sequential_vote(row, (specialist, "draft", "general"))


def sequential_vote(row: Record, members: tuple[str, ...]) -> Outcome:
    """Asks one member after the other until two agree. A refusal abstains.

    Without agreement the first member's answer stands.
    """
    votes: Counter[str] = Counter()
    first_with: dict[str, str] = {}
    for position, member in enumerate(members, start=1):
        gist = grade.gist(row["check"], row["answers"][member]["text"])
        if gist is None:
            continue
        first_with.setdefault(gist, member)
        votes[gist] += 1
        if votes[gist] == 2:
            return Outcome(first_with[gist], members[:position])
    return Outcome(members[0], members)


def routed_specialist(row: Record) -> Outcome:
    specialist = router.domain(row["prompt"])[0]
    return Outcome(None, ()) if specialist == "none" else Outcome(specialist, (specialist,))


def everyone_votes(row: Record) -> Outcome:
    """No router at all: whoever refuses abstains, and most votes win."""
    members = (*SPECIALISTS, "general", "draft")
    gists = {m: grade.gist(row["check"], row["answers"][m]["text"]) for m in members}
    votes = Counter(gist for gist in gists.values() if gist is not None)
    if not votes:
        return Outcome(None, members)
    winner = votes.most_common(1)[0][0]
    return Outcome(next(m for m in members if gists[m] == winner), members)


def single(member: str) -> Route:
    return lambda row: Outcome(member, (member,))


def score(row: Record, outcome: Outcome) -> int:
    """A route that declines is right where a refusal is."""
    if outcome.answer is None:
        return int(row["check"] == "refusal")
    return row["answers"][outcome.answer]["score"]


def flops(row: Record, members: tuple[str, ...]) -> int:
    """2 x parameters x (prompt and output tokens), over the members that were asked."""
    return sum(
        2
        * PARAMETERS[member]
        * (row["answers"][member]["prompt_tokens"] + row["answers"][member]["tokens"])
        for member in members
    )
