"""``homeward compare``: may one route take another's place?"""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeward.cli.options import ClearanceOption, Config, Json, names
from homeward.cli.progress import Progress
from homeward.cli.text import printable
from homeward.errors import ConfigError
from homeward.interrupt import run
from homeward.model import Clearance

if TYPE_CHECKING:
    from homeward.learn.compare import Comparison

MarginOption = Annotated[
    float, typer.Option(min=0, max=1, help="How much worse still counts as not worse, 0 to 1.")
]


def compare(
    a: Annotated[str, typer.Argument(help="The route as it is.", autocompletion=names)],
    b: Annotated[str, typer.Argument(help="The one in its place.", autocompletion=names)],
    table: Annotated[
        Path, typer.Option("--table", "-t", help="Rows to walk, .jsonl or .jsonl.gz.")
    ],
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first rows.")] = None,
    margin: MarginOption = 0.02,
    at_once: Annotated[int, typer.Option(min=1, help="Rows under way at a time.")] = 16,
    clearance: ClearanceOption = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Walk two routes over one table: which is right more often, what each takes, a verdict."""
    found = run(_compare(config, (a, b), table, limit, margin, at_once, clearance, quiet=json))
    if json:
        import msgspec

        print(msgspec.json.encode(found).decode())
    else:
        show(found)


async def _compare(
    config: Path | None,
    routes: tuple[str, str],
    table: Path,
    limit: int | None,
    margin: float,
    at_once: int,
    clearance: Clearance | None,
    *,
    quiet: bool,
) -> "Comparison":
    from homeward.house import open_house
    from homeward.learn.compare import compare as sum_up
    from homeward.learn.evaluate import RowResult
    from homeward.learn.evaluate import evaluate as walk
    from homeward.outcomes import read

    rows = list(islice(read(table), limit))
    if not rows:
        raise ConfigError(f"{table} has no rows; a table has one JSON object per line")
    sides: list[list[RowResult]] = []
    async with open_house(config) as house:
        models = [house[name] for name in routes]
        reach = house.clearance if clearance is None else clearance
        with Progress(2 * len(rows), quiet=quiet) as progress:
            for model in models:
                sides.append([])
                async for result in walk(model, rows, clearance=reach, at_once=at_once):
                    sides[-1].append(result)
                    progress.step()
    return sum_up(rows, sides[0], sides[1], names=routes, margin=margin)


def show(found: "Comparison") -> None:
    """A few lines for people; ``--json`` has all of it."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("ROUTE", overflow="fold")
    for column in ("RIGHT", "COST", "CALLS/ROW", "FAILED"):
        table.add_column(column, justify="right")
    for side in (found.a, found.b):
        cost = "not known" if side.cost_usd is None else f"${side.cost_usd:,.4f}"
        cells = (side.route, f"{side.accuracy:.2%}", cost)
        more = (f"{side.calls_per_row:.2f}", f"{side.errors:,}")
        table.add_row(*(Text(printable(cell)) for cell in (*cells, *more)))
    console.print(table)
    low, high = found.interval95
    told = (
        f"{found.b.route} minus {found.a.route}: {100 * found.difference:+.2f} points "
        f"(95 % interval {100 * low:+.2f} to {100 * high:+.2f}) on {found.rows:,} rows; "
        f"better on {found.b_better:,}, worse on {found.a_better:,}"
    )
    console.print(printable(told), markup=False)
    if found.priced_rows < found.rows:
        priced = f"cost of the {found.priced_rows:,} rows whose price is known on both sides"
        console.print(priced, style="dim", markup=False)
    console.print(printable(str(found.verdict)), style="bold", markup=False)
    for error in found.first_errors:
        console.print(printable(f"{error.id}: {error.error}"), style="red", markup=False)
