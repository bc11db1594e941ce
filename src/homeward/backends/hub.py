"""Fetches model files from a Hugging Face hub; `homeward.backends.shelf` finds them again."""

import hashlib
import shutil
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from homeward.backends.gguf import human, read_header
from homeward.backends.hub_client import Client, hub_client
from homeward.backends.hub_listing import HubFile, chosen, endpoint, listed, token, told
from homeward.backends.shelf import Installed, home, installed, locate, split
from homeward.errors import (
    BadModelFile,
    Failed,
    Unreachable,
)
from homeward.model import Clearance

__all__ = ["Installed", "Progress", "installed", "locate", "pull"]

CHUNK = 1 << 20
ATTEMPTS = 20  # connections to fetch one file with: each broken one is taken up again


class Progress(Struct, frozen=True):
    """How far a download is, in bytes and bytes per second; the last one has the ``path``.

    ``digest`` is the hub's checksum of ``file``: a sha256, or git's sha1 of a small one.
    """

    file: str
    done: int
    total: int
    rate: float = 0.0
    path: Path | None = None
    digest: str = ""


def pull(name: str, *, clearance: Clearance = Clearance.WORLD) -> Generator[Progress, None, None]:
    """Fetch a model, telling how far it is; the last `Progress` has the path of its first file.

    ``name`` is ``org/repo``, with ``:Q4_K_M`` or ``:file.gguf`` where another than the usual
    quantisation is wanted. What came before an interruption is kept, and not fetched again. Every
    file is compared with the hub's checksum. HF_ENDPOINT and HF_TOKEN are respected. Blocks.
    ConfigError (no such name), ModelMissing, Unauthorized, Unreachable, BadModelFile, Failed.
    """
    repo, choice = split(name)
    hub = endpoint()
    with hub_client(clearance) as client, _kept(name, repo, hub, client):
        files = chosen(repo, listed(hub, repo), choice)
        folder = home() / repo
        _make_room(folder, files)
        before, total = 0, sum(file.size for file in files)
        for file in files:
            for done, rate in _fetch(client, file, folder / file.name, token(hub)):
                yield Progress(file.name, before + done, total, rate, digest=file.digest)
            before += file.size
    for file in files:
        read_header(folder / file.name, mend=f"{repo} is broken itself, pull another one")
    path = folder / files[0].name
    yield Progress(files[0].name, total, total, path=path, digest=files[0].digest)


def _make_room(folder: Path, files: Sequence[HubFile]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    here = sum(path.stat().st_size for file in files for path in folder.glob(f"{file.name}*"))
    needed, free = sum(file.size for file in files) - here, shutil.disk_usage(folder).free
    if needed > free:
        raise Failed(
            f"{human(needed)} are needed in {folder} and {human(free)} are free: make room, or set "
            "HOMEWARD_HOME to a folder on another disk"
        )


# ---------------------------------------------------------------- one file


def _fetch(
    client: Client, file: HubFile, path: Path, token: str | None
) -> Iterator[tuple[int, float]]:
    """Bytes that are here and bytes per second, until the file is whole and verified."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.stat().st_size == file.size:
        with path.open("rb") as whole:
            kept = _Part(whole, file)
            yield from kept.read()
        if kept.right:
            return
    part = path.with_name(f"{path.name}.{file.digest[:12]}.part")  # of this version of it
    with part.open("a+b") as target:
        fresh = _Part(target, file)
        yield from fresh.read()
        began, first = time.monotonic(), fresh.done
        for _ in range(ATTEMPTS):
            if fresh.done >= file.size:
                break
            for chunk in _chunks(client, fresh, token):
                fresh.write(chunk)
                yield fresh.done, (fresh.done - first) / max(time.monotonic() - began, 1e-3)
    if fresh.done < file.size:
        raise Unreachable(f"{file.url} broke off {ATTEMPTS} times")
    if not fresh.right:
        part.unlink()
        raise BadModelFile(
            f"what came as {file.name} has not the checksum that the hub gives, and was deleted: "
            "pull it again, over another network if that repeats"
        )
    part.replace(path)


class _Part:
    """A file that grows, and the checksum of what it holds. ``done`` counts its bytes."""

    def __init__(self, target: BinaryIO, file: HubFile) -> None:
        self.file = file
        self._target = target
        self._restart()

    def _restart(self) -> None:
        self._target.seek(0)
        self.done = 0
        if len(self.file.digest) == 64:
            self._digest = hashlib.sha256()
        else:
            self._digest = hashlib.sha1(b"blob %d\0" % self.file.size, usedforsecurity=False)

    @property
    def right(self) -> bool:
        return self._digest.hexdigest() == self.file.digest

    def read(self) -> Iterator[tuple[int, float]]:
        while chunk := self._target.read(CHUNK):
            self._digest.update(chunk)
            self.done += len(chunk)
            yield self.done, 0.0

    def write(self, chunk: bytes) -> None:
        self._target.write(chunk)
        self._digest.update(chunk)
        self.done += len(chunk)

    def clear(self) -> None:
        self._target.truncate(0)
        self._restart()


def _chunks(client: Client, part: _Part, token: str | None) -> Iterator[bytes]:
    """What one connection gives of the rest; raises only if it gave nothing at all."""
    from huggingface_hub import hf_raise_for_status

    headers = {"accept-encoding": "identity", "range": f"bytes={part.done}-"}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    came = False
    try:
        with client.session.stream("GET", part.file.url, headers=headers) as response:
            hf_raise_for_status(response)
            if response.status_code != 206:  # all of it, from the beginning
                part.clear()
            for chunk in response.iter_raw():
                came = True
                yield chunk
                if part.done >= part.file.size:  # whatever else a server has to say
                    return
    except client.broken:
        if not came:
            raise


@contextmanager
def _kept(name: str, repo: str, hub: str, client: Client) -> Iterator[None]:
    """As `told`, of the disk too, and with what becomes of what came."""
    again = f"what came is kept, so run `homeward pull {name}` again"
    try:
        with told(repo, hub, client, mend=again):
            try:
                yield
            except Unreachable as error:
                raise Unreachable(f"{error}; {again}") from error
    except OSError as error:
        raise Failed(f"{home() / repo} cannot be written ({error}): mend that; {again}") from error
