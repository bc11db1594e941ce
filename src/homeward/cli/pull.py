"""``homeward pull``: fetch models, from the hub or through an Ollama server."""

import sys
from typing import Annotated

import typer

from homeward.cli.options import Json
from homeward.errors import ConfigError, HomewardError


def pull(
    names: Annotated[
        list[str],
        typer.Argument(
            help="org/repo or org/repo:Q4_K_M from the hub, or a tag of Ollama's such as qwen3:4b.",
            metavar="NAME...",
        ),
    ],
    ollama: Annotated[
        str | None,
        typer.Option(
            help="Through the Ollama server there, as 192.168.1.20:11434; also hf.co/org/repo.",
            show_default="OLLAMA_HOST, or this machine's",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Fetch models; the hub's for the engine in the package (resumable, checksums verified)."""
    from homeward.cli.provision.fetching import fetch

    worst = 0
    for name in names:
        try:
            fetched = fetch(name, ollama, quiet=json)
        except HomewardError as error:
            if len(names) == 1:
                raise
            from homeward.cli.show import show_error

            show_error(error, json=json)
            worst = max(worst, 3 if isinstance(error, ConfigError) else 1)
            continue
        except KeyboardInterrupt:
            if not json:
                print(f"{name}: what came is kept; the same command goes on", file=sys.stderr)
            raise
        if json:
            import msgspec

            print(msgspec.json.encode(fetched.as_json()).decode())
        else:
            print(fetched.words())
    if worst:
        raise typer.Exit(worst)
