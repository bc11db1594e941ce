"""Judges' verdicts on shadows, as grades; only of judges that people have agreed with."""

from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping, Sequence

from msgspec.structs import replace

from homeward.learn.experiment.judged import trust
from homeward.learn.history import Case
from homeward.store.experiments import SHADOW_ID, Experiments, Vote
from homeward.store.records import Past

GRADES: Mapping[str, tuple[float, float]] = {
    "control": (1.0, 0.0),
    "treatment": (0.0, 1.0),
    "tie": (0.5, 0.5),
}
"""Of the answer that was heard, and of the shadow's: shares of the comparison won."""


async def watched(
    history: AsyncIterable[Past], shadows: dict[str, str]
) -> AsyncGenerator[Past, None]:
    """The history as it is; into ``shadows`` is put who answered unheard, by the request's id."""
    async for past in history:
        if past.entry.id.endswith(SHADOW_ID):
            shadows[past.entry.id.removesuffix(SHADOW_ID)] = past.entry.model
        yield past


async def verdicts(experiments: Experiments) -> tuple[list[Vote], list[str]]:
    """Of trusted judges on shadows, and a sentence for each judge that is not trusted."""
    plans = await experiments.plans()
    votes = {plan.name: await experiments.votes(plan.name) for plan in plans if plan.judge}
    found: list[Vote] = []
    said: list[str] = []
    for name in dict.fromkeys(plan.judge for plan in plans if plan.judge):
        own = [plan for plan in plans if plan.judge == name]
        given = [
            vote
            for plan in own
            if plan.shadow
            for vote in votes[plan.name]
            if vote.by == "judge" and vote.choice in GRADES
        ]
        checked = trust(vote for plan in own for vote in votes[plan.name])
        if checked.is_trusted:
            found += given
        elif given:
            said.append(f"{len(given):,} verdicts of {name} are not used: {checked.words}")
    return found, said


def applied(
    cases: Sequence[Case], votes: Iterable[Vote], shadows: Mapping[str, str]
) -> Sequence[Case]:
    """The cases, with grades by verdict where people have not graded both answers."""
    by_pair = {vote.pair: vote for vote in votes}
    return [
        _applied(case, by_pair[case.row.id], shadows.get(case.row.id, ""))
        if case.row.id in by_pair
        else case
        for case in cases
    ]


def _applied(case: Case, vote: Vote, shadow: str) -> Case:
    """Ratings and verdicts are different measures: of one request both grades are of one kind."""
    row = case.row
    heard = row.given.model if row.given is not None else ""
    pair = (heard, shadow)
    if heard == shadow or not all(name in row.answers for name in pair):
        return case
    if all(row.answers[name].score is not None for name in pair):
        return case
    graded = {
        name: replace(row.answers[name], score=score)
        for name, score in zip(pair, GRADES[vote.choice], strict=True)
    }
    return replace(case, row=replace(row, answers={**row.answers, **graded}))
