"""Held out: whether promises are kept on rows that they were not calibrated on."""

import random
from collections.abc import Iterator, Sequence

from msgspec import Struct

from homeward.learn.calibrate import calibrate
from homeward.learn.thresholds import Scored
from homeward.signals.promise import Promise


class Splits(Struct, frozen=True):
    """Over random halves: calibrated on one, looked at on the other. Shares are 0 to 1.

    A promise is kept when the answers that it keeps in the other half are right as often as it
    says, counted as they are, or when it keeps none: ``nothing`` is how often that was.
    ``share`` of the answers stay local on average, and of those ``right`` are right. The
    ``naive`` threshold is the lowest whose calibration rows are right often enough with one wrong
    row more (the mean that conformal risk control bounds).
    """

    splits: int
    target: float
    confidence: float
    kept: float
    share: float
    right: float | None
    nothing: float
    naive_kept: float
    naive_share: float


class Half(Struct, frozen=True):
    """One split, for whoever shows progress."""

    kept: int
    right: int
    rows: int
    naive_kept: int
    naive_right: int


def halves(
    rows: Sequence[Scored],
    *,
    splits: int = 200,
    seed: int = 0,
    target: float = 0.95,
    confidence: float = 0.9,
    horizon: float = 1.0,
    grouped: bool = False,
) -> Iterator[Half]:
    """Each random half in turn. Needs two rows at least."""
    drawn = random.Random(seed)
    shuffled = list(rows)
    for _ in range(splits):
        drawn.shuffle(shuffled)
        first, second = shuffled[: len(rows) // 2], shuffled[len(rows) // 2 :]
        promise = calibrate(
            [row.score for row in first],
            [row.right for row in first],
            groups=[row.group for row in first] if grouped else None,
            target=target,
            confidence=confidence,
            horizon=horizon,
        )
        kept = [row.right for row in second if keeps(promise, row)]
        lowest = naive(first, target)
        bare = [
            row.right
            for row in second
            if lowest is not None and row.score is not None and row.score >= lowest
        ]
        yield Half(len(kept), sum(kept), len(second), len(bare), sum(bare))


def summed(found: Sequence[Half], target: float, confidence: float) -> Splits:
    """What the splits come to; ValueError without any."""
    if not found:
        raise ValueError("there is no split to sum up; ask for one at least")
    kept = sum(half.kept for half in found)
    return Splits(
        splits=len(found),
        target=target,
        confidence=confidence,
        kept=_mean([_holds(half.right, half.kept, target) for half in found]),
        share=_mean([half.kept / half.rows for half in found]),
        right=sum(half.right for half in found) / kept if kept else None,
        nothing=_mean([not half.kept for half in found]),
        naive_kept=_mean([_holds(half.naive_right, half.naive_kept, target) for half in found]),
        naive_share=_mean([half.naive_kept / half.rows for half in found]),
    )


def keeps(promise: Promise, row: Scored) -> bool:
    """Whether the promise keeps this answer."""
    part = promise.part(row.group)
    if part is None or part.threshold is None or row.score is None:
        return False
    return row.score >= part.threshold


def naive(rows: Sequence[Scored], target: float) -> float | None:
    """The lowest threshold that is right often enough on the rows themselves: the baseline."""
    scored = sorted(((row.score, row.right) for row in rows if row.score is not None), reverse=True)
    lowest, wrong = None, 0
    for place, (score, right) in enumerate(scored, 1):
        wrong += not right
        ends = place == len(scored) or scored[place][0] < score  # rows of one score go together
        if ends and (wrong + 1) / (place + 1) <= 1 - target:
            lowest = score
    return lowest


def _holds(right: int, kept: int, target: float) -> bool:
    return right >= target * kept - 1e-9


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)
