"""What is known of an experiment: what `homeward experiment status` shows."""

from collections.abc import Sequence

from msgspec import Struct

from homeward.learn.experiment.effect import augmented, centred
from homeward.learn.experiment.judged import Trust, trust
from homeward.learn.experiment.observed import SHARES, arms, pairs, split
from homeward.learn.experiment.ratio import Ratio, ratio
from homeward.learn.experiment.sequential import Interval, bounded, unbounded
from homeward.learn.experiment.verdict import Names, Verdict, verdict
from homeward.learn.experiment.votes import Tally, net_wins, tally
from homeward.learn.intervals import cluster_bootstrap
from homeward.store.experiments import Measure, Observation, Plan, Vote

BESIDE: tuple[Measure, ...] = ("errors", "cost", "seconds")


class Beside(Struct, frozen=True):
    """A measure that nothing is decided by: the means, and an interval for one look at requests.

    ``low`` and ``high`` are of the treatment's mean less the control's, by a bootstrap of whole
    conversations; None under two of them.
    """

    measure: Measure
    control: float
    treatment: float
    low: float | None
    high: float | None


class Status(Struct, frozen=True):
    """``verdict`` rests on the plan's measure, ``beside`` explores. ``judge`` is None without one.

    ``ratio`` is None for a shadow, where every conversation has both arms. ``mixed`` are
    conversations that were in both arms of a split, and count for nothing.
    """

    plan: Plan
    requests: int
    verdict: Verdict
    ratio: Ratio | None
    mixed: int
    beside: list[Beside]
    votes: Tally | None
    judge: Trust | None

    @property
    def words(self) -> str:
        """The verdict, and what is to be known before it is believed."""
        if self.plan.measure == "judge" and self.judge is not None and not self.judge.is_trusted:
            return f"{self.judge.words}. By it, {self.verdict.words}"
        return self.verdict.words


def status(plan: Plan, seen: Sequence[Observation], votes: Sequence[Vote]) -> Status:
    """Of what was observed, in the order in which it began, and of the votes that were given."""
    ours = [vote for vote in votes if vote.by == "people"]
    names = Names(plan.route, plan.against)
    balance = None
    mixed = 0
    control_mean: float | None = None
    if plan.measure in ("votes", "judge"):
        asked = {vote.pair for vote in ours}  # by the voters, and so no traffic
        judged = [v for v in votes if v.by == "judge" and v.pair not in asked]
        given = ours if plan.measure == "votes" else judged
        found = net_wins([vote.choice for vote in given])
    elif plan.shadow:
        found, control_mean = _paired(plan, seen)
    else:
        found, control_mean, mixed = _apart(plan, seen)
    if not plan.shadow and seen:
        balance = ratio(*split(seen), plan.share)
    return Status(
        plan,
        len(seen),
        verdict(found, plan.measure, plan.margin, names, control_mean=control_mean, ratio=balance),
        balance,
        mixed,
        [row for measure in BESIDE if (row := _beside(plan, seen, measure)) is not None],
        tally(ours) if ours else None,
        trust(votes) if plan.judge else None,
    )


def _paired(plan: Plan, seen: Sequence[Observation]) -> tuple[Interval, float | None]:
    both = pairs(seen, plan.measure)
    differences = both.treatment - both.control
    mean = float(both.control.mean()) if len(both.control) else None
    return (bounded if plan.measure in SHARES else unbounded)(differences), mean


def _apart(plan: Plan, seen: Sequence[Observation]) -> tuple[Interval, float | None, int]:
    found = arms(seen, plan.measure)
    controls = [x for x, treated in zip(found.outcomes, found.treated, strict=True) if not treated]
    mean = float(sum(controls) / len(controls)) if controls else None
    values, reach = augmented(found.outcomes, found.treated, plan.share)
    size = len(found.outcomes)
    if plan.measure in SHARES:
        interval = bounded(values, reach)
        low, high = max(-1.0, interval.low), min(1.0, interval.high)
        return interval._replace(low=low, high=high, size=size), mean, found.mixed
    return unbounded(values)._replace(size=size), mean, found.mixed


def _beside(plan: Plan, seen: Sequence[Observation], measure: Measure) -> Beside | None:
    if plan.shadow:
        both = pairs(seen, measure)
        if not len(both.requests):
            return None
        means = float(both.control.mean()), float(both.treatment.mean())
        many = len(set(both.groups)) > 1
        ends = cluster_bootstrap(both.requests, both.groups) if many else (None, None)
        return Beside(measure, *means, *ends)
    found = arms(seen, measure)
    first = found.outcomes[[not treated for treated in found.treated]]
    second = found.outcomes[found.treated]
    if not len(first) or not len(second):
        return None
    low, high = None, None
    if len(first) > 1 and len(second) > 1:
        values = centred(found.outcomes, found.treated)
        low, high = cluster_bootstrap(values, range(len(values)))
    return Beside(measure, float(first.mean()), float(second.mean()), low, high)
