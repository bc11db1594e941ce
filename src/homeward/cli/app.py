"""The commands in one list, and how the program ends.

Exit codes: 0 answered · 1 no model could answer, or nobody reads the answer · 2 wrong usage ·
3 the configuration is wrong · 4 the clearance forbids it · 130 interrupted.
"""

import sys
from typing import Annotated

import typer

from homeward import __version__
from homeward.cli.ask import ask
from homeward.cli.calibrate import calibrate
from homeward.cli.chat import chat
from homeward.cli.check import check
from homeward.cli.compare import compare
from homeward.cli.create import create
from homeward.cli.evaluate import evaluate
from homeward.cli.experiment import experiment
from homeward.cli.explain import explain
from homeward.cli.export import export
from homeward.cli.fit import fit
from homeward.cli.keys import keys
from homeward.cli.learn import learn
from homeward.cli.models import models
from homeward.cli.pull import pull
from homeward.cli.replay import replay
from homeward.cli.serve import serve
from homeward.cli.spend import spend
from homeward.cli.streams import give_up, settle
from homeward.cli.up import up
from homeward.errors import ConfigError, Forbidden, HomewardError

app = typer.Typer(
    name="homeward",
    help="Many language models answer as one, and the work stays at home.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (
    ask,
    chat,
    serve,
    models,
    explain,
    check,
    fit,
    up,
    pull,
    create,
    evaluate,
    learn,
    calibrate,
    spend,
    compare,
    replay,
    export,
):
    app.command()(command)
app.add_typer(keys, name="keys")
app.add_typer(experiment, name="experiment")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"homeward {__version__}")
        raise typer.Exit


@app.callback()
def homeward(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Many language models answer as one, and the work stays at home."""


def exit_code(error: HomewardError) -> int:
    if isinstance(error, Forbidden):
        return 4
    return 3 if isinstance(error, ConfigError) else 1


def main() -> None:
    """Run the program; every error of ours is one sentence, and a code that scripts can read."""
    settle()
    try:
        try:
            app(prog_name="homeward")
        finally:
            sys.stdout.flush()
    except HomewardError as error:
        from homeward.cli.show import show_error

        show_error(error, json="--json" in sys.argv)
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader, `head` perhaps, has seen enough
        give_up()
        sys.exit(1)
    except OSError as error:
        give_up()
        where = error.filename or "the output"
        print(f"homeward: {where} cannot be used: {error.strerror}", file=sys.stderr)
        sys.exit(1)
