"""Calibrate: from scores and whether answers were right to a promise; see `thresholds` for how."""

import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from homeward.errors import ConfigError
from homeward.learn.intervals import clopper_pearson_interval
from homeward.learn.measures import auroc
from homeward.learn.thresholds import ROOM, Scored, TooOften, lowest
from homeward.signals.promise import By, Promise

BAND = 0.99  # confidence of the share kept, against which drift is measured


def calibrate(
    scores: Sequence[float | None],
    right: Sequence[bool],
    *,
    target: float = 0.95,
    confidence: float = 0.9,
    groups: Sequence[str | None] | None = None,
    horizon: float = 1.0,
    by: By = "group",
    about: str = "",
    right_by: str = "label",
    date: str | None = None,
) -> Promise:
    """The promise that these rows support; its thresholds are None where they support none.

    ``horizon``: the promise is also to hold among the next answers, so many times as many as were
    kept here, which have luck of their own; 0 promises the long-run rate alone. Each of ``groups``
    with rows enough gets its own threshold, the others share one, and the doubt that is allowed,
    1 - ``confidence``, is split among them: all thresholds hold at once. Which groups have enough
    is decided by counting rows. ``by`` says what the groups are. `ConfigError` for numbers that
    cannot be meant.
    """
    for name, value in (("target", target), ("confidence", confidence)):
        if not 0 < value < 1:
            raise ConfigError(f"a {name} lies between 0 and 1, as 0.95 does, not {value:g}")
    if not 0 <= horizon <= 100:
        raise ConfigError(f"a horizon is 0 to 100 times the calibration rows, not {horizon:g}")
    rows = _rows(scores, right, groups)
    test = TooOften(1 - target, 1 - confidence, horizon)
    own = [] if groups is None else _own(rows, test)
    rest = [row for row in rows if row.group not in own]
    split = TooOften(test.wrong, test.doubt / max(1, _parts(len(own), len(rest), test)), horizon)
    parts = {name: lowest([row for row in rows if row.group == name], split) for name in own}
    common = lowest(rest, split)
    every = [*parts.values(), common]
    kept = sum(part.kept for part in every)
    able = [
        row
        for row in rows
        if row.score is not None and parts.get(row.group, common).threshold is not None
    ]
    values = sorted(row.score for row in rows if row.score is not None)
    return Promise(
        target=target,
        confidence=confidence,
        rest=common,
        date=date or datetime.now(UTC).date().isoformat(),
        about=about,
        right_by=right_by,
        by="none" if groups is None else by,
        groups=parts,
        shared=tuple(sorted({row.group for row in rest})),
        horizon=horizon,
        rows=len(rows),
        kept=kept,
        wrong=sum(part.wrong for part in every),
        auroc=_auroc(rows),
        share=kept / len(able) if able else 0.0,
        band=clopper_pearson_interval(kept, len(able), BAND) if able else (0.0, 1.0),
        quantiles=tuple(values[round(i * (len(values) - 1) / 10)] for i in range(11) if values),
    )


# ---------------------------------------------------------------- groups


def _own(rows: Sequence[Scored], test: TooOften) -> list[str]:
    """The groups that get a threshold of their own: as many as have rows enough for the split."""
    sizes = Counter(row.group for row in rows if row.group).most_common()
    for count in range(len(sizes), 0, -1):
        rest = len(rows) - sum(size for _, size in sizes[:count])
        parts = _parts(count, rest, test)
        enough = ROOM * TooOften(test.wrong, test.doubt / parts, test.horizon).fewest
        if sizes[count - 1][1] >= enough:
            return [name for name, _ in sizes[:count]]
    return []


def _parts(own: int, rest: int, test: TooOften) -> int:
    """Among how many the doubt is split; a rest that can promise nothing takes none of it."""
    return own + (rest >= test.fewest)


# ---------------------------------------------------------------- inside


def _rows(
    scores: Sequence[float | None],
    right: Sequence[bool],
    groups: Sequence[str | None] | None,
) -> list[Scored]:
    labels: Sequence[str | None] = [None] * len(scores) if groups is None else groups
    if not len(scores) == len(right) == len(labels):
        raise ValueError("each score needs its label and its group: the lists differ in length")
    if any(score is not None and not math.isfinite(score) for score in scores):
        raise ValueError("a score is a finite number, or None where the check abstained")
    return [
        Scored(None if score is None else float(score), bool(good), group or "")
        for score, good, group in zip(scores, right, labels, strict=True)
    ]


def _auroc(rows: Sequence[Scored]) -> float | None:
    scored = [(row.score, row.right) for row in rows if row.score is not None]
    if not scored:
        return None
    return auroc([score for score, _ in scored], [good for _, good in scored])
