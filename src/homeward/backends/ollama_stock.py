"""What an Ollama server has: models are fetched and made, and it tells how far that is.

As docs/api.md of ollama/ollama has it: "Pull a Model", "Create a Model".
"""

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, NamedTuple

import msgspec

from homeward.backends import egress
from homeward.backends.decoded import accepted
from homeward.backends.http import Http, Timeouts
from homeward.backends.ollama_server import OllamaServer, address
from homeward.errors import Failed, Garbled, HomewardError, ModelError, ModelMissing
from homeward.model import Clearance, Seconds

PATIENT = Timeouts(idle=600.0)  # to write and to verify a large model is silent for minutes
SOON: Seconds = 1.0


class Step(NamedTuple):
    """What is being done, and how far it is, in bytes; 0 of 0 where there is nothing to count.

    ``digest`` tells the files of a model apart.
    """

    doing: str
    done: int = 0
    total: int = 0
    digest: str = ""


class _Line(msgspec.Struct):
    status: str = ""
    digest: str = ""
    total: int = 0
    completed: int = 0
    error: str = ""


def server_url(said: str | None = None) -> str:
    """The base URL of what somebody names, else of ``OLLAMA_HOST``, else the usual one."""
    return address(said if said is not None else os.environ.get("OLLAMA_HOST", ""))


def is_here(url: str) -> bool:
    """Whether a server is on this machine, by its address alone. ConfigError for what is none."""
    return egress.expected(egress.parse(url)[0]) is Clearance.MACHINE


async def runs(url: str, http: Http) -> bool:
    """Whether an Ollama server answers there, within a second."""
    try:
        async with http.send(
            "GET", url, "/api/version", clearance=Clearance.NETWORK, timeouts=Timeouts(*[SOON] * 3)
        ) as response:
            return response.status == 200 and b"version" in await response.read()
    except HomewardError:
        return False


async def asked(
    http: Http,
    name: str,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    timeouts: Timeouts,
    deadline: float | None = None,
) -> bytes:
    """The whole answer of the server that ``OLLAMA_HOST`` names, which must be on this machine.

    ``name`` is the model that it is about, for errors: those of `homeward.backends.http`.
    """
    server = OllamaServer(server_url(), name)
    async with http.send(
        method,
        server.url,
        path,
        headers=server.headers(),
        body=None if body is None else msgspec.json.encode(body),
        clearance=Clearance.MACHINE,
        timeouts=timeouts,
        deadline=deadline,
    ) as response:
        return await (await accepted(response, name)).read()


async def pull(url: str, tag: str, http: Http) -> AsyncGenerator[Step, None]:
    """Have the server at ``url`` fetch a model. What came is kept when this is left early.

    ModelMissing, Failed (it could not fetch), Unreachable, Garbled.
    """
    async with aclosing(_told(url, "/api/pull", {"model": tag}, tag, "fetch", http)) as steps:
        async for step in steps:
            yield step


async def create(
    url: str, name: str, body: Mapping[str, Any], http: Http
) -> AsyncGenerator[Step, None]:
    """Have the server make a model, of files that it has (`ollama_blobs`). Errors as `pull`."""
    asked = {"model": name, **body}
    async with aclosing(_told(url, "/api/create", asked, name, "make", http)) as steps:
        async for step in steps:
            yield step


async def _told(
    url: str, path: str, body: Mapping[str, Any], name: str, verb: str, http: Http
) -> AsyncGenerator[Step, None]:
    async with http.send(
        "POST",
        url,
        path,
        headers={"content-type": "application/json", **OllamaServer(url, name).headers()},
        body=msgspec.json.encode({**body, "stream": True}),
        clearance=Clearance.NETWORK,
        timeouts=PATIENT,
    ) as response:
        if response.status in (401, 403):
            await accepted(response, name)
        ended, rest = False, b""
        async with aclosing(response.chunks()) as chunks:
            async for chunk in chunks:
                *lines, rest = (rest + chunk).split(b"\n")
                for line in filter(None, lines):
                    step = _read(line, url + path, name, verb)
                    ended = ended or step.doing == "success"
                    yield step
        if rest.strip():
            step = _read(rest, url + path, name, verb)
            ended = ended or step.doing == "success"
            yield step
    if not ended:
        kept = "what came is kept, so " if verb == "fetch" else ""
        done = "fetched" if verb == "fetch" else "made"
        raise Failed(f"{url} broke off while it {done} {name}: {kept}do it again")


def _read(line: bytes, url: str, name: str, verb: str) -> Step:
    try:
        told = msgspec.json.decode(line, type=_Line)
    except msgspec.MsgspecError as error:
        raise Garbled(f"{url} does not answer as Ollama does: {error}") from None
    if told.error:
        raise _refusal(told.error, name, verb)
    return Step(told.status, told.completed, told.total, told.digest)


def _refusal(words: str, name: str, verb: str) -> ModelError:
    if verb == "make":
        return Failed(f"Ollama could not make {name} ({words}): mend the Modelfile")
    if "not exist" in words or "not found" in words:
        return ModelMissing(f"Ollama's library has no {name} ({words}): check the spelling")
    return Failed(f"Ollama could not fetch {name} ({words}): look whether it reaches the network")
