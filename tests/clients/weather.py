"""A model that uses a tool: what small models cannot be relied on for, to the letter."""

from contextlib import aclosing
from dataclasses import dataclass

from homeward.backends.meter import Meter
from homeward.model import Finish, Request, Stream, Text, ToolCall


@dataclass(frozen=True)
class Weather:
    """Calls the first tool that it is given for Paris, in two pieces, and tells what came back."""

    model: str = "weather"

    async def chat(self, request: Request) -> Stream:
        async with aclosing(Meter(self.model).read(self._say(request), request)) as events:
            async for event in events:
                yield event

    async def _say(self, request: Request) -> Stream:
        last = request.messages[-1]
        if last.role == "tool":
            yield Text(f"The tool says: {last.text}")
            yield Finish()
            return
        name = getattr(request.tools[0], "name", "tool") if request.tools else "tool"
        yield ToolCall(0, "call_1", name, '{"city": ')
        yield ToolCall(0, "", "", '"Paris"}')
        yield Finish("tool_calls")
