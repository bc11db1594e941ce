"""``homeward up``: from nothing to models that answer on this machine."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeward.cli.options import Json
from homeward.cli.text import printable
from homeward.errors import ConfigError
from homeward.interrupt import run

if TYPE_CHECKING:
    from homeward.cli.provision.starting_carried_out import Done


def up(
    task: Annotated[str | None, typer.Option(help="What it is for most: code, math ...")] = None,
    licence: Annotated[
        str | None, typer.Option(help="commercial, unconditional, or one licence.")
    ] = None,
    config: Annotated[Path, typer.Option("--config", "-c", help="The file to write.")] = Path(
        "homeward.yaml"
    ),
    force: Annotated[
        bool, typer.Option("--force", help="Write over a file that is there.")
    ] = False,
    vram: Annotated[
        str | None, typer.Option(help="Use no more of a GPU, such as 8GiB; 0 for none.")
    ] = None,
    ram: Annotated[str | None, typer.Option(help="Use no more main memory.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    port: Annotated[int | None, typer.Option(help="To serve on; by default 7373.")] = None,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop before it serves.")] = False,
    json: Json = False,
) -> None:
    """Pick a set of models for this machine, fetch it, write homeward.yaml, and serve it."""
    from homeward.cli.provision.starting import plan
    from homeward.cli.provision.starting_carried_out import carry_out

    if config.exists() and not (force or dry_run):
        raise ConfigError(
            f"{config} is there already, and is not written over: serve it with `homeward serve "
            f"{config}`, name another file with --config, or say --force"
        )
    chosen = run(plan(task, licence, vram, ram, config))
    if not json:
        for line in chosen.lines(config):
            print(printable(line), file=sys.stderr)
    if dry_run:
        if json:
            _print(chosen.as_json(config))
        return
    if chosen.fetched and not yes and not _agreed():
        raise typer.Exit(1)
    done = carry_out(chosen, config, quiet=json)
    if json:
        _print(chosen.as_json(config, done=done))
    else:
        _told(done, config, serves=not no_serve)
    if not no_serve:
        from homeward.cli.serve import serve

        serve(done.file, port=port, quiet=json)
    elif done.file is None:
        raise typer.Exit(1)


def _agreed() -> bool:
    """Asked of a person; where there is none, only --yes is an answer."""
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody can be asked here: say --yes, or look with --dry-run")
    return typer.confirm("fetch them?", default=True, err=True)


def _told(done: "Done", config: Path, *, serves: bool) -> None:
    from homeward.cli.provision.starting import BOX

    for problem in done.failed:
        print(printable(f"homeward: {problem}"), file=sys.stderr)
    if done.file:
        print(f"{done.file} is written, and right", file=sys.stderr)
        return
    print(f"nothing was fetched: {BOX}, or what was found on this machine", file=sys.stderr)
    if not serves:
        again = "`homeward ask` works without it; for the set, say `homeward up` again later"
        print(f"homeward: {config} is not written: {again}", file=sys.stderr)


def _print(shown: object) -> None:
    import msgspec

    print(msgspec.json.encode(shown).decode())
