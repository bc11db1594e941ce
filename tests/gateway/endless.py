"""Models that no configuration makes: one without an end, and one that says very much."""

from contextlib import aclosing
from dataclasses import dataclass, field

from homeward.backends.meter import Meter
from homeward.model import Finish, Request, Stream, Text


@dataclass(frozen=True)
class Endless:
    """Stops without a `Finish`, as no model may."""

    async def chat(self, request: Request) -> Stream:
        yield Text("and then")


@dataclass
class Much:
    """As many words as fill every buffer on the way; ``said`` counts those that were taken."""

    words: int = 20_000
    said: int = field(default=0, init=False)
    open: bool = field(default=False, init=False)

    async def chat(self, request: Request) -> Stream:
        async with aclosing(Meter("much").read(self._say(), request)) as events:
            async for event in events:
                yield event

    async def _say(self) -> Stream:
        self.open = True
        try:
            for _ in range(self.words):
                self.said += 1
                yield Text("x" * 1000)
            yield Finish()
        finally:
            self.open = False
