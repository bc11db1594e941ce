"""``homeward ask``: one question, one answer."""

import asyncio
import sys
import time
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, TextIO

import typer

from homeward.cli.options import ClearanceOption, Config, Json, Route
from homeward.cli.show import Shown
from homeward.errors import ConfigError
from homeward.model import Clearance, Message, Model, Request, Sampling

Merges = "concat, weighted, vote, rank or fuse"


def ask(
    question: Annotated[
        list[str] | None,
        typer.Argument(help="The question; what is piped in comes after it.", show_default=False),
    ] = None,
    route: Route = None,
    models: Annotated[
        str | None, typer.Option("--models", "-m", help="Ask these, separated by commas.")
    ] = None,
    merge: Annotated[
        str | None, typer.Option(help=f"How to make one answer of several: {Merges}.")
    ] = None,
    type_: Annotated[
        str, typer.Option("--type", help="What a vote counts: number, choice, label, json, code.")
    ] = "label",
    judge: Annotated[
        str | None, typer.Option(help="Who ranks or fuses; by default the first of --models.")
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
    before = () if system is None else (Message("system", system),)
    request = Request(
        (*before, Message("user", prompt)),
        sampling=Sampling(temperature=temperature, max_tokens=max_tokens, seed=seed),
        deadline=None if timeout is None else time.monotonic() + timeout,
    )
    shown = Shown(json=json, work=show_work, reasoning=reasoning, quiet=quiet)
    council = None if models is None else _council(models, merge or "vote", type_, judge)
    asyncio.run(_ask(request, shown, route, council, clearance, config))


def prompt_of(words: list[str]) -> str:
    """The words of the command line, and after them what is piped in; ``-`` waits for that."""
    wait = not words or "-" in words
    question = " ".join(word for word in words if word != "-")
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
    return source.read()


PATIENCE = 3.0  # seconds


def _ready(source: TextIO) -> bool:
    import select

    try:
        return bool(select.select([source], [], [], PATIENCE)[0])
    except (OSError, ValueError):  # no descriptor to wait for: a test's, or Windows'
        return True


def _council(models: str, merge: str, type_: str, judge: str | None) -> dict[str, object]:
    """The ensemble that ``--models`` and ``--merge`` describe, as a configuration node."""
    names = [name.strip() for name in models.split(",") if name.strip()]
    options: dict[str, object] = {}
    if merge == "vote":
        options = {"type": type_}
    elif merge in ("rank", "fuse"):
        options = {"judge": judge or names[0]}
    return {"ensemble": {"models": names, "merge": {merge: options} if options else merge}}


async def _ask(
    request: Request,
    shown: Shown,
    route: str | None,
    council: dict[str, object] | None,
    clearance: str | None,
    config: Path | None,
) -> None:
    from homeward.house import open_house

    extra = None if council is None else {ADHOC: council}
    async with open_house(config, extra) as house:
        name = ADHOC if council is not None else route or house.default
        reach = house.clearance if clearance is None else cleared(clearance)
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


def cleared(word: str) -> Clearance:
    try:
        return Clearance.parse(word)
    except ValueError as error:
        raise ConfigError(f"--clearance: {error}") from None
