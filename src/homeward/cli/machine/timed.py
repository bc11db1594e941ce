"""A model that runs here, asked to read a prompt and to go on: how long each took."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec import Struct

from homeward.backends.http import Http
from homeward.errors import Failed, Garbled
from homeward.model import Sampling, Usage

if TYPE_CHECKING:
    from homeward.backends.embedded import Embedded

NANO = 1e9


class Timed(Struct, frozen=True, kw_only=True):
    """Tokens that were read and said, and seconds for each of the two. What was cached is not in.

    ``depth`` is how many tokens there were before the answer.
    """

    depth: int
    read: int
    reading: float
    said: int
    saying: float

    @property
    def decode(self) -> float:
        """Tokens a second, 0 where too few were said."""
        return self.said / self.saying if self.said > 0 and self.saying > 0 else 0.0

    @property
    def prefill(self) -> float:
        return self.read / self.reading if self.read > 0 and self.reading > 0 else 0.0


class Runtime(Protocol):
    """``name`` as it is shown. ``on_gpu`` is how much of the model lies on a GPU, 0 to 1."""

    name: str

    async def ask(self, prompt: str, answer: int) -> Timed:
        """Read all of the prompt, and go on for so many tokens."""
        ...

    async def on_gpu(self) -> float: ...


@dataclass
class InOllama:
    """By the durations that Ollama tells of itself. It must be on this machine."""

    http: Http
    model: str
    context: int
    name: str = "Ollama"

    async def ask(self, prompt: str, answer: int) -> Timed:
        body = {
            "model": self.model,
            "prompt": prompt,
            "raw": True,
            "stream": False,
            "options": {
                "num_ctx": self.context,
                "num_predict": answer,
                "temperature": 0,
                "seed": 0,
            },
        }
        found = msgspec.json.decode(await self._ask("POST", "/api/generate", body), type=_Generated)
        if not found.prompt_eval_duration or not found.eval_duration:
            raise Garbled("Ollama does not say how long it took: upgrade it to measure with it")
        return Timed(
            depth=found.prompt_eval_count,
            read=found.prompt_eval_count,
            reading=found.prompt_eval_duration / NANO,
            said=found.eval_count,
            saying=found.eval_duration / NANO,
        )

    async def on_gpu(self) -> float:
        from homeward.backends.ollama_server import tagged

        loaded = msgspec.json.decode(await self._ask("GET", "/api/ps"), type=_Loaded)
        wanted = tagged(self.model).lower()
        for each in loaded.models:
            if each.name.lower() == wanted and each.size:
                return each.size_vram / each.size
        return 0.0

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> bytes:
        from homeward.backends.http import Timeouts
        from homeward.backends.ollama_stock import asked

        patience = Timeouts(first_byte=3600.0)  # for a large model, loaded from a slow disk
        return await asked(self.http, self.model, method, path, body, timeouts=patience)


class _Generated(Struct):
    prompt_eval_count: int = 0
    prompt_eval_duration: int = 0
    eval_count: int = 0
    eval_duration: int = 0


class _Model(Struct):
    name: str
    size: int = 0
    size_vram: int = 0


class _Loaded(Struct):
    models: list[_Model] = []


@asynccontextmanager
async def embedded(
    model: str, context: int, *, graphics: bool
) -> AsyncGenerator["InProcess", None]:
    """The engine inside this package, loaded once for all runs."""
    from homeward.backends.embedded import Embedded
    from homeward.backends.llamas import Llamas

    async with AsyncExitStack() as stack:
        llamas = await stack.enter_async_context(Llamas(keep=1))
        http = await stack.enter_async_context(Http())
        yield InProcess(Embedded(model, context, 1, llamas=llamas, http=http), graphics=graphics)


class InProcess:
    """By the clock, from the question to the first word and from there to the last."""

    name = "llama.cpp (embedded)"

    def __init__(self, model: "Embedded", *, graphics: bool) -> None:
        self._model = model
        self._graphics = graphics

    async def ask(self, prompt: str, answer: int) -> Timed:
        from homeward.completion import Completion

        asked = Completion(
            prompt,
            sampling=Sampling(max_tokens=answer, temperature=0.0, seed=0),
            extra={"ignore_eos": True, "cache_prompt": False},
        )
        usage: Usage | None = None
        async with aclosing(self._model.complete(asked)) as events:
            async for event in events:
                usage = event if isinstance(event, Usage) else usage
        if usage is None or usage.first_seconds is None:
            raise Failed(f"{self._model.model} said nothing, so there is nothing to time")
        return Timed(
            depth=usage.input_tokens,
            read=usage.input_tokens - usage.cached_tokens,
            reading=usage.first_seconds - usage.load_seconds,
            said=usage.output_tokens - 1,  # the first ends the reading
            saying=usage.seconds - usage.first_seconds,
        )

    async def on_gpu(self) -> float:
        return 1.0 if self._graphics else 0.0
