"""``homeward check``: is the file right, and what does it mean?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeward.cli.options import Config, Json
from homeward.cli.text import printable
from homeward.interrupt import run

if TYPE_CHECKING:
    from homeward.config import Config as Found


def check(
    file: Annotated[
        Path | None, typer.Argument(help="The file; by default the one that would be used.")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema, for editors.")
    ] = False,
    print_: Annotated[
        bool, typer.Option("--print", help="Print the configuration that is in force, as YAML.")
    ] = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Check a configuration without asking anyone; every mistake is told with its line."""
    import msgspec

    if schema:
        from homeward.config import schema as json_schema

        print(msgspec.json.format(msgspec.json.encode(json_schema())).decode())
        return
    from homeward.house import configuration

    found = run(configuration(file or config))
    if print_:
        print(found.as_yaml(), end="")
        return
    run(_build(found))
    names = list(found.models)
    if json:
        print(msgspec.json.encode({"ok": True, "from": found.origin, "models": names}).decode())
    else:
        told = f"{found.origin}: {len(names)} models and routes, default {found.default}: fine"
        print(printable(told))


async def _build(config: "Found") -> None:
    """Some mistakes show only when a constructor runs, or an address is read."""
    from homeward.store.opening import checked

    checked(config.serve.database, config.serve.shared)
    async with config.open():
        pass
