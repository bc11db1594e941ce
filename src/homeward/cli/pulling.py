"""Fetches models, from the hub or through an Ollama server, and shows how far it is."""

import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import NamedTuple

import msgspec

from homeward.backends.http import Http, Timeouts
from homeward.errors import Failed, Garbled, ModelError, ModelMissing
from homeward.model import Clearance

PATIENT = Timeouts(idle=600.0)  # to write and to verify a large model is silent for minutes


class Step(NamedTuple):
    """What is being done, and how far it is, in bytes; 0 of 0 where there is nothing to count."""

    doing: str
    done: int = 0
    total: int = 0


class _Line(msgspec.Struct):
    """Of Ollama's stream; docs/api.md of ollama/ollama, "Pull a Model"."""

    status: str = ""
    digest: str = ""
    total: int = 0
    completed: int = 0
    error: str = ""


async def through_ollama(url: str, tag: str, http: Http) -> AsyncGenerator[Step, None]:
    """Have the server at ``url`` fetch a model. What came is kept when this is left early.

    ModelMissing, Failed (it could not fetch), Unreachable, Garbled.
    """
    body = msgspec.json.encode({"model": tag, "stream": True})
    async with http.send(
        "POST",
        url,
        "/api/pull",
        headers={"content-type": "application/json"},
        body=body,
        clearance=Clearance.NETWORK,
        timeouts=PATIENT,
    ) as response:
        ended = False
        rest = b""
        async with aclosing(response.chunks()) as chunks:
            async for chunk in chunks:
                *lines, rest = (rest + chunk).split(b"\n")
                for line in filter(None, lines):
                    step = _read(line, url, tag)
                    ended = ended or step.doing == "success"
                    yield step
        if rest.strip():
            step = _read(rest, url, tag)
            ended = ended or step.doing == "success"
            yield step
    if not ended:
        raise Failed(f"{url} broke off while it fetched {tag}: what came is kept, so do it again")


def _read(line: bytes, url: str, tag: str) -> Step:
    try:
        told = msgspec.json.decode(line, type=_Line)
    except msgspec.MsgspecError as error:
        raise Garbled(f"{url}/api/pull does not answer as Ollama does: {error}") from None
    if told.error:
        raise _refusal(told.error, tag)
    return Step(told.status, told.completed, told.total)


def _refusal(words: str, tag: str) -> ModelError:
    if "not exist" in words or "not found" in words:
        return ModelMissing(f"Ollama's library has no {tag} ({words}): check the spelling")
    return Failed(f"Ollama could not fetch {tag} ({words}): look whether it reaches the network")


def from_hub(name: str) -> Iterator[Step]:
    """Fetch a model's file from the hub. Blocks; errors as `homeward.backends.hub.pull`."""
    from homeward.backends.hub import pull

    for step in pull(name):
        yield Step(step.file, step.done, step.total)


Tell = Callable[[Step], None]


@contextmanager
def telling(name: str, *, quiet: bool = False) -> Iterator[Tell]:
    """A bar on a terminal; in a pipe, a line whenever something else begins."""
    if quiet or not sys.stderr.isatty():
        yield _nothing if quiet else _lines(name)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    words = TextColumn("{task.description}", markup=False)
    columns = (words, BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(name, total=None)

        def tell(step: Step) -> None:
            if step.total:
                bars.update(task, completed=step.done, total=step.total)

        yield tell


def _nothing(step: Step) -> None:
    """For who only wants the result."""


def _lines(name: str) -> Tell:
    seen = ""

    def tell(step: Step) -> None:
        nonlocal seen
        if step.doing != seen:
            seen = step.doing
            of = f", {step.total:,} bytes" if step.total else ""
            print(f"{name}: {step.doing}{of}", file=sys.stderr)

    return tell
