"""What ``homeward evaluate TABLE --checks MODEL`` shows: how well checks sort a model's answers."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from homeward.cli.text import printable
from homeward.errors import ConfigError
from homeward.interrupt import run

if TYPE_CHECKING:
    from homeward.learn.signals_report import Checked
    from homeward.outcomes import Row
    from homeward.signals.combination import Combination, Grade

LENGTH = "length"


class Asked(NamedTuple):
    """``kind`` is the type of answers that are compared; by default what the references are."""

    model: str
    checkers: Sequence[str] = ()
    kind: str | None = None
    limit: int | None = None
    out: Path | None = None
    seed: int = 0


def grade(table: Path, asked: Asked, *, json: bool) -> None:
    """Grade every check and their combination; written to ``out`` for the check `combined`."""
    import msgspec

    from homeward.learn.scored import type_of

    rows = _rows(table, asked)
    if asked.checkers and asked.kind is None:
        asked = asked._replace(kind=type_of(rows))
    checked = run(_read(rows, asked, quiet=json))
    learned = _combined(checked, asked)
    if asked.out is not None:
        learned.save(asked.out)
    report = _report(checked, learned, asked)
    if json:
        print(msgspec.json.encode(report).decode())
    else:
        show(report, learned, asked)


def _rows(table: Path, asked: Asked) -> "list[Row]":
    from itertools import islice

    from homeward.outcomes import insist, read

    rows = list(islice(read(table), asked.limit))
    if not rows:
        raise ConfigError(f"{table} has no rows; a table has one JSON object per line")
    insist(rows, (asked.model, *asked.checkers))
    if asked.model in asked.checkers:
        raise ConfigError(f"{asked.model!r} agrees with itself always; name others in --checkers")
    return rows


async def _read(rows: "list[Row]", asked: Asked, *, quiet: bool) -> "list[Checked]":
    from homeward.cli.progress import Progress
    from homeward.learn.signals_report import check_rows, plain_checks

    checks = plain_checks(rows, asked.checkers, asked.kind or "number")
    found: list[Checked] = []
    mine = [row for row in rows if asked.model in row.answers]
    with Progress(len(mine), "answers read", quiet=quiet) as bar:
        async with aclosing(check_rows(mine, asked.model, checks)) as reading:
            async for each in reading:
                found.append(each)
                bar.step()
                await asyncio.sleep(0)  # checks that ask nobody leave no room for Ctrl-C
    return found


def _combined(checked: "Sequence[Checked]", asked: Asked) -> "Combination":
    """Of agreement with all checkers, and not with each alone: that would ask each twice."""
    from datetime import UTC, datetime

    from homeward.learn.signals_report import combined

    made = datetime.now(UTC).date().isoformat()
    without = _alone(asked)
    return combined(checked, made=made, model=asked.model, without=without, seed=asked.seed)


def _alone(asked: Asked) -> list[str]:
    return [f"agreement:{name}" for name in asked.checkers if len(asked.checkers) > 1]


def _report(
    checked: "Sequence[Checked]", learned: "Combination", asked: Asked
) -> Mapping[str, Any]:
    """What ``--json`` prints. Every AUROC and share is from 0 to 1."""
    from homeward.learn.combine import graded

    right = [row.right for row in checked]
    scores = {name: [row.readings[name].score for row in checked] for name in _alone(asked)}
    grades = {**learned.checks, **graded(scores, right)}
    length = grades.pop(LENGTH)
    return {
        "model": learned.model,
        "rows": learned.rows,
        "right": learned.right,
        "checkers": asked.checkers,
        "type": asked.kind,
        "folds": learned.folds,
        "seed": asked.seed,
        "checks": grades,
        "combined": learned.combined,
        "baselines": {
            LENGTH: length,
            "random": {"auroc": 0.5, "share": 1.0, "auroc_all": 0.5},
        },
    }


def show(report: Mapping[str, Any], learned: "Combination", asked: Asked) -> None:
    """A table for people; ``--json`` has the same."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    about = f"{learned.model}: {learned.right:.1%} right on {learned.rows:,} rows"
    console.print(printable(about), markup=False)
    table = Table(box=None, pad_edge=False)
    for column in ("", "AUROC", "has a score", "over all rows"):
        table.add_column(column, justify="right" if column else "left")

    def line(name: str, grade: "Grade") -> None:
        numbers = (_number(grade.auroc), f"{grade.share:.1%}", _number(grade.auroc_all))
        table.add_row(escape(printable(name)), *numbers)

    grades: Mapping[str, Grade] = report["checks"]
    for name, grade_ in sorted(grades.items(), key=lambda item: -(item[1].auroc or 0.0)):
        line(name, grade_)
    line(f"combined, {learned.folds}-fold", learned.combined)
    line("baseline: the shorter the better", report["baselines"][LENGTH])
    table.add_row("baseline: at random", "0.500", "100.0%", "0.500")
    console.print(table)
    told = "AUROC: how often a right answer scores above a wrong one, where both have a score"
    console.print(told, style="dim", markup=False)
    if asked.out is not None:
        console.print(
            f"written to {printable(str(asked.out))}; in a cascade: accept:", markup=False
        )
        console.print(printable(_node(learned, asked)), markup=False, soft_wrap=True)


def _node(learned: "Combination", asked: Asked) -> str:
    """What a file says to use it."""
    agreement = f"{{agreement: {{with: [{', '.join(asked.checkers)}], type: {asked.kind}}}}}"
    parts = [
        f"{name}: {agreement if name == 'agreement' else name}"
        for name in learned.checks
        if name != LENGTH
    ]
    return f"{{combined: {{path: {asked.out}, checks: {{{', '.join(parts)}}}}}}}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
