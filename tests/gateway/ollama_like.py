"""An Ollama with room for one model: it loads, evicts and queues as Ollama's scheduler does.

A request that needs a load waits until the loaded model has nothing to do, and all that came
later wait behind it. To load a model takes ``loading`` seconds, to answer ``answering``.
"""

from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from tests.backends.servers import Asked, Reply, Server, Step, answers, lines, playing

DEFAULT = 4096
GB = 10**9
FOREVER = "2318-01-01T00:00:00.123456789Z"
Loads = tuple[str, int]


@dataclass
class OllamaLike:
    """``loads`` are all that were made: a model and its num_ctx, in their order."""

    loading: float = 0.006
    answering: float = 0.003
    parallel: int = 4
    trained: int = 32768
    asleep: bool = False
    loads: list[Loads] = field(default_factory=list[Loads])
    running: int = 0
    most_running: int = 0
    loaded: Loads | None = None
    _pending: deque[object] = field(default_factory=deque[object])

    def show(self, asked: Asked) -> Reply:
        info = {"general.architecture": "llama", "llama.context_length": self.trained}
        return answers({"capabilities": ["completion"], "model_info": info})

    def tags(self, asked: Asked) -> Reply:
        return answers({"models": [{"name": name, "size": 5 * GB} for name in ("a:1", "b:1")]})

    def ps(self, asked: Asked) -> Reply:
        if self.loaded is None:
            return answers({"models": []})
        name, context = self.loaded
        row = {"name": name, "size": 6 * GB, "expires_at": FOREVER, "context_length": context}
        return answers({"models": [row]})

    def chat(self, asked: Asked) -> Reply:
        body = asked.json
        wanted = (body["model"], body.get("options", {}).get("num_ctx", DEFAULT))
        return Reply(cast(Any, _Lazily(self._steps(wanted))))

    def _steps(self, wanted: Loads) -> Iterator[Step]:
        me = object()
        self._pending.append(me)
        try:
            while self._pending[0] is not me:
                yield 0.0005
            while self.loaded != wanted and self.running:
                yield 0.0005
            if self.loaded != wanted:
                self.loaded = wanted
                self.loads.append(wanted)
                yield self.loading
        finally:
            self._pending.remove(me)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            yield self.answering
            said = {"model": wanted[0], "message": {"role": "assistant", "content": "Hi"}}
            last = {"done": True, "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 1}
            yield from lines({**said, **last}).steps
        finally:
            self.running -= 1


class _Lazily(list[Step]):
    """Steps that are made when they are played."""

    def __init__(self, steps: Iterator[Step]) -> None:
        self._steps = steps

    def __iter__(self) -> Iterator[Step]:
        return self._steps


@asynccontextmanager
async def ollama_like(played: OllamaLike) -> AsyncGenerator[Server]:
    async with playing(
        {
            ("POST", "/api/show"): played.show,
            ("POST", "/api/chat"): played.chat,
            ("GET", "/api/tags"): played.tags,
            ("GET", "/api/ps"): played.ps,
        }
    ) as server:
        yield server
