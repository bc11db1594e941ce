"""``homeward calibrate``: from rows with known answers to a promise about what stays local."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from homeward.cli.learn import listed
from homeward.cli.options import ClearanceOption, Config, Json, Route
from homeward.cli.progress import Progress
from homeward.cli.text import printable
from homeward.errors import ConfigError
from homeward.interrupt import run
from homeward.model import Clearance

if TYPE_CHECKING:
    from homeward.learn.held_out import Splits
    from homeward.learn.thresholds import Scored
    from homeward.outcomes import Row
    from homeward.signals.promise import Promise

By = Literal["none", "task", "group"]


def calibrate(
    table: Annotated[Path, typer.Argument(help="Rows with known answers, .jsonl or .jsonl.gz.")],
    cheap: Annotated[
        str, typer.Option(help="The model whose answers may stay; of --router its cheapest.")
    ] = "",
    checkers: Annotated[
        str, typer.Option(help="Models whose agreement is the score, with commas between.")
    ] = "",
    router: Annotated[
        Path | None, typer.Option(help="A trained router, whose probability is the score.")
    ] = None,
    route: Route = None,
    config: Config = None,
    strong: Annotated[
        str | None,
        typer.Option(help="Right is what agrees with this model; else the label."),
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--type", help="Of the answers: number, choice, label ...")
    ] = None,
    promise: Annotated[float, typer.Option(help="How many of the kept answers are right.")] = 0.95,
    confidence: Annotated[float, typer.Option(help="How sure of that to be.")] = 0.9,
    horizon: Annotated[
        float,
        typer.Option(help="Hold among the next answers too: so many times the kept rows, or 0."),
    ] = 1.0,
    by: Annotated[By, typer.Option(help="Whose thresholds differ.")] = "none",
    labels: Annotated[int | None, typer.Option(min=1, help="Use so many rows, no more.")] = None,
    seed: Annotated[int, typer.Option(help="Draws the rows and the halves.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Where to write the promise.")] = None,
    splits: Annotated[int, typer.Option(min=0, help="Also try it on so many random halves.")] = 0,
    at_once: Annotated[int, typer.Option(min=1, help="Rows of a route under way at a time.")] = 16,
    clearance: ClearanceOption = None,
    json: Json = False,
) -> None:
    """Find the threshold from which on answers that stay local are right as often as promised.

    The score of an answer is what a check says of it: the agreement of other models in the table
    (--cheap, --checkers), a trained router (--cheap, --router), or the check of a cascade as it
    runs (--route).
    """
    if sum((bool(checkers), router is not None, route is not None)) != 1:
        raise ConfigError("say where scores come from: one of --checkers, --router and --route")
    if route is None and router is None and not cheap:
        raise ConfigError("name the model whose answers may stay, with --cheap")
    if route is not None and (strong or cheap):
        raise ConfigError("a route names its models itself; leave out --cheap and --strong")
    rows = _drawn(table, labels, seed)
    if route is not None:
        scored = run(_walked(config, route, rows, by, clearance, at_once, quiet=json))
        about = f"the check of route {route}"
    elif router is not None:
        scored, about = _routed(rows, cheap, router, kind, strong, by, table)
    else:
        names = listed(checkers)
        scored = run(_agreed(rows, cheap, names, kind, strong, by))
        about = f"{cheap}, agreement with {', '.join(names)}"
    if not scored:
        raise ConfigError(
            "no row says whether its answer is right: give the answers a `score`, or name a model "
            "to agree with, --strong MODEL"
        )
    from homeward.cli.promise import show
    from homeward.learn import calibrate as learn

    made = learn.calibrate(
        [row.score for row in scored],
        [row.right for row in scored],
        target=promise,
        confidence=confidence,
        horizon=horizon,
        groups=None if by == "none" else [row.group for row in scored],
        by=by,
        about=about,
        right_by=f"agreement with {strong}" if strong else "label",
    )
    tried = _tried(scored, made, splits, seed, quiet=json) if splits else None
    if out is not None:
        made.write(out)
    if json:
        import msgspec

        print(msgspec.json.encode({"promise": made, "splits": tried}).decode())
    else:
        show(made, tried, out)


# ---------------------------------------------------------------- scores


def _drawn(table: Path, labels: int | None, seed: int) -> "list[Row]":
    import random

    from homeward.outcomes import read

    rows = list(read(table))
    if not rows:
        raise ConfigError(f"{table} has no rows; a table has one JSON object per line")
    if labels is not None and labels > len(rows):
        print(f"homeward: the table has {len(rows)} rows only; all are used", file=sys.stderr)
    return (
        rows if labels is None or labels >= len(rows) else random.Random(seed).sample(rows, labels)
    )


async def _agreed(
    rows: "list[Row]",
    cheap: str,
    checkers: list[str],
    kind: str | None,
    strong: str | None,
    by: By,
) -> "list[Scored]":
    from homeward.learn.scored import by_agreement, extractor_for

    extract = extractor_for(rows, kind)
    return await by_agreement(rows, cheap, checkers, extract, strong=strong, by=by)


def _routed(
    rows: "list[Row]",
    cheap: str,
    folder: Path,
    kind: str | None,
    strong: str | None,
    by: By,
    table: Path,
) -> "tuple[list[Scored], str]":
    """The scores, and what they are of."""
    from homeward.learn.scored import by_router, extractor_for, reads
    from homeward.signals.learned.file import load

    router = load(folder)
    cheap = cheap or router.models[0]
    if router.card.table == table.name:
        seen = f"{folder} was trained on a table called {table.name}, too: a promise holds only"
        told = f"homeward: {seen} where it is made of rows that the router has not seen"
        print(printable(told), file=sys.stderr)
    extract = extractor_for(rows, kind) if strong else None
    scored = run(by_router(rows, cheap, router, extract, strong=strong, by=by))
    how = "with answers read" if reads(router, cheap) else "by the question alone"
    return scored, f"the chance of {cheap} by the router {folder.name}, {how}"


async def _walked(
    config: Path | None,
    route: str,
    rows: "list[Row]",
    by: By,
    clearance: Clearance | None,
    at_once: int,
    *,
    quiet: bool,
) -> "list[Scored]":
    from homeward.house import open_house
    from homeward.learn.walked import by_walking, checked

    async with open_house(config) as house:
        draft, check = checked(house[route], route)
        reach = house.clearance if clearance is None else clearance
        found: list[Scored] = []
        with Progress(len(rows), "rows walked", quiet=quiet) as bar:
            walk = by_walking(draft, check, rows, by=by, clearance=reach, at_once=at_once)
            async for scored in walk:
                found.append(scored)
                bar.step()
        return found


def _tried(
    scored: "list[Scored]", made: "Promise", splits: int, seed: int, *, quiet: bool
) -> "Splits | None":
    from homeward.learn.held_out import halves, summed

    if len(scored) < 2:
        return None
    found = []
    with Progress(splits, "halves tried", quiet=quiet) as bar:
        for half in halves(
            scored,
            splits=splits,
            seed=seed,
            target=made.target,
            confidence=made.confidence,
            horizon=made.horizon,
            grouped=made.by != "none",
        ):
            found.append(half)
            bar.step()
    return summed(found, made.target, made.confidence)
