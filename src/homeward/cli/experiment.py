"""``homeward experiment``: is another route as good as this one? Start, look, stop, vote."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeward.cli.options import Config, Json, names
from homeward.cli.served import Served
from homeward.cli.streams import whole
from homeward.cli.text import printable
from homeward.cli.verdicts import as_json, lines, status_json
from homeward.cli.voting import vote
from homeward.errors import ConfigError
from homeward.interrupt import run
from homeward.store.experiments import Measure, Plan, experiments_in

if TYPE_CHECKING:
    from homeward.learn.experiment.report import Status

experiment = typer.Typer(
    help="Is another route as good? Compare two on real traffic.", no_args_is_help=True
)
experiment.command()(vote)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the experiment is called.")]
HEARD = "a running gateway heeds it within 2 seconds"


@experiment.command()
def start(
    name: Name,
    route: Annotated[
        str, typer.Option("--route", "-r", autocompletion=names, help="The control: what is asked.")
    ],
    against: Annotated[
        str, typer.Option(autocompletion=names, help="The treatment: what it is compared with.")
    ],
    share: Annotated[
        float | None,
        typer.Option(
            help="Of the conversations that the treatment answers, 0 to 1.",
            show_default="0.5; with --shadow 1",
        ),
    ] = None,
    shadow: Annotated[
        bool,
        typer.Option("--shadow", help="The treatment answers as well, and nobody hears it."),
    ] = False,
    margin: Annotated[
        float,
        typer.Option(min=0, help="How much worse still counts as not worse; 0.02 is 2 points."),
    ] = 0.02,
    measure: Annotated[
        Measure | None,
        typer.Option(
            help="What decides.", show_default="feedback; with --shadow judge, or else errors"
        ),
    ] = None,
    judge: Annotated[
        str, typer.Option(autocompletion=names, help="The route that compares two answers.")
    ] = "",
    config: Config = None,
    json: Json = False,
) -> None:
    """Begin to compare two routes. What decides is fixed now, and cannot be changed later."""
    from homeward.config.values import guess
    from homeward.house import configuration

    if measure is None:
        measure = ("judge" if judge else "errors") if shadow else "feedback"
    plan = Plan(
        whole(name).strip(),
        route,
        against,
        share=share if share is not None else 1.0 if shadow else 0.5,
        shadow=shadow,
        margin=margin,
        measure=measure,
        judge=judge,
        started=time.time(),
    )
    _check(plan, share)
    served = Served.of(config)
    routes = served.routes or frozenset(run(configuration(config)).models)
    for arm in (route, against, judge):
        if arm and arm not in routes:
            near = guess(arm, routes) or "; see `homeward models`"
            raise typer.BadParameter(f"there is no route {arm!r}{near}")
    run(_start(plan, served))
    if json:
        _print(as_json(plan))
    else:
        print(printable(f"{plan.name} has begun; {_next(plan)}"))


def _check(plan: Plan, share: float | None) -> None:
    """BadParameter for what does not go together."""
    wrong = None
    if not plan.name:
        wrong = "an experiment needs a name: homeward experiment start NAME"
    elif plan.route == plan.against:
        wrong = "--route and --against are the same: name two routes"
    elif not 0 < plan.share <= 1 or (plan.share == 1 and not plan.shadow):
        wrong = f"--share is {plan.share:g}: say a part of the conversations, as 0.5"
    elif plan.measure == "judge" and not (plan.shadow and plan.judge):
        wrong = "a judge compares two answers to one request: add --shadow and --judge ROUTE"
    elif plan.measure == "feedback" and plan.shadow:
        wrong = "nobody hears a shadow, so nobody rates it: leave out --shadow, or --measure judge"
    elif plan.measure == "votes" and (plan.shadow or share is not None):
        wrong = "votes are given on what the voters ask: leave out --shadow and --share"
    elif plan.judge and not plan.shadow and plan.measure != "votes":
        wrong = "a judge needs both answers: add --shadow, or leave out --judge"
    if wrong is not None:
        raise typer.BadParameter(wrong)


def _next(plan: Plan) -> str:
    name = plan.name if plan.name.isidentifier() else repr(plan.name)
    if plan.measure == "votes":
        return f"vote with `homeward experiment vote {name}`"
    return f"{HEARD}. Look whenever you like: `homeward experiment status {name}`"


async def _start(plan: Plan, served: Served) -> None:
    async with served.store() as stores:
        experiments = experiments_in(stores.ledger)
        for other in await experiments.plans():
            if other.name == plan.name:
                raise typer.BadParameter(
                    f"there is an experiment {plan.name!r} already: choose another name, so that "
                    "its results stay its own"
                )
            if (
                other.is_running
                and other.route == plan.route
                and "votes"
                not in (
                    other.measure,
                    plan.measure,
                )
            ):
                raise typer.BadParameter(
                    f"{other.name!r} runs on {plan.route!r}: stop it first, with `homeward "
                    f"experiment stop {other.name}`"
                )
        await experiments.put_plan(plan)


@experiment.command()
def status(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="By default all.")] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Say what is known by now. Looking often does no harm: the intervals are made for it."""
    found = run(_status(name, Served.of(config), config))
    if json:
        _print({"experiments": [status_json(each) for each in found]})
        return
    if not found:
        print("there are no experiments; begin one with `homeward experiment start NAME`")
    for place, each in enumerate(found):
        if place:
            print()
        print(printable("\n".join(lines(each))))


async def _status(name: str | None, served: Served, config: Path | None) -> "list[Status]":
    from homeward.learn.experiment.report import status as report  # and numpy, where it is needed

    written = await _written(config)
    async with served.store() as stores:
        experiments = experiments_in(stores.ledger)
        started = await experiments.plans()
        known = {plan.name for plan in started}
        plans = [*started, *(plan for plan in written if plan.name not in known)]
        if name is not None:
            plans = [_named(name, plans)]
        return [
            report(
                plan,
                await experiments.observations(plan.name),
                await experiments.votes(plan.name),
            )
            for plan in plans
        ]


async def _written(path: Path | None) -> list[Plan]:
    """The experiments that stand in the configuration file."""
    from homeward.config import find, load
    from homeward.learn.experiment.configured import plans_of

    if path is None and find() is None:
        return []
    async with load(path).open() as models:
        return plans_of(models)


@experiment.command()
def stop(name: Name, config: Config = None, json: Json = False) -> None:
    """End an experiment: its route answers alone again. What was observed stays."""
    from msgspec.structs import replace

    async def work(served: Served) -> Plan:
        async with served.store() as stores:
            experiments = experiments_in(stores.ledger)
            plan = _named(name, await experiments.plans())
            if plan.is_running:
                plan = replace(plan, stopped=time.time())
                await experiments.put_plan(plan)
            return plan

    plan = run(work(Served.of(config)))
    if json:
        _print(as_json(plan))
    else:
        print(printable(f"{plan.name} is stopped: {HEARD}"))


def _named(name: str, plans: Sequence[Plan]) -> Plan:
    for plan in plans:
        if plan.name == name:
            return plan
    raise ConfigError(f"there is no experiment {name!r}; `homeward experiment status` shows them")


def _print(shown: object) -> None:
    import msgspec

    print(msgspec.json.encode(shown).decode(), file=sys.stdout)
