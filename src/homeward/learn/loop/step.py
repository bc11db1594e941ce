"""What `homeward learn` is asked to do, and what it did: values only."""

from typing import Literal, Self

from msgspec import Struct

from homeward.learn.loop.record import Judged, State, Trial
from homeward.learn.verdict import MARGIN


class Options(Struct, frozen=True):
    """Of one run. ``models`` go from cheap to dear; none means those of the version in use, or
    else those that answered. ``at_least`` so many graded requests are needed to judge by.
    """

    name: str = "router"
    models: tuple[str, ...] = ()
    margin: float = MARGIN
    at_least: int = 50
    promote: bool = False
    dry_run: bool = False
    seed: int = 0


class Step(Struct, frozen=True):
    """One thing that was done, or why nothing was; ``because`` is for people.

    ``grades`` says what the history has for it. ``promise`` is what was promised of the chance of
    the cheapest model, or why nothing was; empty where nothing was promoted.
    """

    did: Literal["trained", "looked", "waited"]
    because: str
    version: int | None = None
    state: State | None = None
    judged: Judged | None = None
    grades: str = ""
    promise: str = ""

    @classmethod
    def of(cls, did: Literal["trained", "looked"], trial: Trial, grades: str) -> Self:
        judged = trial.judged[-1]
        because = trial.because
        return cls(did, because, trial.version, trial.state, judged, grades, trial.promise)


class Done(Struct, frozen=True):
    """What ``homeward learn --json`` prints. ``in_use`` is the version in use afterwards."""

    name: str
    in_use: int | None
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    dry_run: bool = False


class Status(Struct, frozen=True):
    """What ``homeward learn --status --json`` prints. ``before`` were in use, the latest last."""

    name: str
    in_use: int | None
    before: tuple[int, ...]
    versions: tuple[Trial, ...]
