"""The context windows of Ollama's models: one for each, whoever asks.

A changed ``num_ctx`` loads the model anew, and cold loads take seconds to minutes; so the number is
no caller's. Where a leaf does not set it, the largest that was asked for holds for all: a power of
two, up to what the model was trained for, and it only ever grows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct, json

from homeward.backends.http import Http
from homeward.backends.ollama_server import OllamaServer, Shown, tagged
from homeward.errors import ModelError, TooLong
from homeward.model import Clearance, Decision
from homeward.wire.fields import BAD_JSON

FLOOR = 4096
"""Tokens; Ollama's own default is this or more, so less is not worth loading a model anew."""


@dataclass(eq=False)
class Window:
    """Of one model of one server. ``tokens`` is None until somebody asked for more than `FLOOR`:
    the server's default holds.
    """

    tokens: int | None = None

    async def grow(
        self, asked: int, server: OllamaServer, http: Http, shown: Shown, clearance: Clearance
    ) -> None:
        """Make it large enough for ``asked`` tokens, as far as the model goes.

        The first time that takes one look at what is loaded: a window that is there already, and
        large enough, is kept as it is.
        """
        if asked <= (self.tokens or FLOOR):
            return
        loaded = 0 if self.tokens else await loaded_window(server, http, clearance)
        wanted = loaded if loaded >= asked else 1 << (asked - 1).bit_length()
        trained = shown.trained()
        self.tokens = max(self.tokens or 0, min(wanted, trained) if trained else wanted)


@dataclass(eq=False)
class Windows:
    """Shared by all leaves of a tree."""

    _of: dict[tuple[str, str], Window] = field(default_factory=dict[tuple[str, str], Window])

    def of(self, url: str, model: str) -> Window:
        return self._of.setdefault((url, model), Window())


@dataclass(frozen=True)
class Added(Mapping[str, bytes]):
    """Fields of a body that is passed on, with the window as it is by then."""

    fields: Mapping[str, bytes]
    options: Mapping[str, Any]
    window: Window

    def __getitem__(self, name: str) -> bytes:
        if name == "options" and self.window.tokens is not None:
            return json.encode({**self.options, "num_ctx": self.window.tokens})
        return self.fields[name]

    def __iter__(self) -> Iterator[str]:
        yield from self.fields
        if self.window.tokens is not None and "options" not in self.fields:
            yield "options"

    def __len__(self) -> int:
        return sum(1 for _ in self)


def unread(read: int, window: int, estimated: int) -> Decision | None:
    """What the count of a prompt's tokens says of a server that is older than ``truncate``.

    It cuts in silence, and only the count tells, behind the last word. TooLong where the prompt
    filled the window, for what does not fit is what fills it: an answer to half a question is
    none. A Decision where it is likely, as the words are too many for the tokens that were read.
    """
    if read >= window:
        raise TooLong(
            f"the prompt filled the window of {window} tokens, and its oldest part was not read: "
            "raise num_ctx, or shorten it"
        )
    if estimated > 2 * window and 2 * read >= window:
        return Decision(
            by="ollama",
            chose="cut",
            because=f"a prompt of so many words hardly fits a window of {window} tokens, so its "
            "oldest part may not have been read: raise num_ctx, or shorten it",
            numbers={"input_tokens": read, "num_ctx": window, "estimated": estimated},
        )
    return None


class _Loaded(Struct):
    name: str
    context_length: int = 0  # older servers do not say


class _Ps(Struct):
    models: list[_Loaded] | None = None


async def loaded_window(server: OllamaServer, http: Http, clearance: Clearance) -> int:
    """The window that the model is loaded with, in tokens; 0 where it is not, or nobody says."""
    try:
        async with http.send(
            "GET", server.url, "/api/ps", headers=server.headers(), clearance=clearance
        ) as response:
            said = json.decode(await response.read(), type=_Ps)
    except (ModelError, *BAD_JSON):
        return 0
    name = tagged(server.model)
    return next((each.context_length for each in said.models or () if tagged(each.name) == name), 0)
