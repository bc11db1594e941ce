"""``homeward serve``: one port for every client."""

import asyncio
import platform
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from homeward.cli.options import Config, Json
from homeward.cli.text import printable

if TYPE_CHECKING:
    from homeward.gateway.gateway import Gateway

Tell: TypeAlias = "Callable[[Gateway, str], None]"


def serve(
    file: Annotated[
        Path | None, typer.Argument(help="The file; by default the one that would be used.")
    ] = None,
    config: Config = None,
    host: Annotated[
        str | None, typer.Option(help="The address to listen on; by default this machine alone.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="By default 7373; 11434 takes Ollama's place.")
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Do not say where it can be reached.")
    ] = False,
    json: Json = False,
) -> None:
    """Serve every route to the clients of OpenAI, Ollama and Anthropic, on one port."""
    tell = _nothing if quiet else _as_json if json else _welcome
    with_uvloop(_serve(file or config, host, port, tell))


async def _serve(path: Path | None, host: str | None, port: int | None, tell: Tell) -> None:
    from homeward.gateway.serving import serve as serve_
    from homeward.house import configuration

    found = await configuration(path)
    said = {"host": host, "port": port}
    changed = {name: value for name, value in said.items() if value is not None}
    found = replace(found, serve=replace(found.serve, **changed))
    await serve_(found, tell)


def _nothing(gateway: "Gateway", url: str) -> None:
    """For who knows where it is."""


def _as_json(gateway: "Gateway", url: str) -> None:
    import msgspec

    needs_key = not gateway.keyring.is_open
    shown = {"url": url, "needs_key": needs_key, "models": list(gateway.routes)}
    print(msgspec.json.encode(shown).decode(), flush=True)


def _welcome(gateway: "Gateway", url: str) -> None:
    default = gateway.house.default
    names = sorted(gateway.routes, key=lambda name: name != default)  # and else as in the file
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    where = gateway.clearance.name.lower()
    keys = "no key is needed on this machine" if gateway.keyring.is_open else "a key is needed"
    lines = [f"homeward serves {url} ({keys}; data may travel as far as: {where})"]
    for everywhere in ("//0.0.0.0:", "//[::]:"):  # where nobody can be called
        url = url.replace(everywhere, f"//{platform.node() or 'HOST'}:")
    bare = url.partition("://")[2]
    lines += (
        f"  OpenAI's clients      OPENAI_BASE_URL={url}/v1",
        f"  Ollama's clients      OLLAMA_HOST={bare if url.startswith('http:') else url}",
        f"  Anthropic's clients   ANTHROPIC_BASE_URL={url}",
        f"  models                {printable(shown)}",
        f"from {gateway.house.origin}. Ctrl-C stops.",
    )
    print("\n".join(lines), file=sys.stderr, flush=True)


def with_uvloop(work: Coroutine[Any, Any, None]) -> None:
    """Run it on the faster loop, where there is one (not on Windows)."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)
