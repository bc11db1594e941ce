"""``homeward evaluate``: walk a route over a table of questions with known answers."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeward.cli.learn import listed
from homeward.cli.options import ClearanceOption, Json, Route
from homeward.cli.text import printable
from homeward.errors import ConfigError
from homeward.interrupt import run
from homeward.model import Clearance

if TYPE_CHECKING:
    from homeward.learn.evaluate import RowResult
    from homeward.learn.report import Report


def evaluate(
    file: Annotated[
        Path | None,
        typer.Argument(help="The configuration, by default the one found; or a table of rows."),
    ] = None,
    table: Annotated[
        Path | None, typer.Option("--table", "-t", help="Rows to walk, .jsonl or .jsonl.gz.")
    ] = None,
    route: Route = None,
    router: Annotated[
        Path | None, typer.Option(help="A router that `homeward learn` has trained, instead.")
    ] = None,
    png: Annotated[
        Path | None, typer.Option(help="With --router: draw quality against cost here.")
    ] = None,
    checks: Annotated[
        str | None,
        typer.Option(help="A model of the table: how well checks sort its answers, instead."),
    ] = None,
    checkers: Annotated[
        str, typer.Option(help="With --checks: models to agree with, with commas between.")
    ] = "",
    kind: Annotated[
        str | None,
        typer.Option("--type", help="With --checks: of the answers; else as the references are."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="With --checks: write their combination here.")
    ] = None,
    seed: Annotated[int, typer.Option(help="With --checks: draws the folds.")] = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first rows.")] = None,
    at_once: Annotated[int, typer.Option(min=1, help="Rows under way at a time.")] = 16,
    clearance: ClearanceOption = None,
    json: Json = False,
) -> None:
    """Say how often a route is right, what it takes, and how far the usual baselines get.

    With --router the same of a learned router, from the answers that the table records. With
    --checks how well each check, and all of them together, tell that model's right answers from
    its wrong ones.
    """
    config = file
    if file is not None and table is None and (is_table(file) or router or checks):
        config, table = None, file
    if table is None:
        raise ConfigError("say which rows, as in: homeward evaluate rows.jsonl.gz --route auto")
    if checks is None and (checkers or kind or out):
        raise ConfigError("--checkers, --type and --out belong to --checks; name a model there")
    if (router or checks) and (route is not None or config is not None):
        raise ConfigError("--router and --checks read a table alone; leave out the route and file")
    if checks is not None:
        if router is not None:
            raise ConfigError("say --router or --checks, not both")
        from homeward.cli import checked

        asked = checked.Asked(checks, listed(checkers), kind, limit, out, seed)
        checked.grade(table, asked, json=json)
        return
    if router is not None:
        from homeward.cli.judged import judge

        judge(table, router, limit, png, json=json)
        return
    if png is not None:
        raise ConfigError("--png draws a learned router; name one with --router")
    shown = run(_evaluate(config, route, table, limit, at_once, clearance, quiet=json))
    if json:
        import msgspec

        print(msgspec.json.encode(shown).decode())
    else:
        show(shown)


def is_table(file: Path) -> bool:
    """By its name: a configuration is YAML."""
    return file.name.endswith((".jsonl", ".jsonl.gz", ".ndjson", ".json.gz"))


async def _evaluate(
    config: Path | None,
    route: str | None,
    table: Path,
    limit: int | None,
    at_once: int,
    clearance: Clearance | None,
    *,
    quiet: bool,
) -> "Report":
    from itertools import islice

    from homeward.box import MEMBERS
    from homeward.defaults import NOTICE_MODEL
    from homeward.gateway.traffic.traffic import Traffic
    from homeward.house import configuration, open_house
    from homeward.learn.evaluate import evaluate as walk
    from homeward.learn.report import summarise
    from homeward.outcomes import read

    rows = list(islice(read(table), limit))
    if not rows:
        raise ConfigError(f"{table} has no rows; a table has one JSON object per line")
    found = await configuration(config)
    traffic = Traffic(found.serve.at_once)  # models that do not fit together take turns
    async with open_house(found, around=traffic.around) as house, traffic:
        model = house[route or house.default]
        reach = house.clearance if clearance is None else clearance
        results: list[RowResult] = []
        with _Progress(len(rows), visible=not quiet and sys.stderr.isatty()) as progress:
            async for result in walk(model, rows, clearance=reach, at_once=at_once):
                results.append(result)
                progress.step(result.score)
        parameters = {f"box/{name}": member.parameters for name, member in MEMBERS.items()}
        return summarise(results, model, {**parameters, NOTICE_MODEL: 0})


class _Progress:
    """A bar with the accuracy so far; nothing where nobody looks."""

    def __init__(self, rows: int, *, visible: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as Left

        about = TextColumn("{task.description}")
        console = Console(stderr=True)
        columns = (BarColumn(), MofNCompleteColumn(), Left(), about)
        self._bar = Progress(*columns, console=console, disable=not visible, transient=True)
        self._task = self._bar.add_task("", total=rows)
        self._done = 0
        self._right = 0.0

    def __enter__(self) -> "_Progress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def step(self, score: float) -> None:
        self._done += 1
        self._right += score
        about = f"{self._right / self._done:.1%} right"
        self._bar.update(self._task, advance=1, description=about)


def show(report: "Report") -> None:
    """A few lines for people; ``--json`` has all of it."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    low, high = report.wilson95
    console.print(
        f"[bold]{report.accuracy:.2%}[/bold] right on {report.rows:,} rows "
        f"[dim](95 % interval {low:.1%} to {high:.1%})[/dim]"
    )
    table = Table(box=None, show_header=False, pad_edge=False)

    def row(name: str, value: str) -> None:
        table.add_row(escape(printable(name)), value)

    named = f" ({report.best_single_model})" if report.best_single_model else ""
    baselines = (
        (f"best single model{named}", report.best_single),
        ("any of them right (oracle)", report.oracle),
        ("one of them at random", report.baselines.random),
    )
    for name, share in baselines:
        row(name, "not recorded" if share is None else f"{share:.2%}")
    row("calls per row", f"{report.calls_per_row:.2f}")
    for name, share in sorted(report.share.items(), key=lambda item: -item[1]):
        row(f"  {name}", f"{share:.3f}")
    if report.flops_per_row is not None:
        row("FLOPs per row", f"{report.flops_per_row / 1e6:,.1f} million")
    for name, group in report.group.items():
        row(f"in {name}", f"{group.accuracy:.2%} of {group.rows}")
    console.print(table)
    if report.scores_only:
        names = ", ".join(report.scores_only)
        warning = f"no words of {names} are recorded: what is decided by words means nothing here"
        console.print(printable(warning), style="yellow", markup=False)
    for error in report.first_errors:
        console.print(printable(f"{error.id}: {error.error}"), style="red", markup=False)
    if report.errors > len(report.first_errors):
        console.print(f"and {report.errors - len(report.first_errors)} more rows failed")
