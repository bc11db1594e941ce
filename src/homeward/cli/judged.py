"""What ``homeward evaluate TABLE --router DIR`` shows: a learned router on rows it has not seen."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from homeward.cli.text import printable

if TYPE_CHECKING:
    from homeward.learn.baselines import Measured
    from homeward.learn.routed import RouterReport


def judge(table: Path, router: Path, limit: int | None, png: Path | None, *, json: bool) -> None:
    """Measure, then print JSON or a table and a picture; the picture also as PNG where asked."""
    from itertools import islice

    import msgspec

    from homeward.errors import ConfigError
    from homeward.learn.pictures import frontier, honesty
    from homeward.learn.routed import reported, walk
    from homeward.outcomes import read
    from homeward.signals.learned.file import load

    learned = load(router)
    rows = list(islice(read(table), limit))
    if not rows:
        raise ConfigError(f"{table} has no rows; a table has one JSON object per line")
    if learned.card.table == table.name:
        seen = f"{router} was trained on a table called {table.name}, too: these numbers flatter it"
        told = f"homeward: {seen} on rows that it has seen; keep rows back that it has not"
        print(printable(told), file=sys.stderr)
    walked = walk(learned, rows)
    report = reported(learned, walked)
    if png is not None:
        from homeward.learn.plots.png import write

        write(frontier(walked), png)
        write(honesty(walked), png.with_name(f"{png.stem}-honesty{png.suffix}"))
    if json:
        print(msgspec.json.encode(report).decode())
        return
    show(report)
    if sys.stdout.isatty():
        from homeward.learn.plots.terminal import show as draw

        draw(frontier(walked), sys.stdout)


def show(report: "RouterReport") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(
        printable(
            f"{report.rows:,} rows, learned from {report.labels:,}: {', '.join(report.models)}"
        ),
        markup=False,
    )
    names = {
        "apgr": "gap recovered (APGR)",
        "cpt50": "strong calls for 50 %",
        "cpt80": "strong calls for 80 %",
        "aiq": "quality over cost (AIQ)",
        "cost_saved_at_best_single": "saved at best single",
        "accuracy_at_best_single_cost": "right at its cost",
        "accuracy": "right",
    }
    own: dict[str, float | None] = {name: getattr(report, name, None) for name in names}
    columns: dict[str, dict[str, float | None]] = {"router": own}
    columns |= {name: _values(found, names) for name, found in report.baselines.items()}
    shown = [key for key in names if any(column[key] is not None for column in columns.values())]
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for name in columns:
        table.add_column(name.replace("_", " "), justify="right")
    for key in shown:
        table.add_row(names[key], *(_number(column[key]) for column in columns.values()))
    console.print(table)
    if len(report.models) == 2 and report.apgr is None:
        strong, cheap = report.models[1], report.models[0]
        console.print(
            printable(f"{strong} is no better than {cheap} on these rows: no gap to recover"),
            style="yellow",
            markup=False,
        )
    known = {"AUROC": report.auroc, "ECE": report.ece}
    said = [f"{name} {value:.3f}" for name, value in known.items() if value is not None]
    took = f"{report.decision_ms_p50:.2f} ms (p95 {report.decision_ms_p95:.2f})"
    console.print(f"{', '.join(said)}; a decision takes {took}")
    if report.promise is not None:
        console.print(printable(report.promise.words), markup=False)
    if report.out_of_distribution > 0.1:
        console.print(
            printable(
                f"{report.out_of_distribution:.0%} of the rows are out of the distribution it was "
                f"trained on; a route falls to its `else` there"
            ),
            style="yellow",
            markup=False,
        )


def _values(found: "Measured", names: dict[str, str]) -> dict[str, float | None]:
    return {name: getattr(found, name, None) for name in names}


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
