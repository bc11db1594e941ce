"""The loop: a candidate is trained on what was asked, tried, watched, and promoted or dropped."""

from collections.abc import Sequence

from homeward.errors import ConfigError
from homeward.learn.history import Case
from homeward.learn.loop import versions
from homeward.learn.loop.candidate import Progress, tried
from homeward.learn.loop.shadow import look
from homeward.learn.loop.step import Options, Status, Step
from homeward.signals.learned.versions import current


def learn(
    cases: Sequence[Case], options: Options, now: float, progress: Progress = lambda what: None
) -> list[Step]:
    """One turn of the loop over a history; ``now`` is in seconds since 1970.

    A version in the shadow is looked at first, and while it waits nothing else is trained: two
    candidates would have twice the chance to pass by luck. `ConfigError` where there is too little
    to learn from. Not within a running event loop.
    """
    used = current(options.name)
    kept = versions.trials(options.name)
    in_use = next((each for each in kept if used and each.version == used.version), None)
    if used is not None and in_use is None:
        raise ConfigError(
            f"version {used.version} of the router {options.name!r} is in use and its folder is "
            "gone; go back to the one before with --rollback"
        )
    waiting = [each for each in kept if each.state == "shadow" and each is not in_use]
    steps: list[Step] = []
    if waiting:
        progress(f"looking at version {waiting[-1].version}")
        steps.append(look(waiting[-1], in_use, cases, options, now))
        if steps[-1].state != "dropped":
            return steps
    return [*steps, tried(kept, in_use, cases, options, now, progress)]


def roll_back(name: str, now: float) -> tuple[int, int]:
    """Back to the version before: which was in use, and which is; ConfigError for the first."""
    was, version = versions.roll_back(name, now)
    for trial in versions.trials(name):
        if trial.version == was:
            because = f"rolled back to version {version}; it was promoted because {trial.because}"
            versions.note(name, trial.now("rolled back", because, now))
    return was, version


def status(name: str) -> Status:
    used = current(name)
    kept = tuple(versions.trials(name))
    if used is None:
        return Status(name, None, (), kept)
    return Status(name, used.version, used.before, kept)
