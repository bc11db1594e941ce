"""Comparisons and trials with a given outcome."""

from homeward.learn.loop.record import Dearer, Judged, State, Trial
from homeward.learn.verdict import Verdict, Word


def judged(word: Word = "not worse", against: int | None = None, dearer: Dearer = "no") -> Judged:
    return Judged(
        slice="later",
        rows=60,
        conversations=60,
        since=1.0,
        until=2.0,
        quality=0.9,
        cost=0.1,
        against=against,
        against_quality=0.9,
        against_cost=0.1,
        difference=0.0,
        low=-0.01,
        high=0.01,
        confidence=0.95,
        other=3,
        best_single="large",
        best_single_quality=0.9,
        best_single_cost=0.2,
        same_spend_quality=0.8,
        in_usd=True,
        dearer=dearer,
        verdict=Verdict(word, "so it was measured"),
    )


def trial(version: int = 1, state: State = "promoted", word: Word = "not worse") -> Trial:
    return Trial(
        version,
        state,
        "so it was measured",
        ("small", "large"),
        100,
        1.0,
        2.0,
        3.0,
        0.02,
        (judged(word),),
    )
