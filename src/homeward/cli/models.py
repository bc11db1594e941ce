"""``homeward models``: what there is to ask, what of it fits here, and what is loaded."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from homeward.cli.options import Config, Json
from homeward.cli.text import printable
from homeward.interrupt import run

if TYPE_CHECKING:
    from homeward.cli.local_models import Known
    from homeward.cli.running_gateway import Line

Url = Annotated[
    str | None,
    typer.Option(help="Of a gateway: what is loaded there, and who waits. Else the one here."),
]


def models(config: Config = None, url: Url = None, json: Json = False) -> None:
    """List what can be asked: where it comes from, whether it fits here, whether it is loaded."""
    run(_models(config, url, json=json))


async def _models(path: Path | None, url: str | None, *, json: bool) -> None:
    from homeward.cli.local_models import known
    from homeward.cli.running_gateway import queue
    from homeward.house import configuration

    config = await configuration(path)
    local, gateway = await asyncio.gather(known(config), queue(config.serve, url))
    at, lines = gateway or ("", ())
    rows = [
        {"name": name, "kind": kind, "default": name == config.default, "about": about}
        | told(local.get(name), lines)
        for name, kind, about in config.outline()
    ]
    if json:
        import msgspec

        shown = {"from": config.origin, "clearance": config.clearance, "models": rows}
        shown["gateway"] = {"url": at, "models": lines} if gateway else None
        print(msgspec.json.encode(shown).decode())
        return
    reach = f"data may travel as far as: {config.clearance.name.lower()}"
    _show(rows, f"from {config.origin}; {reach}", f"loaded and waiting: as {at} says" if at else "")


def told(known: "Known | None", lines: "Sequence[Line]") -> dict[str, Any]:
    """The rest of a row. What a gateway knows of the model goes before what its runtime told."""
    row = dict.fromkeys(("size_bytes", "memory_bytes", "fits", "loaded", "context", "licence"))
    row |= dict.fromkeys(("running", "waiting", "swap_seconds"))
    if known is None:
        return row
    row |= {"size_bytes": known.size, "memory_bytes": known.memory, "fits": known.fits}
    row |= {"loaded": known.loaded, "context": known.context, "licence": known.licence}
    if line := next((each for each in lines if each.model == known.model), None):
        row |= {"running": line.running, "waiting": line.waiting}
        row |= {"swap_seconds": line.swap_seconds}
        row["loaded"] = known.loaded if line.loaded is None else line.loaded
    if row["loaded"] and row["fits"] == "no":  # for want of the memory that it has itself
        row["fits"] = known.alone
    return row


COLUMNS: dict[str, Callable[[dict[str, Any]], str]] = {
    "SIZE": lambda row: _size(row["memory_bytes"]),
    "FITS": lambda row: row["fits"] or "",
    "LOADED": lambda row: _loaded(row),  # which stands below
    "CONTEXT": lambda row: "" if row["context"] is None else f"{row['context']:,}",
    "LICENCE": lambda row: row["licence"] or "",
}


def _show(rows: Sequence[dict[str, Any]], *below: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    columns = {name: cell for name, cell in COLUMNS.items() if any(map(cell, rows))}
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("NAME", "KIND", *columns, "ABOUT"):
        right = name in ("SIZE", "CONTEXT")
        table.add_column(
            name, overflow="fold", justify="right" if right else "left", no_wrap=name in columns
        )
    for row in rows:
        mark = " (default)" if row["default"] else ""
        about = "" if row["about"] == row["name"] else row["about"]
        cells = [f"{row['name']}{mark}", row["kind"], *(c(row) for c in columns.values()), about]
        table.add_row(*(Text(printable(str(cell))) for cell in cells))
    console = Console(highlight=False)
    console.print(table)
    for line in filter(None, below):
        console.print(printable(line), style="dim", markup=False)


def _size(size: int | None) -> str:
    from homeward.machine.sizes import shown

    return "" if size is None else shown(size)


def _loaded(row: dict[str, Any]) -> str:
    """``yes, 2 wait``; of one that is not there what it takes to load it, where that is known."""
    if row["loaded"] is None:
        return ""
    seconds = row["swap_seconds"]
    words = ["yes" if row["loaded"] else "no" if seconds is None else f"no, in {seconds:.1f} s"]
    if row["waiting"]:
        words.append(f"{row['waiting']} wait")
    return ", ".join(words)
