"""What a Hugging Face hub has under a name, asked as the user: its files, their sizes and sums."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct

from homeward.backends import egress
from homeward.backends.hub_client import Client
from homeward.backends.shelf import choose
from homeward.errors import (
    ConfigError,
    Failed,
    ModelError,
    ModelMissing,
    Overloaded,
    Unauthorized,
    Unreachable,
)

REVISION = re.compile(r"[\w-]{1,64}", re.ASCII)
MOST = 1 << 62  # bytes of a file


class HubFile(Struct, frozen=True):
    """``digest`` is a sha256, or git's sha1 for a file so small that it is outside of LFS."""

    name: str
    url: str
    size: int
    digest: str


def endpoint() -> str:
    """``HF_ENDPOINT``, else huggingface.co."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


def listed(hub: str, repo: str) -> list[HubFile]:
    """The files of a repository whose size and sum are told. Inside `hub_client` and `told`."""
    from huggingface_hub import HfApi, constants, hf_hub_url

    if constants.HF_HUB_OFFLINE:
        raise ConfigError("HF_HUB_OFFLINE forbids to ask the hub: unset it")
    api = HfApi(endpoint=hub, token=token(hub) or False)
    try:
        info = api.model_info(repo, files_metadata=True)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _nonsense(hub, repo, error) from error
    if info.sha is not None and not (isinstance(info.sha, str) and REVISION.fullmatch(info.sha)):
        raise _nonsense(hub, repo, f"revision {info.sha!r}")
    found = []
    for file in info.siblings or ():
        name, size = file.rfilename, file.size
        digest = file.lfs.sha256 if file.lfs else file.blob_id
        if not (type(size) is int and 0 <= size < MOST and isinstance(digest, str) and digest):
            continue
        if isinstance(name, str) and inside(name):
            url = hf_hub_url(repo, name, revision=info.sha, endpoint=hub)
            found.append(HubFile(name, url, size, digest))
    return found


def _nonsense(hub: str, repo: str, what: object) -> Failed:
    return Failed(f"{hub} says of {repo} what no hub says ({what}): check HF_ENDPOINT")


def inside(name: str) -> bool:
    """Whether the hub's name for a file stays in its folder."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and not {"\\", ":"} & set(name)


def token(hub: str) -> str | None:
    """HF_TOKEN, or what `hf auth login` left. It never goes over a network unencrypted."""
    from huggingface_hub import constants

    origin, _ = egress.parse(hub)
    if not egress.private(origin):
        return None
    login = Path(constants.HF_TOKEN_PATH)
    secret = os.environ.get("HF_TOKEN") or (login.read_text() if login.is_file() else "")
    return secret.strip() or None


def chosen(repo: str, files: Sequence[HubFile], choice: str) -> list[HubFile]:
    """The files of one model there: of the quantisation or file ``choice``, else the usual one.

    ModelMissing names what there is instead.
    """
    by_name = {file.name: file for file in files}
    try:
        return [by_name[name] for name in choose(by_name, choice)]
    except ModelMissing as error:
        advice = str(error) or "look for a repository with GGUF in its name"
        wanted = f"{choice} among its GGUF files" if choice else "one GGUF file to take"
        raise ModelMissing(f"{repo} has not {wanted}: {advice}") from None


@contextmanager
def told(repo: str, hub: str, client: Client, *, mend: str = "try again") -> Iterator[None]:
    """What the hub's client and the network raise, as our errors."""
    from huggingface_hub.errors import HfHubHTTPError

    try:
        yield
    except HfHubHTTPError as error:
        raise refusal(error.response, repo, hub) from error
    except client.broken as error:
        raise Unreachable(f"{hub} broke the connection off ({error}): {mend}") from error


def check(response: Any) -> None:
    """Raises what `told` understands, for a refusal."""
    from huggingface_hub import hf_raise_for_status

    hf_raise_for_status(response)


def refusal(response: Any, repo: str, hub: str) -> ModelError:
    status, code = response.status_code, response.headers.get("x-error-code")
    if code == "GatedRepo" or status == 403:
        return Unauthorized(
            f"{repo} is given only to who accepts its terms: do so at {hub}/{repo}, then set "
            "HF_TOKEN to a token that may read it"
        )
    if status in (401, 404):
        return ModelMissing(
            f"{hub} shows you no repository {repo}: check the spelling, or set HF_TOKEN if it is "
            "private"
        )
    if status == 429:
        return Overloaded(f"{hub} limits how often it is asked: wait, or set HF_TOKEN")
    return Failed(f"{hub} answered {status} for {repo}: try again later")
