"""``homeward models``: what there is to ask, what of it fits here, and what is loaded."""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from homeward.cli.options import Config, Json
from homeward.cli.text import printable
from homeward.interrupt import run

if TYPE_CHECKING:
    from homeward.cli.machine.local_models import Known
    from homeward.cli.running_gateway import Line

Url = Annotated[
    str | None,
    typer.Option(help="Of a gateway: what is loaded there, and who waits. Else the one here."),
]


def models(config: Config = None, url: Url = None, json: Json = False) -> None:
    """List what can be asked: where it comes from, whether it fits here, whether it is loaded."""
    run(_models(config, url, json=json))


async def _models(path: Path | None, url: str | None, *, json: bool) -> None:
    from homeward.cli.machine.local_models import known
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


DROPPED = ("ABOUT", "LICENCE", "CONTEXT", "SIZE", "KIND", "LOADED", "FITS")
"""What is left out first where the terminal is too narrow."""

LEAST_ABOUT = 16  # columns: what is folded smaller cannot be read
GAP = 2


def _show(rows: Sequence[dict[str, Any]], *below: str) -> None:
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells: dict[str, list[str]] = {"NAME": [_name(row) for row in rows]}
    cells["KIND"] = [row["kind"] for row in rows]
    cells |= {name: [of(row) for row in rows] for name, of in COLUMNS.items() if any(map(of, rows))}
    cells["ABOUT"] = ["" if row["about"] == row["name"] else row["about"] for row in rows]
    cells = {name: [printable(str(each)) for each in column] for name, column in cells.items()}
    widths = {name: max(map(cell_len, [name, *column])) for name, column in cells.items()}
    console = Console(highlight=False)
    limit = console.width if console.is_terminal or os.environ.get("COLUMNS") else None
    left_out = [] if limit is None else _dropped(widths, limit)
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, GAP, 0, 0))
    for name in (shown := [name for name in cells if name not in left_out]):
        folded = name == "ABOUT"
        table.add_column(
            name,
            overflow="fold",
            justify="right" if name in ("SIZE", "CONTEXT") else "left",
            min_width=None if folded else widths[name],
            no_wrap=not folded,
        )
    for at in range(len(rows)):
        table.add_row(*(Text(cells[name][at]) for name in shown))
    needed = sum(widths[name] + GAP for name in shown)
    other = sum(widths[name] + GAP for name in shown if name != "ABOUT")
    # a name that is wider than the terminal is the terminal's to break: it can be copied whole
    console.width = max(limit, other) if limit is not None else needed
    console.print(table, crop=False)
    if left_out:
        below = (f"no room for {', '.join(left_out)}: --json has them", *below)
    for line in filter(None, below):
        console.print(printable(line), style="dim", markup=False, soft_wrap=True)


def _dropped(widths: dict[str, int], limit: int) -> list[str]:
    """Columns without which the rest can be shown whole, ``ABOUT`` in several lines if need be."""
    least = {**widths, "ABOUT": min(widths["ABOUT"], LEAST_ABOUT)}
    found: list[str] = []
    for name in DROPPED:
        if sum(width + GAP for width in least.values()) - GAP <= limit:
            break
        if least.pop(name, None) is not None:
            found.append(name)
    return found


def _name(row: dict[str, Any]) -> str:
    return f"{row['name']} (default)" if row["default"] else row["name"]


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
