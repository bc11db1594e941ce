"""``homeward spend``: what was asked, what it cost, and how much of it stayed at home."""

import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias

import typer

from homeward.cli.options import Config, Json
from homeward.cli.served import Served
from homeward.cli.spans import span
from homeward.cli.text import printable
from homeward.interrupt import run

By: TypeAlias = Literal["key", "tenant", "route", "model", "where", "day"]
Row: TypeAlias = Mapping[str, Any]
PLACES = {"machine": "this machine", "network": "your network", "world": "the world"}


def spend(
    since: Annotated[
        float, typer.Option(parser=span, metavar="SPAN", help="How far back: 30d, 12h ...")
    ] = "30d",  # type: ignore[assignment]  # typer parses a default, too
    by: Annotated[By, typer.Option(help="What to add up by.")] = "key",
    config: Config = None,
    json: Json = False,
) -> None:
    """Say what the gateway's requests cost, by key, tenant, route, model, place or day."""
    start = time.time() - since
    rows, names = run(_spend(start, by, Served.of(config)))
    if json:
        import msgspec

        shown = {"since": start, "by": by, "rows": rows}
        print(msgspec.json.encode(shown).decode())
    elif rows:
        _show(rows, by, names)
    else:
        print("the ledger has no requests of that time; `homeward serve` writes it")


async def _spend(since: float, by: By, served: Served) -> tuple[list[Row], dict[str, str]]:
    """The rows, and the names of the keys by their ids."""
    async with served.store() as stores:
        rows = await stores.ledger.spending(since=since, by=by)
        keys = await stores.keys.keys() if by == "key" else []
        return rows, {key.id: key.name for key in keys}


def _show(rows: Sequence[Row], by: By, names: Mapping[str, str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column(by.upper(), overflow="fold")
    for column in ("REQUESTS", "TOKENS", "COST", "AT HOME", "FIRST WORD"):
        table.add_column(column, justify="right")
    for row in rows:
        cells = (
            _label(str(row[by]), by, names),
            f"{row['requests']:,}",
            f"{row['tokens']:,}",
            _cost(row),
            "" if row["local_share"] is None else f"{row['local_share']:.0%}",
            "" if row["first_seconds"] is None else f"{row['first_seconds']:.2f} s",
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    console = Console(highlight=False)
    console.print(table)
    requests, usd = sum(row["requests"] for row in rows), sum(row["usd"] for row in rows)
    told = f"{requests:,} requests, ${usd:,.4f}; at home: what never left your network"
    console.print(told, style="dim", markup=False)


def _label(value: str, by: By, names: Mapping[str, str]) -> str:
    if by == "where":
        return PLACES[value]
    if by == "key" and value in names:
        return f"{names[value]} ({value})"
    return value or ("nobody's key" if by == "key" else "none")


def _cost(row: Row) -> str:
    """A price that is not known is said, and not taken for nothing."""
    unpriced = row["unpriced"]
    known = "" if unpriced and not row["usd"] else f"${row['usd']:,.4f}"
    return " + ".join(
        part for part in (known, f"{unpriced:,} unpriced" if unpriced else "") if part
    )
