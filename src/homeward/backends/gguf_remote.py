"""What a GGUF file on the hub says of itself: of the file only the header is fetched, by ranges.

What was learned is kept below ``$HOMEWARD_HOME/headers``: a repository's list of files, and a
header by the checksum of its file, so that the second look needs no network.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from homeward.backends.gguf_content import Content, read_from, together
from homeward.backends.gguf_reader import Long
from homeward.backends.hub_client import Client, hub_client
from homeward.backends.hub_listing import HubFile, check, chosen, endpoint, listed, token, told
from homeward.backends.shelf import split
from homeward.errors import ConfigError, Failed, ModelMissing
from homeward.folder import data_folder
from homeward.model import Clearance

FIRST = 1 << 20  # bytes that are fetched first; then as many again as are here
MOST_CONFIG = 1 << 22  # bytes of a config.json
DIGEST = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")

T = TypeVar("T")


class Looked(Struct, frozen=True, kw_only=True):
    """What a model's file on the hub says (all of its files, if it is split).

    ``projector`` is the size of the part that sees or hears, which lies beside it, in bytes.
    """

    url: str
    content: Content
    projector: int = 0


def look(name: str, *, quant: str | None = None, clearance: Clearance = Clearance.WORLD) -> Looked:
    """``name`` is as for `homeward pull`; ``quant`` chooses where it leaves that open. Blocks.

    HF_ENDPOINT and HF_TOKEN are respected. ConfigError (no such name), ModelMissing, Unauthorized,
    Unreachable, BadModelFile, Failed.
    """
    repo, choice = split(name)
    hub = endpoint()
    with hub_client(clearance) as client, told(repo, hub, client):
        files = listed(hub, repo)
        _keep(_list_path(repo), files)
        wanted = chosen(repo, files, choice or quant or "")
        parts = [_content(client, file, token(hub)) for file in wanted]
    return Looked(url=wanted[0].url, content=together(parts), projector=_projector(files))


def known(name: str, *, quant: str | None = None) -> Looked | None:
    """The same without a network, where it was looked at before."""
    with suppress(ConfigError, ModelMissing):
        repo, choice = split(name)
        files = _kept(_list_path(repo), list[HubFile])
        wanted = chosen(repo, files, choice or quant or "") if files else []
        parts = [part for file in wanted if (part := _kept_header(file))]
        if parts and len(parts) == len(wanted) and files:
            return Looked(url=wanted[0].url, content=together(parts), projector=_projector(files))
    return None


def look_config(repo: str, *, clearance: Clearance = Clearance.WORLD) -> dict[str, Any]:
    """The ``config.json`` of a publisher's repository, for one without GGUF files. As `look`."""
    repo, _ = split(repo)
    hub = endpoint()
    with hub_client(clearance) as client, told(repo, hub, client):
        found = [file for file in listed(hub, repo) if file.name == "config.json"]
        if not found or found[0].size > MOST_CONFIG:
            raise ModelMissing(f"{repo} has no config.json: name a repository of a language model")
        data = _Ranges(client, found[0], token(hub))(found[0].size)
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Failed(f"config.json of {repo} is no JSON ({error}): name another one") from None


def _projector(files: Sequence[HubFile]) -> int:
    """Of several the one of 16 bits, which runtimes take; they differ in precision alone."""
    found = [file for file in files if "mmproj" in file.name.lower() and file.name[-5:] == ".gguf"]
    found.sort(key=lambda file: ("f16" not in file.name.lower().replace("bf16", ""), file.size))
    return found[0].size if found else 0


def _content(client: Client, file: HubFile, key: str | None) -> Content:
    if (kept := _kept_header(file)) is not None:
        return kept
    content = read_from(
        _Ranges(client, file, key), file.size, file.url, mend="name another file of the model"
    )
    _keep(_header_path(file), _packed(content))
    return content


class _Ranges:
    """Gives a file from its beginning: at least what is asked for, then twice as far."""

    def __init__(self, client: Client, file: HubFile, key: str | None) -> None:
        self._client, self._file, self._key = client, file, key
        self._at = 0

    def __call__(self, least: int) -> bytes:
        begin = self._at
        end = min(begin + max(least, FIRST, begin), self._file.size)
        if begin >= end:
            return b""
        headers = {"accept-encoding": "identity", "range": f"bytes={begin}-{end - 1}"}
        if self._key is not None:
            headers["authorization"] = f"Bearer {self._key}"
        with self._client.session.stream("GET", self._file.url, headers=headers) as response:
            check(response)
            passed = 0 if response.status_code == 206 else begin  # 200: from the beginning
            data = _first(response.iter_raw(), passed + end - begin)[passed:]
        self._at += len(data)
        return data


def _first(pieces: Any, length: int) -> bytes:
    data = bytearray()
    for piece in pieces:
        data += piece
        if len(data) >= length:  # whatever else a server has to say
            break
    return bytes(data[:length])


# ---------------------------------------------------------------- what is kept


def _list_path(repo: str) -> Path:
    return data_folder() / "headers" / f"{repo}.files"


def _header_path(file: HubFile) -> Path | None:
    if not DIGEST.fullmatch(file.digest):  # a stranger's word, and the name of a file here
        return None
    return data_folder() / "headers" / f"{file.digest}.header"


def _keep(path: Path | None, value: Any) -> None:
    """A full or write-protected disk costs no more than the second look."""
    if path is None:
        return
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(msgspec.msgpack.encode(value))
        part.replace(path)


def _kept(path: Path | None, kind: Callable[..., T]) -> T | None:
    with suppress(OSError, msgspec.MsgspecError):
        if path is not None:
            return msgspec.msgpack.decode(path.read_bytes(), type=kind)  # type: ignore[no-any-return]
    return None


class _Packed(Struct):
    """`Content` as it is kept: what was not kept of it (`Long`) by its length."""

    metadata: dict[str, Any]
    long: dict[str, int]
    content: Content


def _packed(content: Content) -> _Packed:
    long = {key: len(value) for key, value in content.metadata.items() if isinstance(value, Long)}
    rest = {key: value for key, value in content.metadata.items() if key not in long}
    return _Packed(rest, long, Content({}, content.tensors, content.size))


def _kept_header(file: HubFile) -> Content | None:
    packed = _kept(_header_path(file), _Packed)
    if packed is None:
        return None
    metadata = packed.metadata | {key: Long(count) for key, count in packed.long.items()}
    return Content(metadata, packed.content.tensors, packed.content.size)
