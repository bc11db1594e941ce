"""``homeward models``: what there is to ask."""

from pathlib import Path

from homeward.cli.options import Config, Json
from homeward.cli.text import printable
from homeward.interrupt import run


def models(config: Config = None, json: Json = False) -> None:
    """List the routes and models that can be asked, and where they come from."""
    run(_models(config, json=json))


async def _models(path: Path | None, *, json: bool) -> None:
    import msgspec

    from homeward.house import configuration

    config = await configuration(path)
    rows = [
        {"name": name, "kind": kind, "default": name == config.default, "about": about}
        for name, kind, about in config.outline()
    ]
    if json:
        shown = {"from": config.origin, "clearance": config.clearance, "models": rows}
        print(msgspec.json.encode(shown).decode())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("NAME", "KIND", "ABOUT"):
        table.add_column(column, overflow="fold")
    for row in rows:
        mark = " (default)" if row["default"] else ""
        cells = (f"{row['name']}{mark}", str(row["kind"]), str(row["about"]))
        table.add_row(*(Text(printable(cell)) for cell in cells))
    console = Console(highlight=False)
    console.print(table)
    reach = f"data may travel as far as: {config.clearance.name.lower()}"
    console.print(f"from {config.origin}; {reach}", style="dim", markup=False)
