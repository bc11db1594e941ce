"""What a replay found, summed up: cost, score and place, then and now."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from homeward.errors import ConfigError
from homeward.learn.history import Case
from homeward.learn.intervals import Paired, paired
from homeward.learn.plots.picture import Picture, Points
from homeward.learn.replay import Outcome
from homeward.learn.report import SHOWN_ERRORS, RowError
from homeward.learn.verdict import MARGIN, Verdict, verdict

KNOWN = 0.9
"""Share of the rows whose difference has to be known for a verdict on all of them."""


class Sums(Struct, frozen=True):
    """Over the rows of which it is known on both sides. Shares and scores are 0 to 1."""

    rows: int
    then: float | None
    now: float | None


class ReplayReport(Struct, frozen=True):
    """What `homeward replay --json` prints.

    ``then`` is ``against``, ``now`` is ``route``. ``not_replayable`` rows need calls that no
    record answers; ``missing`` says whose, and in how many rows. ``cost_usd`` are sums, ``score``
    and ``local_share`` means. ``interval95`` is of the mean ``difference`` of scores, with whole
    conversations redrawn. ``other_model`` counts rows that another model would answer, and
    ``unscored`` those of them whose new answer nobody graded. ``asked`` calls were made for real.
    """

    route: str
    against: str
    rows: int
    replayed: int
    not_replayable: int
    missing: Mapping[str, int]
    cost_usd: Sums
    score: Sums
    difference: float | None
    interval95: tuple[float, float] | None
    conversations: int
    local_share: Sums
    other_model: int
    unscored: int
    verdict: Verdict
    asked: int = 0
    asked_usd: float = 0.0
    errors: int = 0
    first_errors: tuple[RowError, ...] = ()


def summarise(
    cases: Sequence[Case],
    before: Iterable[Outcome],
    after: Iterable[Outcome],
    *,
    route: str,
    against: str,
    margin: float = MARGIN,
    asked: int = 0,
    asked_usd: float = 0.0,
) -> ReplayReport:
    """Of the same cases by both sides, in any order. ValueError without a case."""
    if not cases:
        raise ValueError("there is no row to replay")
    then, now = ({each.id: each for each in side} for side in (before, after))
    ids = [case.row.id for case in cases]
    lost = {id_ for id_ in ids if then[id_].misses or now[id_].misses}
    pairs = [(then[id_], now[id_]) for id_ in ids if id_ not in lost]
    cluster_of = {case.row.id: case.row.conversation or case.row.id for case in cases}
    scored = [(a, b) for a, b in pairs if a.score is not None and b.score is not None]
    clusters = [cluster_of[a.id] for a, _ in scored]
    old, new = [a.score or 0.0 for a, _ in scored], [b.score or 0.0 for _, b in scored]
    found = paired(old, new, clusters) if scored else None
    other = [(a, b) for a, b in pairs if a.model != b.model or not b.model]
    unscored = sum(a.score is None or b.score is None for a, b in other)
    failed = [b for _, b in pairs if b.error is not None]
    return ReplayReport(
        route=route,
        against=against,
        rows=len(cases),
        replayed=len(pairs),
        not_replayable=len(lost),
        missing=_missing(outcome for id_ in lost for outcome in (then[id_], now[id_])),
        cost_usd=_known([(a.cost_usd, b.cost_usd) for a, b in pairs], mean=False),
        score=_known([(a.score, b.score) for a, b in pairs]),
        difference=None if found is None else found.difference,
        interval95=None if found is None else (found.low, found.high),
        conversations=len(set(clusters)),
        local_share=_known([(a.local, b.local) for a, b in pairs]),
        other_model=len(other),
        unscored=unscored,
        verdict=_verdict(len(cases), len(lost), len(other), unscored, found, margin),
        asked=asked,
        asked_usd=asked_usd,
        errors=len(failed),
        first_errors=tuple(RowError(b.id, b.error or "") for b in failed[:SHOWN_ERRORS]),
    )


def _known(pairs: Sequence[tuple[float | None, float | None]], *, mean: bool = True) -> Sums:
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    if not known:
        return Sums(0, None, None)
    then, now = math.fsum(a for a, _ in known), math.fsum(b for _, b in known)
    count = len(known) if mean else 1
    return Sums(len(known), then / count, now / count)


def _missing(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """Rows by the call that they lack, those of most rows first."""
    lacks = Counter[str]()
    for outcome in outcomes:
        lacks.update({f"{miss.leaf.label or miss.leaf.name} {miss.why}" for miss in outcome.misses})
    return dict(lacks.most_common())


def _verdict(
    rows: int, lost: int, other: int, unscored: int, found: Paired | None, margin: float
) -> Verdict:
    """About all rows, so not where too few of those that change are known."""
    if lost + unscored > (1 - KNOWN) * rows:
        unknown = (
            f"of {lost + unscored:,} of {rows:,} rows the new answer or its score is not known"
        )
        return Verdict("cannot tell", unknown)
    if not other:
        return Verdict("not worse", "the same models would answer")
    if found is None:
        return Verdict("cannot tell", "no row has a score then and now")
    return verdict(found.low, found.high, found.clusters, margin)


def then_named(cases: Sequence[Case]) -> str:
    """What stands for the baseline where no route is named: the routes that answered."""
    routes = sorted({case.row.given.route for case in cases if case.row.given is not None} - {""})
    return (
        f"what was answered at the time by {', '.join(routes)}" if routes else "the time's answers"
    )


def picture(report: ReplayReport) -> Picture:
    """Score against cost, then and now; the interval of the difference is put on the new one."""
    if report.score.then is None or report.cost_usd.then is None:
        raise ConfigError(
            "there is nothing to draw: no request has a cost and a score then and now"
        )
    then, now = (report.cost_usd.then, report.score.then), (report.cost_usd.now, report.score.now)
    low, high = report.interval95 or (0.0, 0.0)
    return Picture(
        title=f"{report.route} on past requests",
        x_title=f"cost of {report.cost_usd.rows:,} requests (USD)",
        y_title="score",
        points=Points(
            name="then, and with the new route",
            x=(then[0], now[0] or 0.0),
            y=(then[1], now[1] or 0.0),
            labels=(report.against, report.route),
            bars=((then[1], then[1]), (then[1] + low, then[1] + high)),
        ),
        caption=str(report.verdict),
    )
