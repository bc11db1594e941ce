"""An Ollama server: where it is, what it says of a model, and where that model really runs."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Struct

from homeward.backends.decoded import accepted, encoded, key
from homeward.backends.http import Http, Response
from homeward.errors import Forbidden, Garbled
from homeward.model import Clearance

PORT = 11434


class Shown(Struct):
    """What /api/show says of a model. ``remote_host`` is set for one that runs elsewhere."""

    remote_host: str = ""
    capabilities: list[str] | None = None  # older servers do not say
    model_info: msgspec.Raw = msgspec.Raw(b"{}")  # long, and rarely wanted

    def trained(self) -> int | None:
        """The context length that the model was trained for, in tokens."""
        try:
            info = msgspec.json.decode(self.model_info, type=dict[str, Any])
        except msgspec.MsgspecError:
            return None
        length = info.get(f"{info.get('general.architecture')}.context_length")
        return length if isinstance(length, int) and length > 0 else None

    def lacks(self, capability: str) -> bool:
        return self.capabilities is not None and capability not in self.capabilities


@dataclass(frozen=True)
class OllamaServer:
    """``model`` at ``url``. Nothing is sent of a request before `show` has let it pass."""

    url: str
    model: str
    api_key: str | None = field(default=None, repr=False)  # OLLAMA_API_KEY

    async def show(
        self, http: Http, clearance: Clearance, deadline: float | None = None
    ) -> tuple[Shown, Clearance]:
        """What the server says of the model, and where it runs.

        Forbidden where Ollama passes prompts on to a host that is beyond the clearance.
        """
        if is_cloud(self.model):  # refused before the server hears of anything
            self._need_world(clearance, "ollama.com")
        body = {"model": self.model}
        async with self.send(http, "/api/show", body, clearance, deadline) as response:
            where, answer = response.where, await response.read()
        try:
            shown = msgspec.json.decode(answer, type=Shown)
        except msgspec.MsgspecError as error:
            raise Garbled(
                f"{self.url}/api/show does not answer as Ollama does ({error}): is base_url right?"
            ) from None
        if shown.remote_host:
            self._need_world(clearance, shown.remote_host)
        return shown, Clearance.WORLD if shown.remote_host or is_cloud(self.model) else where

    def headers(self) -> dict[str, str]:
        secret = key(self.api_key, "OLLAMA_API_KEY", self.url)
        return {"authorization": f"Bearer {secret}"} if secret else {}

    @asynccontextmanager
    async def send(
        self,
        http: Http,
        path: str,
        body: Mapping[str, Any],
        clearance: Clearance,
        deadline: float | None,
    ) -> AsyncGenerator[Response, None]:
        """The answer, if it is no refusal."""
        async with http.send(
            "POST",
            self.url,
            path,
            headers=self.headers(),
            body=encoded(body),
            clearance=clearance,
            deadline=deadline,
        ) as response:
            yield await accepted(response, self.model)

    def _need_world(self, clearance: Clearance, host: str) -> None:
        if clearance < Clearance.WORLD:
            raise Forbidden(
                f"Ollama passes {self.model} on to {host}, and this request may not go beyond "
                f"{clearance.name.lower()}: to allow it, say `clearance: world`"
            )


def is_cloud(model: str) -> bool:
    """Whether a model's name says that it runs in Ollama's cloud."""
    return model.lower().endswith((":cloud", "-cloud"))


def tagged(model: str) -> str:
    """A model's name with a tag, as every name in Ollama's lists has one."""
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"


def address(host: str) -> str:
    """The base URL that ``OLLAMA_HOST`` means: a host, a port, both, or a whole URL.

    As Ollama's own client reads it: 11434 is the port where no scheme is said.
    """
    scheme, found, rest = host.strip().partition("://")
    if not found:
        scheme, rest = "http", scheme
    authority, _, path = rest.partition("/")
    name, _, port = authority.rpartition(":")
    bare_ipv6 = authority.count(":") > 1 and "[" not in authority
    if ":" not in authority or authority.endswith("]") or bare_ipv6:
        name, port = authority, ""
    name = name or "127.0.0.1"
    if ":" in name and not name.startswith("["):
        name = f"[{name}]"
    if not port.isdecimal():
        port = "" if found else str(PORT)
    return f"{scheme}://{name}{':' + port if port else ''}{'/' + path if path else ''}".rstrip("/")
