"""A version in the shadow: looked at on what was asked since, then promoted or dropped.

A shadow answers nobody and asks no model. What it would have chosen is worked out when somebody
runs `homeward learn`, from the answers that are there.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from homeward.learn.history import Case
from homeward.learn.loop import decide, versions
from homeward.learn.loop.beside import all_models, judged_beside
from homeward.learn.loop.grades import graded
from homeward.learn.loop.promise import promised
from homeward.learn.loop.record import Trial
from homeward.learn.loop.slices import newer
from homeward.learn.loop.step import Options, Step


def look(
    trial: Trial, in_use: Trial | None, cases: Sequence[Case], options: Options, now: float
) -> Step:
    """What has become of it; written down where it is not a dry run."""
    found = graded(cases, all_models(trial.models, in_use))
    fresh = newer(found.cases, trial.seen_until)
    number = len(trial.looks) + 1
    if missing := decide.due(number, len(fresh), options.at_least):
        if not (options.promote and _has_passed(trial, in_use)):
            waits = (
                f"version {trial.version} waits in the shadow: there are {len(fresh):,} graded "
                f"requests since it was last tried, and the next look is at "
                f"{len(fresh) + missing:,}"
            )
            return Step("waited", waits, trial.version, "shadow", grades=found.words)
        judged = trial.judged
        decision = decide.Decision("promoted", f"{judged[-1].words}; {decide.WANTED}")
    else:
        path = versions.folder(options.name, trial.version)
        sure = decide.confidence(number)
        new = judged_beside(path, trial.models, in_use, fresh, options, "newer", sure)
        judged = (*trial.judged, new)
        decision = decide.after_look(new, number, at_once=options.promote)
    done = replace(trial, state=decision.state, because=decision.because, judged=judged, at=now)
    if not options.dry_run:
        done = _written(done, newer(found.cases, trial.trained_until), options.name)
    return Step.of("looked", done, found.words)


def _has_passed(trial: Trial, in_use: Trial | None) -> bool:
    """When it was last compared, and with the version that is in use now."""
    last = trial.judged[-1]
    return last.is_not_worse and last.against == (None if in_use is None else in_use.version)


def _written(trial: Trial, later: Sequence[Case], name: str) -> Trial:
    """The version in use changes before the note of it: a note is made again, if need be."""
    if trial.state == "promoted":
        made = promised(versions.folder(name, trial.version), [case.row for case in later])
        trial = replace(trial, promise=made)
        versions.promote(name, trial.version, trial.at)
    versions.note(name, trial)
    return trial
