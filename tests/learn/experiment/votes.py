"""Votes that tests count."""

from typing import Literal

from homeward.store.experiments import Choice, Vote


def voted(
    pair: int | str,
    choice: Choice,
    by: Literal["people", "judge"] = "people",
    first: Literal["control", "treatment"] = "control",
) -> Vote:
    return Vote(f"{pair}-{by}", "trial", str(pair), by, choice, first, 0.0)
