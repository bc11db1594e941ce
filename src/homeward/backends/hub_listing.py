"""What a Hugging Face hub has under a name, asked as the user: its files, their sizes and sums."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct

from homeward.backends import egress
from homeward.backends.hub_client import Client
from homeward.errors import (
    ConfigError,
    Failed,
    ModelError,
    ModelMissing,
    Overloaded,
    Unauthorized,
    Unreachable,
)


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
    info = HfApi(endpoint=hub, token=token(hub) or False).model_info(repo, files_metadata=True)
    found = []
    for file in info.siblings or ():
        digest = file.lfs.sha256 if file.lfs else file.blob_id
        if file.size is not None and digest and inside(file.rfilename):
            url = hf_hub_url(repo, file.rfilename, revision=info.sha, endpoint=hub)
            found.append(HubFile(file.rfilename, url, file.size, digest))
    return found


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


@contextmanager
def told(repo: str, hub: str, client: Client) -> Iterator[None]:
    """What the hub's client and the network raise, as our errors."""
    from huggingface_hub.errors import HfHubHTTPError

    try:
        yield
    except HfHubHTTPError as error:
        raise refusal(error.response, repo, hub) from error
    except client.broken as error:
        raise Unreachable(f"{hub} broke the connection off ({error}): try again") from error


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
