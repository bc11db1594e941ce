"""How far a fetch is, shown to people: from the hub, or through an Ollama server."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from homeward.backends.ollama_stock import Step
from homeward.backends.ollama_stock import pull as through_ollama

__all__ = ["Step", "Tell", "telling", "through_ollama"]

Tell = Callable[[Step], None]


@contextmanager
def telling(name: str, *, quiet: bool = False) -> Iterator[Tell]:
    """A bar on a terminal for each layer; in a pipe, a line whenever something else begins."""
    if quiet or not sys.stderr.isatty():
        yield _nothing if quiet else _lines(name)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    words = TextColumn("{task.description}", markup=False)
    columns = (words, BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks = {"": bars.add_task(name, total=None)}

        def tell(step: Step) -> None:
            if not step.total:
                bars.update(tasks[""], description=f"{name}: {step.doing}")
                return
            if step.digest not in tasks:
                tasks[step.digest] = bars.add_task(step.doing)
            bars.update(tasks[step.digest], completed=step.done, total=step.total)

        yield tell


def _nothing(step: Step) -> None:
    """For who only wants the result."""


def _lines(name: str) -> Tell:
    seen = ""

    def tell(step: Step) -> None:
        nonlocal seen
        if step.doing != seen:
            seen = step.doing
            of = f", {step.total:,} bytes" if step.total else ""
            print(f"{name}: {step.doing}{of}", file=sys.stderr)

    return tell
