"""``homeward learn`` without a table: from what was asked here to the router in use."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from homeward.cli.past import lacking
from homeward.cli.served import Served
from homeward.cli.spans import span
from homeward.cli.text import printable
from homeward.errors import ConfigError
from homeward.interrupt import run

if TYPE_CHECKING:
    from homeward.learn.loop.past import Past
    from homeward.learn.loop.record import Judged, Trial
    from homeward.learn.loop.step import Done, Status, Step


def learn_from_history(
    *,
    name: str = "router",
    config: Path | None = None,
    since: str = "90d",
    models: Sequence[str] = (),
    margin: float = 0.02,
    at_least: int = 50,
    promote: bool = False,
    dry_run: bool = False,
    rollback: bool = False,
    status: bool = False,
    seed: int = 0,
    json: bool = False,
) -> None:
    """One turn of the loop, or a look at it (``status``), or a step back (``rollback``)."""
    if rollback and (status or promote or dry_run):
        raise ConfigError("--rollback stands alone; --status shows what it would go back to")
    if rollback:
        _roll_back(name, json)
    elif status:
        _status(name, json)
    else:
        _learn(name, config, since, models, margin, at_least, promote, dry_run, seed, json)


def _learn(
    name: str,
    config: Path | None,
    since: str,
    models: Sequence[str],
    margin: float,
    at_least: int,
    promote: bool,
    dry_run: bool,
    seed: int,
    json: bool,
) -> None:
    from homeward.learn.loop.loop import learn
    from homeward.learn.loop.loop import status as versions
    from homeward.learn.loop.step import Done, Options

    options = Options(name, tuple(models), margin, at_least, promote, dry_run, seed)
    versions(name)  # what is wrong there is said before the history is read
    now = time.time()
    with _saying(json) as say:
        say("reading the history")
        found = run(_past(Served.of(config), now - span(since)))
        missing = lacking(found.gathered)
        steps = learn(found.cases, options, now, say)
    done = Done(name, versions(name).in_use, tuple(steps), (*missing, *found.notes), dry_run)
    if json:
        _print(done)
    else:
        show(done)


async def _past(served: Served, since: float) -> "Past":
    from homeward.learn.loop.past import past

    async with served.store() as stores:
        return await past(stores.ledger, since)


def _roll_back(name: str, json: bool) -> None:
    from homeward.learn.loop.loop import roll_back

    was, version = roll_back(name, time.time())
    if json:
        _print({"name": name, "in_use": version, "was": was})
    else:
        print(f"version {version} of {name} is in use again, instead of version {was}")


def _status(name: str, json: bool) -> None:
    from homeward.learn.loop.loop import status

    found = status(name)
    if json:
        _print(found)
    else:
        show_status(found)


@contextmanager
def _saying(quiet: bool) -> Iterator[Callable[[str], None]]:
    """A line on standard error that says what is being done; nothing where nobody looks."""
    from rich.console import Console
    from rich.status import Status

    if quiet or not sys.stderr.isatty():
        yield lambda what: None
        return
    with Status("", console=Console(stderr=True)) as line:
        yield line.update


def _print(shown: object) -> None:
    import msgspec

    print(msgspec.json.encode(shown).decode())


# ---------------------------------------------------------------- for people


def show(done: "Done") -> None:
    """What was done, what it was judged by, and what is in use now."""
    for note in done.notes:
        print(printable(f"homeward: {note}"), file=sys.stderr)
    for step in done.steps:
        print(printable("\n".join(_lines(step))))
    if done.dry_run:
        print("dry run: nothing was written")
    print(printable(_in_use(done.name, done.in_use)))


def _lines(step: "Step") -> Iterator[str]:
    if step.grades:
        yield step.grades
    if step.judged is not None:
        yield from _compared(step.judged)
    if step.state is None or step.did == "waited":
        yield step.because
        return
    yield f"version {step.version} is {WORDS[step.state]}: {step.because}"
    if step.promise:
        yield step.promise


WORDS = {
    "shadow": "in the shadow",
    "promoted": "promoted",
    "dropped": "dropped",
    "rolled back": "rolled back",
}


def _compared(judged: "Judged") -> Iterator[str]:
    when = {"later": "the latest part of the history", "newer": "what was asked since"}
    yield (
        f"judged on {when[judged.slice]}: {judged.rows:,} requests of "
        f"{judged.conversations:,} conversations"
    )
    rows = [("this version", judged.quality, judged.cost)]
    if judged.against is not None:
        rows.append((f"version {judged.against}", judged.against_quality, judged.against_cost))
    rows.append(("single models at random", judged.same_spend_quality, judged.cost))
    best = f"{judged.best_single} alone"
    rows.append((best, judged.best_single_quality, judged.best_single_cost))
    wide = max(len(name) for name, _, _ in rows)
    for name, quality, cost in rows:
        spent = f"${cost:.5f} a request" if judged.in_usd else f"{cost:.2f} of the dearest"
        yield f"  {name:<{wide}}  {quality:6.1%}  {spent}"
    if judged.against is not None:
        yield f"another model is chosen for {judged.other:,} of {judged.rows:,} requests"


def show_status(found: "Status") -> None:
    """A line for each version, and which is in use; that may be one that was gone back to."""
    for trial in found.versions:
        print(printable(_line(trial, found.in_use)))
    print(printable(_in_use(found.name, found.in_use)))


def _line(trial: "Trial", in_use: int | None) -> str:
    day = time.strftime("%Y-%m-%d", time.gmtime(trial.at))
    state = WORDS[trial.state]
    if trial.state == "promoted":
        state = "in use" if trial.version == in_use else "was in use"
    learned = f"{trial.labels:,} requests, {', '.join(trial.models)}"
    return f"{trial.version}  {day}  {state}  ({learned}): {trial.because}"


def _in_use(name: str, version: int | None) -> str:
    if version is None:
        return f"no version of {name} is in use"
    return f"version {version} of {name} is in use"
