"""``homeward export``: past requests in the forms of other tools; and forgetting them."""

import sys
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from homeward.cli.options import Config, Json
from homeward.cli.past import from_ledger, from_table, lacking
from homeward.cli.served import Served
from homeward.cli.spans import span
from homeward.cli.text import printable
from homeward.errors import ConfigError
from homeward.interrupt import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeward.learn.exports.writing import Written
    from homeward.outcomes import Row

Form: TypeAlias = Literal["outcomes", "promptfoo", "inspect", "lm-eval", "mlflow"]
MODULES = {
    "outcomes": "homeward.learn.exports.tables",
    "promptfoo": "homeward.learn.exports.promptfoo",
    "inspect": "homeward.learn.exports.inspect_ai",
    "lm-eval": "homeward.learn.exports.lm_eval",
}


def export(
    out: Annotated[
        str | None,
        typer.Argument(help="The file to write; for mlflow a folder, or a tracking URI."),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option("--table", "-t", help="An outcome table to convert, not the ledger."),
    ] = None,
    since: Annotated[
        float, typer.Option(parser=span, metavar="SPAN", help="How far back: 30d, 12h ...")
    ] = "30d",  # type: ignore[assignment]  # typer parses a default, too
    of: Annotated[str | None, typer.Option(help="Only what was asked of this route.")] = None,
    as_: Annotated[Form, typer.Option("--as", help="Whose form it is written in.")] = "outcomes",
    rated: Annotated[bool, typer.Option("--rated", help="Only what somebody rated.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first requests.")] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="For mlflow: what evaluate, compare or replay printed with --json."),
    ] = None,
    delete_before: Annotated[
        float | None,
        typer.Option(parser=span, metavar="SPAN", help="Forget what is older than that: 90d ..."),
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Write past requests whose contents were kept into a file, or forget old ones.

    The file has prompts and answers: it stays on this machine, readable by you alone.
    """
    if out is None and delete_before is None:
        raise typer.BadParameter("name a file to write, or say --delete-before 90d")
    shown: dict[str, Any] = {}
    if out is not None:
        if as_ == "mlflow":
            written = _as_run(out, report, run(_spent(Served.of(config), since, report)))
        else:
            rows = run(_rows(Served.of(config), table, since, of, limit))
            if rated:
                rows = [row for row in rows if _is_rated(row)]
            written = import_module(MODULES[as_]).export(rows, Path(out).expanduser())
        import msgspec

        shown |= msgspec.to_builtins(written)
    if delete_before is not None:  # after the file is written: what is in it is not lost
        shown["forgotten"] = run(_forget(Served.of(config), time.time() - delete_before))
    if json:
        import msgspec

        print(msgspec.json.encode(shown).decode())
    else:
        _show(shown, as_)


async def _rows(
    served: Served, table: Path | None, since: float, of: str | None, limit: int | None
) -> "list[Row]":
    if table is not None:
        return [case.row for case in from_table(table, limit)]
    found = await from_ledger(served, since, of, limit)
    for sentence in lacking(found):
        print(f"homeward: {sentence}", file=sys.stderr)
    return list(found.rows)


def _is_rated(row: "Row") -> bool:
    given = row.given is not None and row.given.score is not None
    return given or any(answer.score is not None for answer in row.answers.values())


def _as_run(out: str, report: Path | None, spent: "Mapping[str, Any]") -> "Written":
    from homeward.learn.exports.mlflow_runs import export as log

    return log(spent, out, name="spend" if report is None else report.stem)


async def _spent(served: Served, since: float, report: Path | None) -> "Mapping[str, Any]":
    """The report that was named, else what each route took in that time: numbers, no words."""
    if report is not None:
        return _read(report)
    async with served.store() as stores:
        rows = await stores.ledger.spending(since=time.time() - since, by="route")
    return {"seconds": since, "routes": {row["route"] or "none": row for row in rows}}


def _read(report: Path) -> "Mapping[str, Any]":
    import msgspec

    try:
        return msgspec.json.decode(report.expanduser().read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise ConfigError(f"{report} cannot be read: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(
            f"{report} is no report ({error}): give what a command printed with --json"
        ) from None


async def _forget(served: Served, before: float) -> int:
    async with served.store() as stores:
        return await stores.ledger.forget(before)


def _show(shown: "Mapping[str, Any]", as_: Form) -> None:
    if "rows" in shown:
        what = "report" if as_ == "mlflow" else "request"
        many = f"{shown['rows']:,} {what}{'' if shown['rows'] == 1 else 's'}"
        print(printable(f"{many} in {', '.join(shown['files'])}"))
        for why, rows in shown["left_out"].items():
            print(f"left out, {rows:,} times: {why}")
    if "forgotten" in shown:
        print(f"forgotten: what was said in {shown['forgotten']:,} requests")
