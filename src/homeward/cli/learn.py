"""``homeward learn``: train a router, on a table of outcomes or on what was asked here."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeward.cli.options import Config, Json
from homeward.cli.text import printable
from homeward.errors import ConfigError

if TYPE_CHECKING:
    from homeward.outcomes import Row
    from homeward.signals.learned.router import Card


def learn(
    table: Annotated[
        Path | None,
        typer.Argument(help="Rows with graded answers, .jsonl or .jsonl.gz; else the history."),
    ] = None,
    cheap: Annotated[str | None, typer.Option(help="The model to prefer, of two.")] = None,
    strong: Annotated[str | None, typer.Option(help="The one to ask where it pays.")] = None,
    models: Annotated[
        str | None,
        typer.Option(help="Any number instead, with commas between; of two the cheap first."),
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(help="JSON of USD per million tokens by model.")
    ] = None,
    labels: Annotated[
        int | None, typer.Option(min=1, help="Use so many rows of the table, no more.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The folder to write the router to.")] = None,
    with_answer: Annotated[
        bool, typer.Option("--with-answer", help="Also read the cheap model's answer.")
    ] = False,
    checkers: Annotated[
        str | None,
        typer.Option(help="Models whose answers are compared with the cheap one's, with commas."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Draws the rows and the folds.")] = 0,
    name: Annotated[str, typer.Option(help="From history: which router.")] = "router",
    config: Config = None,
    since: Annotated[str, typer.Option(help="From history: how far back.")] = "90d",
    margin: Annotated[
        float, typer.Option(min=0, help="From history: how much worse is still not worse.")
    ] = 0.02,
    at_least: Annotated[
        int, typer.Option(min=1, help="From history: graded rows that a trial needs.")
    ] = 50,
    promote: Annotated[
        bool, typer.Option("--promote", help="From history: use it at once, if it is not worse.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="From history: say what would be done.")
    ] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Go back to the version before.")
    ] = False,
    status: Annotated[bool, typer.Option("--status", help="Show the versions there are.")] = False,
    json: Json = False,
) -> None:
    """Train a router: which model will be right on a prompt, and is it worth its cost.

    From a table of outcomes it is written to a folder (`--out`). Without a table it learns from
    the history in the ledger, is tried on the latest part of it, and replaces the router in use
    only when it is not worse; `--rollback` undoes that.
    """
    names = listed(models)
    if table is None:
        if cheap or strong or prices or labels or out or with_answer or checkers:
            raise ConfigError("these options are of a table: homeward learn TABLE --out FOLDER ...")
        from homeward.cli.learned import learn_from_history

        learn_from_history(
            name=name,
            config=config,
            since=since,
            models=names,
            margin=margin,
            at_least=at_least,
            promote=promote,
            dry_run=dry_run,
            rollback=rollback,
            status=status,
            seed=seed,
            json=json,
        )
        return
    if rollback or status or promote or dry_run:
        raise ConfigError(
            "--rollback, --status, --promote and --dry-run are of the routers kept here; leave out "
            "TABLE"
        )
    if out is None:
        raise ConfigError("say where to write the router, with --out FOLDER")
    if out.expanduser().exists() and not out.expanduser().is_dir():
        raise ConfigError(f"{out} is a file; a router is written to a folder of its own")
    chosen = pair(cheap, strong) or names
    if not chosen or (names and (cheap or strong)):
        raise ConfigError("name the models: two with --cheap and --strong, or any with --models")
    card = _train(table, chosen, prices, labels, out, with_answer, listed(checkers), seed, json)
    if json:
        import msgspec

        print(msgspec.json.encode(card).decode())
    else:
        show(card, out)


def listed(words: str | None) -> list[str]:
    return [word.strip() for word in (words or "").split(",") if word.strip()]


def pair(cheap: str | None, strong: str | None) -> list[str]:
    if (cheap is None) != (strong is None):
        raise ConfigError("--cheap and --strong belong together; name both")
    return [cheap, strong] if cheap and strong else []


def _train(
    path: Path,
    models: Sequence[str],
    prices: Path | None,
    labels: int | None,
    out: Path,
    with_answer: bool,
    checkers: Sequence[str],
    seed: int,
    quiet: bool,
) -> "Card":
    from homeward.learn.table import read_prices, table
    from homeward.learn.train.fit import train
    from homeward.outcomes import read
    from homeward.signals.learned.file import save

    priced: Mapping[str, float] = read_prices(prices) if prices else {}
    if prices and (missing := [model for model in models if model not in priced]):
        raise ConfigError(f"{prices} has no price of {', '.join(missing)}")
    rows = drawn(table(list(read(path)), models).rows, labels, seed)
    with _Steps(quiet) as steps:
        router = train(
            rows,
            models,
            prices=priced,
            with_answer=with_answer,
            checkers=checkers,
            seed=seed,
            name=path.name,
            progress=steps.begin,
        )
    save(router, out)
    return router.card


def drawn(rows: Sequence["Row"], labels: int | None, seed: int) -> Sequence["Row"]:
    """So many rows at random, all of them where there are fewer (which is said)."""
    if labels is None or labels == len(rows):
        return rows
    if labels > len(rows):
        print(
            f"homeward: the table has {len(rows)} graded rows only; all are used", file=sys.stderr
        )
        return rows
    import random

    return random.Random(seed).sample(list(rows), labels)


class _Steps:
    """A line on standard error that says what is being done; nothing where nobody looks."""

    def __init__(self, quiet: bool) -> None:
        from rich.console import Console
        from rich.status import Status

        self._status = (
            None if quiet or not sys.stderr.isatty() else Status("", console=Console(stderr=True))
        )

    def __enter__(self) -> "_Steps":
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def begin(self, what: str) -> None:
        if self._status:
            self._status.update(what)


def show(card: "Card", out: Path) -> None:
    """A few lines for people; the card has all of it."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    console.print(f"[bold]{escape(printable(str(out)))}[/bold] learned from {card.labels:,} rows")
    table = Table(box=None, show_header=False, pad_edge=False)
    for model in card.models:
        table.add_row(escape(printable(model)), f"{card.accuracy[model]:.2%} right")
    what = "of the gap recovered" if len(card.models) == 2 else "quality averaged over cost"
    cheap, *_, strong = card.models
    no_gap = len(card.models) == 2 and card.accuracy[strong] <= card.accuracy[cheap]
    ways = {} if no_gap else card.validated
    for way, reached in sorted(ways.items(), key=lambda item: -item[1]):
        used = " (used)" if way == card.used else ""
        table.add_row(f"left out: {way}{used}", f"{reached:.3f} {what}")
    console.print(table)
    if no_gap:
        console.print(
            printable(
                f"{strong} is no better than {cheap} on these rows: there is nothing to choose. "
                "Are they named the right way round?"
            ),
            style="yellow",
            markup=False,
        )
    folder = printable(str(out))
    console.print(
        f"on rows it has not seen: homeward evaluate TABLE --router {folder}\n"
        f"in a route: {{router: {{by: {{learned: {{path: {folder}}}}}, ...}}}}",
        style="dim",
        markup=False,
    )
