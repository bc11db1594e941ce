"""What a child's llama.cpp server is asked, and what its answers say."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.json import Decoder as Json
from msgspec.structs import replace

from homeward.backends.child import Child
from homeward.backends.decoded import Decoder, accepted, encoded, from_sse
from homeward.backends.embedder import Told
from homeward.backends.http import Http, Response
from homeward.backends.llama_child import BATCH
from homeward.backends.llama_options import KINDS, beneath
from homeward.completion import Completion
from homeward.embedding import Texts
from homeward.errors import TooLong
from homeward.model import Decision, Request, Seconds, Stream, Usage
from homeward.wire import infill, openai_chat, openai_completions, openai_embeddings
from homeward.wire.fields import read
from homeward.wire.vectors import Vectors, unit

BEFORE, AFTER = 3 * (BATCH // 4), BATCH // 4 - 2
"""Tokens before and after a middle that llama.cpp reads; it drops those farther away."""

Asked: TypeAlias = Request | Completion | Texts


class _Tokens(Struct):
    tokens: list[int]


_TOKENS = Json(_Tokens)


@dataclass(frozen=True)
class LlamaServer:
    """A running child, asked in the name of a model. ``loaded`` is what loading it took.

    ``options`` are how tokens are drawn where a request does not say.
    """

    http: Http
    child: Child
    name: str
    loaded: Seconds = 0.0
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def answer(self, request: Request) -> Stream:
        body = beneath(openai_chat.encode_request(request, self.name), self._drawn(request))
        decoder = openai_chat.Decoder(request.sampling.logprobs)
        return self._events("/v1/chat/completions", body, decoder, request)

    async def complete(self, request: Completion) -> Stream:
        """A `Decision` tells where a middle's surroundings were too long to be read whole."""
        logprobs, drawn = request.sampling.logprobs, self._drawn(request)
        if request.suffix is None:
            body = beneath(openai_completions.encode_request(request, self.name), drawn)
            decoder: Decoder = openai_chat.Decoder(logprobs)
            told = self._events("/v1/completions", body, decoder, request)
        else:
            if (far := await self._too_far(request, request.suffix)) is not None:
                yield far
            body = beneath(infill.encode_request(request), drawn)
            told = self._events("/infill", body, infill.Decoder(logprobs), request)
        async with aclosing(told) as events:
            async for event in events:
                yield event

    async def embed(self, request: Texts) -> Told:
        """TooLong for a text of more tokens than the window, unless its end may be cut off."""
        if not request.texts:
            return (), Usage("", "")
        body = openai_embeddings.encode_request(request, self.name)
        try:
            found, usage = await self._vectors(body, request)
        except TooLong:
            if not request.truncate:
                raise
            ends = await self._tokens("", request)
            most = self.child.longest
            texts = [await self._tokens(text, request) for text in request.texts]
            body["input"] = [cut(tokens, ends, most) for tokens in texts]
            found, usage = await self._vectors(body, request)
        return shortened(found, request.dimensions), usage and self._timed(usage)

    async def _vectors(self, body: Mapping[str, Any], request: Texts) -> Told:
        async with self._sent("/v1/embeddings", body, request) as response:
            return openai_embeddings.decode_answer(await response.read(), len(request.texts))

    async def _tokens(self, text: str, request: Texts | Completion) -> list[int]:
        body = {"content": text, "add_special": isinstance(request, Texts)}
        async with self._sent("/tokenize", body, request) as response:
            return read(_TOKENS, await response.read()).tokens

    async def _too_far(self, request: Completion, suffix: str) -> Decision | None:
        sizes = {"before": 0, "after": 0}
        if len(request.prompt.encode()) > BEFORE:  # else it has no more tokens than that
            sizes["before"] = len(await self._tokens(request.prompt, request))
        if len(suffix.encode()) > AFTER:
            sizes["after"] = len(await self._tokens(suffix, request))
        if sizes["before"] <= BEFORE and sizes["after"] <= AFTER:
            return None
        return Decision(
            by="embedded",
            chose="cut",
            because=f"a middle is filled in from the {BEFORE} tokens before it and the {AFTER} "
            "after it: what is farther away was not read",
            numbers=sizes,
        )

    async def _events(
        self, path: str, body: Mapping[str, Any], decoder: Decoder, request: Asked
    ) -> Stream:
        async with (
            self._sent(path, body, request) as response,
            aclosing(from_sse(response, decoder)) as events,
        ):
            async for event in events:
                yield self._timed(event) if isinstance(event, Usage) else event

    def _drawn(self, request: Request | Completion) -> Mapping[str, Any]:
        """With what only Ollama's clients say (``repeat_penalty``), where they say it."""
        told = request.extra.get("options") if request.dialect == "ollama" else None
        if not self.options or not isinstance(told, Mapping):
            return self.options
        return {**self.options, **{name: told[name] for name in KINDS if name in told}}

    def _timed(self, usage: Usage) -> Usage:
        return replace(usage, load_seconds=self.loaded)

    @asynccontextmanager
    async def _sent(
        self, path: str, body: Mapping[str, Any], request: Asked
    ) -> AsyncGenerator[Response, None]:
        """The answer, if it is no refusal."""
        async with self.http.send(
            "POST",
            self.child.address,
            path,
            headers={"authorization": f"Bearer {self.child.api_key}"},
            body=encoded(body),
            clearance=request.clearance,
            deadline=request.deadline,
        ) as response:
            yield await accepted(response, self.name)


def cut(tokens: list[int], ends: list[int], most: int) -> list[int]:
    """The first tokens, and those that every text ends with; ``ends`` is what an empty text is."""
    if len(tokens) <= most:
        return tokens
    kept = 0
    while kept < len(ends) and tokens[-1 - kept] == ends[-1 - kept]:
        kept += 1
    return tokens[: most - kept] + tokens[len(tokens) - kept :]


def shortened(found: Vectors, dimensions: int | None) -> Vectors:
    """The first numbers of each vector, at length 1 again, as Ollama does it."""
    if dimensions is None:
        return found
    return tuple(unit(vector[:dimensions]) for vector in found)
