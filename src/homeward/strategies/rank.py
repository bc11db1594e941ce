"""Rank: a judge compares the answers two by two, and the one that wins is said."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from typing import ClassVar

from homeward.fence import ask, conversation, fenced, verdict
from homeward.model import Decision, Model, Note, Stream
from homeward.strategies.children import Child, Children, side_by_side
from homeward.strategies.ensemble import Panel, contestants

MOST = 4  # candidates a judge is shown; each further one costs two more calls
LONGER = 1.5  # judges prefer longer answers far more often than people do

QUESTION = (
    "Two answers, A and B, to the conversation above. Which one is better? What counts is whether "
    "it is correct, then whether it is complete, then whether it is clear. Length is no merit. "
    "Reply with one letter and nothing else: A, B, or T if neither is better."
)


@dataclass(frozen=True)
class Match:
    """Two candidates, the better prior first, and how far the judge prefers it: -2..2."""

    first: Child
    second: Child
    margin: int = 0
    heard: int = 0  # verdicts, 2 at most

    @property
    def winner(self) -> Child:
        """Ties go to the better prior; so does a narrow win of an answer that is much longer."""
        if self.heard < 2 or self.margin >= 0:
            return self.first
        narrow = self.margin == -1
        much_longer = len(self.second.text) > LONGER * len(self.first.text)
        return self.first if narrow and much_longer else self.second


@dataclass(frozen=True)
class Rank:
    """A knockout among at most four different answers, each pair judged in both orders.

    ``judge`` should be none of the members, nor of their family: models prefer their own. It sees
    anonymous, fenced answers and says A, B or T; disagreement between the orders is a tie, and a
    tie goes to the better prior, as does a match without two valid verdicts. ``tokens`` is the
    room for a verdict; a judge that thinks first needs more. Each answer is shown with at most
    ``shown`` tokens. An answer that speaks to the judge loses unseen.

    Does not stream: the words come after the last verdict. Members are asked not to call tools.
    """

    judge: Model
    tokens: int = 8
    shown: int = 1500
    tools: ClassVar[bool] = False

    async def merge(self, panel: Panel) -> Stream:
        async with aclosing(panel.gather()) as notes:
            async for note in notes:
                yield note
        answers = panel.answers()
        standing = contestants(answers)[:MOST]
        matches: list[Match] = []
        while len(standing) > 1:
            pairs = [(standing[i], standing[-1 - i]) for i in range(len(standing) // 2)]
            async with self._judges(panel, pairs) as judges:
                while (arrival := await judges.next(panel.request.deadline)) is not None:
                    if isinstance(arrival.event, Note):
                        yield arrival.event
                for bill in await judges.stop(*judges.running):
                    yield bill
            verdicts = list(judges.all.values())
            played = [
                _match(*match) for match in zip(pairs, verdicts[::2], verdicts[1::2], strict=True)
            ]
            matches += played
            bye = standing[len(standing) // 2 : -(len(standing) // 2)]
            winners = [*bye, *(match.winner for match in played)]
            standing = [member for member in standing if member in winners]
        for candidate in panel.candidates("rank", [standing[0].label]):
            yield candidate
        yield _decision(standing[0], matches)
        for event in standing[0].words:
            yield event
        yield standing[0].finish

    def _judges(
        self, panel: Panel, pairs: Sequence[tuple[Child, Child]]
    ) -> AbstractAsyncContextManager[Children]:
        """Two for each pair, one for either order; all of a round side by side."""
        shown = {
            f"{place}{order}": (pair if order == "A" else pair[::-1])
            for place, pair in enumerate(pairs)
            for order in "AB"
        }
        asked = {
            name: ask(
                panel.request,
                conversation(panel.request, self.shown),
                fenced((("A", left.text), ("B", right.text)), self.shown),
                QUESTION,
                tokens=self.tokens,
            )
            for name, (left, right) in shown.items()
        }
        return side_by_side(dict.fromkeys(asked, self.judge), asked, at_once=panel.at_once)


def _match(pair: tuple[Child, Child], forwards: Child, backwards: Child) -> Match:
    points = [_points(forwards, prefers="A"), _points(backwards, prefers="B")]
    heard = [point for point in points if point is not None]
    return Match(*pair, margin=sum(heard), heard=len(heard))


def _points(judge: Child, prefers: str) -> int | None:
    """1 where the judge prefers the better prior, -1 the other, 0 neither; None: abstains."""
    said = verdict(judge.text, "ABT") if judge.answered else None
    if said is None:
        return None
    return 0 if said == "T" else 1 if said == prefers else -1


def _decision(winner: Child, matches: Sequence[Match]) -> Decision:
    numbers = {
        "matches": float(len(matches)),
        "verdicts": float(sum(match.heard for match in matches)),
        "decided": float(sum(abs(match.margin) == 2 for match in matches)),
    }
    if not matches:
        because = "no two different answers to compare"
    elif not numbers["verdicts"]:
        because = "the judge gave no verdict: the first in prior order"
        numbers["degraded"] = 1.0
    else:
        because = f"won {sum(match.winner is winner for match in matches)} of its matches"
    return Decision("rank", winner.label, because, numbers)
