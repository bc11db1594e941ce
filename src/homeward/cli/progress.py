"""A bar on standard error for long work; nothing where nobody looks."""

import sys


class Progress:
    """Of so many rows. A context manager."""

    def __init__(self, rows: int, about: str = "", *, quiet: bool = False) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        words = TextColumn("{task.description}", markup=False)
        hidden = quiet or not sys.stderr.isatty()
        console = Console(stderr=True)
        self._bar = Bar(*columns, words, console=console, disable=hidden, transient=True)
        self._task = self._bar.add_task(about, total=rows)

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def step(self) -> None:
        self._bar.update(self._task, advance=1)
