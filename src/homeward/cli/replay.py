"""``homeward replay``: what another route would have answered and cost on past requests."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from homeward.cli.compare import MarginOption
from homeward.cli.options import ClearanceOption, Config, Json, names
from homeward.cli.past import from_ledger, from_table, lacking
from homeward.cli.progress import Progress
from homeward.cli.served import Served
from homeward.cli.spans import span
from homeward.cli.text import printable
from homeward.interrupt import run
from homeward.model import Clearance, Model, Seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from homeward.learn.history import Case
    from homeward.learn.replay import Outcome
    from homeward.learn.replayed import ReplayReport


def replay(
    table: Annotated[
        Path | None, typer.Argument(help="An outcome table; by default the ledger's history.")
    ] = None,
    route: Annotated[
        str, typer.Option("--route", "-r", help="The route to try.", autocompletion=names)
    ] = ...,  # type: ignore[assignment]  # typer: it must be given
    since: Annotated[
        float, typer.Option(parser=span, metavar="SPAN", help="How far back: 30d, 12h ...")
    ] = "30d",  # type: ignore[assignment]  # typer parses a default, too
    of: Annotated[str | None, typer.Option(help="Only what was asked of this route.")] = None,
    against: Annotated[
        str | None,
        typer.Option(help="Compare with this route, not with the time's answers."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first requests.")] = None,
    ask: Annotated[bool, typer.Option("--ask", help="Ask models where no record answers.")] = False,
    budget: Annotated[
        float, typer.Option(min=0, metavar="USD", help="What --ask may cost; 0: free models alone.")
    ] = 0.0,
    margin: MarginOption = 0.02,
    at_once: Annotated[int, typer.Option(min=1, help="Requests under way at a time.")] = 16,
    clearance: ClearanceOption = None,
    png: Annotated[Path | None, typer.Option(help="Draw cost and score into this file.")] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Say what another route would have cost and scored on past requests, before you switch."""
    walk = _Walk(config, clearance, at_once, json)
    report = run(_replay(walk, table, since, of, limit, route, against, ask, budget, margin))
    if png is not None:
        from homeward.learn.plots.png import write
        from homeward.learn.replayed import picture

        write(picture(report), png)
    if json:
        import msgspec

        print(msgspec.json.encode(report).decode())
    else:
        show(report)


async def _replay(
    walk: "_Walk",
    table: Path | None,
    since: Seconds,
    of: str | None,
    limit: int | None,
    route: str,
    against: str | None,
    ask: bool,
    budget: float,
    margin: float,
) -> "ReplayReport":
    from homeward.learn.replay import at_the_time
    from homeward.learn.replayed import summarise, then_named

    if table is None:
        found = await from_ledger(Served.of(walk.config), since, of, limit)
        for sentence in lacking(found):
            print(f"homeward: {sentence}", file=sys.stderr)
        cases: Sequence[Case] = found.cases
    else:
        cases = from_table(table, limit)
    if against is None:
        before: Sequence[Outcome] = [at_the_time(case.row) for case in cases]
    else:
        before, _ = await walk.over(against, cases)
    after, tape = await walk.over(route, cases)
    lost = {outcome.id for outcome in after if outcome.misses}
    if ask and lost:
        walk.announce([outcome for outcome in after if outcome.misses], budget)
        rest = [case for case in cases if case.row.id in lost]
        asked, tape = await walk.over(route, rest, asks=True, usd=budget)
        after = [*(outcome for outcome in after if outcome.id not in lost), *asked]
    return summarise(
        cases,
        before,
        after,
        route=route,
        against=against or then_named(cases),
        margin=margin,
        asked=tape.asked,
        asked_usd=tape.spent_usd,
    )


class _Walk:
    """How each route is walked."""

    def __init__(
        self, config: Path | None, clearance: Clearance | None, at_once: int, quiet: bool
    ) -> None:
        self.config = config
        self.clearance = clearance
        self.at_once = at_once
        self.quiet = quiet

    async def over(
        self, route: str, cases: "Sequence[Case]", *, asks: bool = False, usd: float = 0.0
    ) -> "tuple[list[Outcome], Any]":
        """What comes of each case, and the tape that was played. The tree is built anew."""
        from homeward.gateway.routes import called
        from homeward.house import open_house
        from homeward.learn.playback import playback
        from homeward.learn.replay import replay as played
        from homeward.learn.replay import tape_of

        tape = tape_of(cases, asks=asks, usd=usd)

        def around(leaf: Model, label: str) -> Model:
            return playback(leaf, called(leaf) or label, label, tape)

        outcomes: list[Outcome] = []
        async with open_house(self.config, around=around) as house:
            model = house[route]
            reach = house.clearance if self.clearance is None else self.clearance
            walked = played(model, cases, tape, clearance=reach, at_once=self.at_once)
            with Progress(len(cases), route, quiet=self.quiet) as progress:
                async for outcome in walked:
                    outcomes.append(outcome)
                    progress.step()
        return outcomes, tape

    def announce(self, lost: "Sequence[Outcome]", budget: float) -> None:
        """How many calls are to be made, and what they may cost; before the first of them."""
        from collections import Counter

        from homeward.backends.prices import LONGEST_ANSWER, Priced
        from homeward.model import estimated_tokens

        calls, most = Counter[str](), 0.0
        for outcome in lost:
            miss = outcome.misses[0]
            calls[miss.leaf.label or miss.leaf.name] += 1
            model = miss.leaf.model
            price = model.priced() if isinstance(model, Priced) else None
            if price is not None:
                said = miss.request.sampling.max_tokens or LONGEST_ANSWER
                most += price.usd(estimated_tokens(miss.request), said)
        whom = ", ".join(f"{name} {count:,} times" for name, count in calls.most_common())
        told = (
            f"asks {whom}, and whoever a route asks after them: the first calls cost "
            f"${most:,.4f} at most where a price is known, and all of them no more than "
            f"${budget:,.4f} (--budget)"
        )
        print(f"homeward: {printable(told)}", file=sys.stderr)


def show(report: "ReplayReport") -> None:
    """A few lines for people; ``--json`` has all of it."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("")
    for column in ("THEN", "WITH IT", "OF REQUESTS"):
        table.add_column(column, justify="right")
    money, share = "${:,.4f}".format, "{:.1%}".format
    for name, sums, written in (
        ("cost", report.cost_usd, money),
        ("score", report.score, share),
        ("stayed at home", report.local_share, share),
    ):
        cells = ["not known" if each is None else written(each) for each in (sums.then, sums.now)]
        table.add_row(*(Text(cell) for cell in (name, *cells, f"{sums.rows:,}")))
    console.print(f"then: {printable(report.against)}", markup=False)
    console.print(f"with it: {printable(report.route)}", markup=False)
    console.print(table)
    told = [
        f"{report.replayed:,} of {report.rows:,} requests replayed; another model would answer "
        f"{report.other_model:,} of them"
    ]
    if report.interval95 is not None and report.difference is not None:
        low, high = report.interval95
        told.append(
            f"score: {100 * report.difference:+.2f} points (95 % interval {100 * low:+.2f} to "
            f"{100 * high:+.2f}, {report.conversations:,} conversations)"
        )
    if report.asked:
        told.append(f"{report.asked:,} calls were made for it, for ${report.asked_usd:,.4f}")
    for line in told:
        console.print(line, markup=False)
    for what, rows in report.missing.items():
        console.print(
            printable(f"not replayed, {rows:,} times: {what}"), style="yellow", markup=False
        )
    for error in report.first_errors:
        console.print(printable(f"{error.id}: {error.error}"), style="red", markup=False)
    console.print(printable(str(report.verdict)), style="bold", markup=False)
