"""How often looking again and again finds a winner where there is none, and what finding one takes.

    python bench/peeking.py

Simulated pairs of answers: the treatment wins, loses or ties (60 %), and somebody looks at 20
pairs and every 10 up to 500 (49 looks), to stop at the first difference. 1,000 runs of each, seed
0. "Bets" is what `homeward experiment` uses of measures from 0 to 1, "mixture" what it uses of cost
and seconds, "z-test" what everybody tries first. With a false alarm rate of the bets above 5 % the
exit status is 1.
"""

import math

import numpy as np
from numpy.typing import NDArray

from homeward.learn.experiment.effect import augmented
from homeward.learn.experiment.ratio import SUSPICIOUS, ratio
from homeward.learn.experiment.sequential import BURN_IN, Array, bounded, log_wealth, radius

RUNS = 1000
PAIRS = 500
LOOKS = np.arange(20, PAIRS + 1, 10)
CONFIDENCE = 0.95
METHODS = ("bets", "mixture", "z-test")


def pairs(win: float, loss: float, seed: int = 0, runs: int = RUNS) -> Array:
    """Runs of differences, -1, 0 or 1."""
    chance = np.random.default_rng(seed)
    return chance.choice([-1.0, 0.0, 1.0], p=[loss, 1 - win - loss, win], size=(runs, PAIRS))


def arms(control: float, treatment: float, runs: int = RUNS) -> Array:
    """Runs of an A/B test of rates, one arm a conversation, scaled to -1..1."""
    chance = np.random.default_rng(0)
    treated = chance.random((runs, PAIRS + 1)) < 0.5  # the first only helps the others
    right = chance.random((runs, PAIRS + 1)) < np.where(treated, treatment, control)
    splits = [augmented(r, list(t), 0.5) for r, t in zip(right.astype(float), treated, strict=True)]
    return np.array([split.values / split.reach for split in splits])


def found(values: Array, method: str) -> NDArray[np.bool_]:
    """At each look of each run, whether a difference is seen."""
    if method == "bets":
        return log_wealth(values)[:, LOOKS - 1] >= -math.log(1 - CONFIDENCE)
    counts = np.arange(1, values.shape[1] + 1)
    means = values.cumsum(axis=1) / counts
    spread = np.sqrt(np.maximum((values**2).cumsum(axis=1) / counts - means**2, 0))
    width = radius(counts, CONFIDENCE) if method == "mixture" else 1.96 / np.sqrt(counts)
    seen = np.abs(means) > spread * width
    if method == "mixture":
        seen &= counts >= BURN_IN
    return seen[:, LOOKS - 1]


def summary(values: Array, method: str) -> tuple[float, float]:
    """The share of runs in which a difference was found, and the median of when it was."""
    seen = found(values, method)
    at = np.where(seen.any(axis=1), LOOKS[seen.argmax(axis=1)], np.inf)
    return float(seen.any(axis=1).mean()), float(np.median(at))


SCENES = (
    ("A/A pairs: no difference", pairs(0.2, 0.2)),
    ("A/A, 1 % wins and losses", pairs(0.01, 0.01)),
    ("A/A test, 2 % errors in both", arms(0.02, 0.02)),
    ("10 points more wins", pairs(0.25, 0.15)),
    ("15 points more wins", pairs(0.275, 0.125)),
    ("20 points more wins", pairs(0.3, 0.1)),
    ("A/B test, 70 % and 85 %", arms(0.7, 0.85)),
)


def not_worse(margin: float, count: int, runs: int = 60) -> float:
    """The share of runs in which two equal routes are known to be so, within the margin."""
    chance = np.random.default_rng(0)
    drawn = chance.choice([-1.0, 0.0, 1.0], p=[0.2, 0.6, 0.2], size=(runs, count))
    return float(np.mean([bounded(values).low > -margin for values in drawn]))


def uneven(looks: NDArray[np.int_]) -> float:
    """The share of fair splits in halves that the sample-ratio check calls off, ever."""
    treated = np.random.default_rng(0).random((RUNS, int(looks[-1]))) < 0.5
    seconds = treated.cumsum(axis=1)[:, looks - 1]
    splits = ([(int(n - t), int(t)) for n, t in zip(looks, row, strict=True)] for row in seconds)
    return float(np.mean([any(ratio(*each, 0.5).p < SUSPICIOUS for each in s) for s in splits]))


def main() -> int:
    print(f"{'':<30}" + "".join(f"{method:>22}" for method in METHODS))
    for name, values in SCENES:
        cells = []
        for method in METHODS:
            share, median = summary(values, method)
            when = f", median {median:.0f}" if math.isfinite(median) else ""
            cells.append(f"{share:.1%}{when}")
        print(f"{name:<30}" + "".join(f"{cell:>22}" for cell in cells))
    print("\nTwo equal routes, not worse by more than the margin: found, of 60 runs, after pairs")
    for margin, counts in ((0.05, (500, 1000, 2000, 4000)), (0.02, (5000, 14_000, 20_000))):
        cells = [f"{not_worse(margin, count):.0%} of {count:,}" for count in counts]
        print(f"{100 * margin:g} points: {', '.join(cells)}")
    often = np.concatenate([np.arange(20, 400, 20), np.arange(400, 2001, 100)])
    print(f"\nFair splits called off: {uneven(often[-1:]):.1%} at 1 look, ", end="")
    print(f"{uneven(often):.1%} at {len(often)} looks up to {often[-1]:,} conversations")
    return int(any(summary(values, "bets")[0] > 0.05 for _, values in SCENES[:3]))


if __name__ == "__main__":
    raise SystemExit(main())
