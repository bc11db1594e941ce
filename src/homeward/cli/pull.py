"""``homeward pull``: fetch a model file from the hub."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeward.cli.options import Json

if TYPE_CHECKING:
    from homeward.backends.hub import Progress


def pull(
    name: Annotated[
        str, typer.Argument(help="org/repo, or org/repo:Q4_K_M for one quantisation of it.")
    ],
    json: Json = False,
) -> None:
    """Download a GGUF model (resumable, its checksum verified); then ask it by its name."""
    from homeward.backends.hub import pull as download

    steps = download(name)
    path = _drawn(steps) if sys.stderr.isatty() and not json else _followed(steps)
    if json:
        import msgspec

        print(msgspec.json.encode({"name": name, "path": str(path)}).decode())
    else:
        print(f'{path}\nask it: homeward ask --route {name} "..."')


def _followed(steps: "Iterable[Progress]") -> Path | None:
    """To the end without a picture: one line per file."""
    path = None
    seen = ""
    for step in steps:
        if step.file != seen:
            seen = step.file
            print(f"{step.file}: {step.total:,} bytes", file=sys.stderr)
        path = step.path or path
    return path


def _drawn(steps: "Iterable[Progress]") -> Path | None:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    path = None
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks = {}
        for step in steps:
            if step.file not in tasks:
                tasks[step.file] = bars.add_task(step.file, total=step.total)
            bars.update(tasks[step.file], completed=step.done, total=step.total)
            path = step.path or path
    return path
