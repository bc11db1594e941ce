"""``homeward experiment vote``: two answers to one prompt, in an order that chance decides."""

import random
import secrets
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from homeward.cli.options import Config
from homeward.cli.served import Served
from homeward.cli.show import show_error
from homeward.cli.text import dim, printable
from homeward.conversation import Arm
from homeward.errors import ConfigError, ModelError
from homeward.fence import presentable
from homeward.interrupt import run
from homeward.learn.experiment.compared import compare
from homeward.model import Request, collect
from homeward.store.experiments import Choice, Experiments, Plan, Vote, experiments_in

if TYPE_CHECKING:
    from homeward.house import House

KEYS = "1 the first is better · 2 the second · t neither · b both are bad · s skip · q leave"
ARMS: tuple[Arm, Arm] = ("control", "treatment")
OTHER: Mapping[Arm, Arm] = {"control": "treatment", "treatment": "control"}


class Pair(NamedTuple):
    """``first`` is the arm whose answer is shown first."""

    prompt: str
    answers: Mapping[Arm, str]
    first: Arm


def vote(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The experiment to vote in.")],
    prompts: Annotated[
        Path | None,
        typer.Option(help="A file with a prompt on each line; by default you type them."),
    ] = None,
    config: Config = None,
) -> None:
    """Say which of two answers is better, without knowing whose they are."""
    lines = None
    if prompts is not None:
        try:
            lines = prompts.read_text("utf-8").splitlines()
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise ConfigError(f"{prompts} cannot be read: {reason}") from None
    given = run(_vote(name, lines, Served.of(config), config))
    votes = "1 vote" if given == 1 else f"{given} votes"
    print(f"{votes}; `homeward experiment status {printable(name)}` has what they say")


async def _vote(name: str, lines: list[str] | None, served: Served, config: Path | None) -> int:
    from homeward.house import open_house

    async with served.store() as stores, open_house(config) as house:
        experiments = experiments_in(stores.ledger)
        plans = {plan.name: plan for plan in await experiments.plans()}
        if name not in plans:
            raise ConfigError(f"there is no experiment {name!r}; `homeward experiment start` it")
        plan = plans[name]
        for arm in (plan.route, plan.against):
            house[arm]  # a name that is gone is said before the first prompt
        given = 0
        for prompt in _typed() if lines is None else filter(str.strip, lines):
            try:
                pair = await _asked(plan, prompt, house)
            except ModelError as error:
                show_error(error, json=False)
                continue
            _show(pair)
            choice = _choice(pair.first)
            if choice == "leave":
                break
            if choice == "skip":
                continue
            await _keep(plan, pair, choice, house, experiments)
            given += 1
        return given


def _typed() -> Iterator[str]:
    while (line := _line("prompt › ")) is not None:
        if line.strip():
            yield line


def _line(asks: str) -> str | None:
    """The next line; None at the end of the input and on Ctrl-C.

    It blocks the loop, as in `homeward chat`: while somebody reads, nothing is under way.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return input(asks if sys.stdin.isatty() else "")
    except (EOFError, KeyboardInterrupt):
        return None
    finally:
        signal.signal(signal.SIGINT, before)


async def _asked(plan: Plan, prompt: str, house: "House") -> Pair:
    """Both answers. Nothing of them is shown before both are there: who is slow would be known."""
    request = Request.of(prompt, clearance=house.clearance, stream=False)
    if sys.stderr.isatty():
        print(dim("asking both ...", sys.stderr), end="\r", file=sys.stderr, flush=True)
    answers: dict[Arm, str] = {
        "control": (await collect(house[plan.route].chat(request))).text,
        "treatment": (await collect(house[plan.against].chat(request))).text,
    }
    return Pair(prompt, answers, random.choice(ARMS))


def _show(pair: Pair) -> None:
    """Without names, reasoning, and what gives an author away."""
    from rich.console import Console
    from rich.rule import Rule
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(printable(pair.prompt), style="bold"))
    for number, arm in enumerate((pair.first, OTHER[pair.first]), 1):
        console.print(Rule(str(number)))
        console.print(Text(printable(presentable(pair.answers[arm]))))
    console.print(Rule())


def _choice(first: Arm) -> Choice | Literal["skip", "leave"]:
    """What was pressed, until it is one of the keys."""
    said: Mapping[str, Choice | Literal["skip", "leave"]] = {
        "1": first,
        "2": OTHER[first],
        "t": "tie",
        "b": "bad",
        "s": "skip",
        "q": "leave",
    }
    while True:
        print(KEYS)
        line = _line("vote › ")
        if line is None:
            return "leave"
        if (key := line.strip().lower()) in said:
            return said[key]


async def _keep(
    plan: Plan, pair: Pair, choice: Choice, house: "House", experiments: Experiments
) -> None:
    """A person's vote at once, and then the judge's on the same two answers."""
    id_, now = secrets.token_hex(8), time.time()
    own = Vote(f"{id_}-people", plan.name, id_, "people", choice, pair.first, now)
    await experiments.add_votes([own])
    if not plan.judge:
        return
    request = Request.of(pair.prompt, clearance=house.clearance)
    control, treatment = pair.answers["control"], pair.answers["treatment"]
    try:
        said = await compare(house[plan.judge], request, control, treatment, [])
    except ModelError as error:
        show_error(error, json=False)
        return
    if said is not None:
        judged = Vote(f"{id_}-judge", plan.name, id_, "judge", said, "control", now)
        await experiments.add_votes([judged])
