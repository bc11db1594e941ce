"""``homeward ask``: one question, one answer."""

import sys
import time
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TextIO, TypeAlias

import typer

from homeward.cli.options import ClearanceOption, Config, Json, Route, names
from homeward.cli.show import Shown
from homeward.cli.streams import LONGEST, whole
from homeward.interrupt import run
from homeward.model import Clearance, Message, Model, Request, Sampling

Merge: TypeAlias = Literal["vote", "concat", "weighted", "rank", "fuse"]
Type: TypeAlias = Literal["label", "number", "choice", "boolean", "json", "code", "text"]


def ask(
    question: Annotated[
        list[str] | None,
        typer.Argument(help="The question; what is piped in comes after it.", show_default=False),
    ] = None,
    route: Route = None,
    models: Annotated[
        str | None,
        typer.Option(
            "--models", "-m", autocompletion=names, help="Ask these, separated by commas."
        ),
    ] = None,
    merge: Annotated[
        Merge | None, typer.Option(help="How to make one answer of several; by default a vote.")
    ] = None,
    type_: Annotated[Type, typer.Option("--type", help="What a vote counts.")] = "label",
    judge: Annotated[
        str | None,
        typer.Option(
            autocompletion=names, help="Who ranks or fuses; by default the first of --models."
        ),
    ] = None,
    show_work: Annotated[
        bool, typer.Option("--show-work", "-w", help="Show each model's answer and the decision.")
    ] = False,
    system: Annotated[str | None, typer.Option("--system", "-s", help="A system message.")] = None,
    temperature: Annotated[float | None, typer.Option(min=0)] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1)] = None,
    seed: Annotated[int | None, typer.Option()] = None,
    timeout: Annotated[
        float | None, typer.Option(min=0, help="Seconds for the whole answer.")
    ] = None,
    reasoning: Annotated[bool, typer.Option(help="Show what the model thinks first.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="The answer alone.")] = False,
    clearance: ClearanceOption = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Ask a question; the answer comes as it is made, and under it how it was made."""
    prompt = prompt_of(question or [])
    if route and models:
        raise typer.BadParameter("say --route or --models, not both")
    if merge and not models:
        raise typer.BadParameter("--merge says how to join the answers of --models: name those")
    before = () if system is None else (Message("system", whole(system)),)
    request = Request(
        (*before, Message("user", prompt)),
        sampling=Sampling(temperature=temperature, max_tokens=max_tokens, seed=seed),
        deadline=None if timeout is None else time.monotonic() + timeout,
    )
    shown = Shown(json=json, work=show_work, reasoning=reasoning, quiet=quiet)
    council = None if models is None else _council(models, merge or "vote", type_, judge)
    run(_ask(request, shown, route, council, clearance, config))


def prompt_of(words: list[str]) -> str:
    """The words of the command line, and after them what is piped in; ``-`` waits for that."""
    wait = not words or "-" in words
    question = whole(" ".join(word for word in words if word != "-"))
    prompt = "\n\n".join(part for part in (question, piped(wait=wait).strip()) if part)
    if not prompt:
        raise typer.BadParameter('there is no question: homeward ask "What is 17 + 25?"')
    return prompt


def piped(*, wait: bool) -> str:
    """What comes through standard input; empty when that is a terminal.

    Whoever starts a program often leaves it a pipe that nobody writes to: without ``wait``, one
    that is silent for `PATIENCE` is left alone.
    """
    source = sys.stdin
    if source is None or source.closed or source.isatty():
        return ""
    if not wait and not _ready(source):
        note = f"homeward: nothing came through the pipe in {PATIENCE:g} s, going on without it"
        print(f"{note}; say - to wait for it", file=sys.stderr)
        return ""
    text = source.read(LONGEST + 1)
    if len(text) > LONGEST:
        raise typer.BadParameter(f"more than {LONGEST:,} characters came in; send fewer")
    return text


PATIENCE = 3.0  # seconds


def _ready(source: TextIO) -> bool:
    import select

    try:
        return bool(select.select([source], [], [], PATIENCE)[0])
    except (OSError, ValueError):  # no descriptor to wait for: a test's, or Windows'
        return True


class Council(NamedTuple):
    """What ``--models`` and ``--merge`` describe: a configuration node, and whom it asks."""

    node: dict[str, object]
    asked: tuple[str, ...]


def _council(models: str, merge: str, type_: str, judge: str | None) -> Council:
    members = [name.strip() for name in models.split(",") if name.strip()]
    if not members:
        raise typer.BadParameter("--models names nobody: say --models a,b")
    judge = judge or members[0]
    judged: dict[str, object] = {merge: {"judge": judge}}
    how = {"vote": {"vote": {"type": type_}}, "rank": judged, "fuse": judged}.get(merge, merge)
    return Council({"ensemble": {"models": members, "merge": how}}, (*members, judge))


async def _ask(
    request: Request,
    shown: Shown,
    route: str | None,
    council: Council | None,
    clearance: Clearance | None,
    path: Path | None,
) -> None:
    from homeward.house import configuration, open_house, pick

    config = await configuration(path)
    extra = {}
    if council is not None:
        for name in council.asked:
            pick(config.models, name)
        route, extra = ADHOC, {ADHOC: council.node}
    async with open_house(config, extra) as house:
        name = route or house.default
        reach = house.clearance if clearance is None else clearance
        await show_answer(house[name], request.with_(clearance=reach), shown, name)


ADHOC = "--models"


async def show_answer(model: Model, request: Request, shown: Shown, name: str) -> None:
    """The words as they come, then what there is to say about them."""
    try:
        async with aclosing(model.chat(request)) as events:
            async for event in events:
                shown.feed(event)
    except BaseException:
        shown.broken_off()
        raise
    shown.end(name)
