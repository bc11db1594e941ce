"""A new version: trained on the older part of a history, judged by the later one."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from homeward.errors import ConfigError
from homeward.learn.history import Case
from homeward.learn.loop import decide, versions
from homeward.learn.loop.beside import all_models, judged_beside
from homeward.learn.loop.grades import Graded, candidates, graded
from homeward.learn.loop.promise import promised
from homeward.learn.loop.record import Trial
from homeward.learn.loop.slices import Slices, newer, split
from homeward.learn.loop.step import Options, Step
from homeward.learn.train.fit import train
from homeward.signals.learned.file import save

Progress = Callable[[str], None]

GET = (
    "Grades come from ratings (POST /homeward/feedback) of requests whose words are kept (serve: "
    "{keep_contents: true}) and that each model answered: in a route that asks several, or unheard "
    "beside the first (homeward experiment start NAME --shadow --judge ROUTE). A table of graded "
    "answers does without all that: homeward learn TABLE --out FOLDER"
)


def tried(
    kept: Sequence[Trial],
    in_use: Trial | None,
    cases: Sequence[Case],
    options: Options,
    now: float,
    progress: Progress,
) -> Step:
    """The next version after ``kept``; ConfigError where there is too little to learn from."""
    models = options.models or (in_use.models if in_use else candidates(cases))
    found = graded(cases, all_models(models, in_use))
    if kept and set(kept[-1].models) == set(models) and not options.promote:
        fresh = len(newer(found.cases, kept[-1].seen_until))
        if fresh < options.at_least:
            waits = (
                f"there are {fresh:,} new graded requests since version {kept[-1].version} was "
                f"tried; the next is trained when there are {options.at_least:,}"
            )
            return Step("waited", waits, grades=found.words)
    slices = _slices(found, in_use, options.at_least)
    router = train(
        [case.row for case in slices.train],
        models,
        seed=options.seed,
        name=f"history until {datetime.fromtimestamp(slices.cut, UTC):%Y-%m-%d}",
        progress=progress,
    )
    progress("trying it on what was asked later")
    with _draft(options) as path:
        save(router, path)
        judged = judged_beside(path, router.models, in_use, slices.judge, options, "later")
        decision = decide.after_training(judged, at_once=options.promote)
        trial = Trial(
            version=kept[-1].version + 1 if kept else 1,
            state=decision.state,
            because=decision.because,
            models=router.models,
            labels=len(slices.train),
            trained_until=slices.cut,
            seen_until=judged.until,
            at=now,
            margin=options.margin,
            judged=(judged,),
        )
        if trial.state == "promoted":
            trial = replace(trial, promise=promised(path, [case.row for case in slices.judge]))
        if not options.dry_run:
            trial = versions.add(options.name, path, trial)
            if trial.state == "promoted":
                versions.promote(options.name, trial.version, now)
    return Step.of("trained", trial, found.words)


@contextmanager
def _draft(options: Options) -> Generator[Path]:
    if options.dry_run:
        with TemporaryDirectory(prefix="homeward-") as folder:
            yield Path(folder)
    else:
        with versions.draft(options.name) as path:
            yield path


def _slices(found: Graded, in_use: Trial | None, at_least: int) -> Slices:
    """ConfigError where there is too little to train on, or to judge by."""
    count = len(found.cases)
    if count < 2 * at_least:
        raise ConfigError(
            f"{count:,} graded requests are too few to learn from, {2 * at_least:,} are needed, "
            f"half of them to judge by: {found.words}. {GET}"
        )
    after = in_use.trained_until if in_use is not None else float("-inf")
    slices = split(found.cases, at_least, after=after)
    if min(len(slices.train), len(slices.judge)) < at_least:
        raise ConfigError(
            f"of {count:,} graded requests {len(slices.train):,} are left to train on and "
            f"{len(slices.judge):,} in later conversations to judge by; {at_least:,} of each are "
            f"needed: {found.words}. {GET}"
        )
    return slices
