"""``homeward models``: what there is to ask."""

import asyncio
from pathlib import Path

from homeward.cli.options import Config, Json


def models(config: Config = None, json: Json = False) -> None:
    """List the routes and models that can be asked, and where they come from."""
    asyncio.run(_models(config, json=json))


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

    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("NAME", "KIND", "ABOUT"):
        table.add_column(column, overflow="fold")
    for row in rows:
        mark = " (default)" if row["default"] else ""
        table.add_row(f"{row['name']}{mark}", str(row["kind"]), str(row["about"]))
    console = Console(highlight=False)
    console.print(table)
    console.print(
        f"[dim]from {config.origin}; data may travel as far as: "
        f"{config.clearance.name.lower()}[/dim]"
    )
