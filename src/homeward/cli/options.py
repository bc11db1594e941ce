"""Options that several commands share, written once."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Config: TypeAlias = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The file to use instead of the one that is found."),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Route: TypeAlias = Annotated[
    str | None, typer.Option("--route", "-r", help="The route or model to ask.")
]
ClearanceOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--clearance", help="How far this may travel: machine, network or world."),
]
