"""Options that several commands share, written once."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from homeward.model import Clearance


def cleared(word: str) -> Clearance:
    try:
        return Clearance.parse(word)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Completes the last of several names; with nothing where the configuration is wrong."""
    import asyncio

    from homeward.errors import HomewardError
    from homeward.house import configuration

    try:
        config = asyncio.run(configuration(ctx.params.get("config")))
    except HomewardError:
        return []
    before, comma, word = incomplete.rpartition(",")
    return [before + comma + name for name in config.models if name.startswith(word)]


Config: TypeAlias = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The file to use instead of the one that is found."),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Route: TypeAlias = Annotated[
    str | None,
    typer.Option("--route", "-r", help="The route or model to ask.", autocompletion=names),
]
ClearanceOption: TypeAlias = Annotated[
    Clearance | None,
    typer.Option(
        "--clearance",
        parser=cleared,
        metavar="machine|network|world",
        help="How far this may travel; by default as far as the configuration says.",
    ),
]
