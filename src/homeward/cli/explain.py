"""``homeward explain``: what would be asked, and why."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeward.cli.ask import prompt_of
from homeward.cli.options import Config, Json, Route
from homeward.cli.text import printable, shorten
from homeward.interrupt import run
from homeward.model import Request

if TYPE_CHECKING:
    from rich.tree import Tree

    from homeward.explain import Step


def explain(
    question: Annotated[list[str] | None, typer.Argument(help="The question.")] = None,
    route: Route = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Draw the tree that a question would walk, and why: ● asked, ○ perhaps, · not."""
    run(_explain(prompt_of(question or []), route, config, json=json))


async def _explain(prompt: str, route: str | None, config: Path | None, *, json: bool) -> None:
    import msgspec

    from homeward.explain import explain as plan
    from homeward.house import open_house

    async with open_house(config) as house:
        name = route or house.default
        request = Request.of(prompt, clearance=house.clearance)
        step = await plan(house[name], request, name)
    if json:
        print(msgspec.json.encode(step).decode())
        return
    from rich.console import Console

    Console(highlight=False).print(drawn(step))


def drawn(step: "Step", onto: "Tree | None" = None) -> "Tree":
    from rich.text import Text
    from rich.tree import Tree

    style = {"yes": "bold", "perhaps": "", "no": "dim"}[step.walked]
    line = Text(printable(f"{step.mark} {step.edge}  {step.kind}"), style=style)
    about = ", ".join(f"{key} {shorten(value, 60)}" for key, value in step.about.items())
    numbers = ", ".join(f"{name} {value:g}" for name, value in step.numbers.items())
    why = f"{step.because} ({numbers})" if numbers else step.because
    line.append(printable("  ".join(["", *filter(None, (about, why))])), style="dim")
    branch = Tree(line) if onto is None else onto.add(line)
    for child in step.children:
        drawn(child, branch)
    return branch
