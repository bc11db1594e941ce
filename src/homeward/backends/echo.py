"""Echo: says back what it was told. For examples and first runs with no model installed."""

from dataclasses import dataclass

from homeward.backends.meter import Meter
from homeward.model import Finish, Request, Stream, Text


@dataclass(frozen=True)
class Echo:
    """Answers ``prefix`` and the last user message, word by word. Ignores tools. Streams."""

    prefix: str = ""
    model: str = "echo"

    def chat(self, request: Request) -> Stream:
        return Meter(self.model).read(self._say(request), request)

    async def _say(self, request: Request) -> Stream:
        if self.prefix:
            yield Text(self.prefix)
        for place, word in enumerate(request.prompt.split(" ")):
            yield Text(word if place == 0 else " " + word)
        yield Finish()
