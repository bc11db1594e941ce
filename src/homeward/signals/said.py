"""Said: what a model said to a signal or a check, and why it came no further."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from homeward.errors import ModelError
from homeward.model import Answer, Event, Model, Note, Request


@dataclass
class Said:
    """Filled while `ask` is read; ``error`` is the failure that ended it, if one did."""

    events: list[Event] = field(default_factory=list[Event])
    error: ModelError | None = None

    @property
    def answer(self) -> Answer:
        return Answer(tuple(self.events))

    async def ask(self, model: Model, request: Request) -> AsyncGenerator[Event, None]:
        """Listen to a model to its end; yields its notes."""
        try:
            async with aclosing(model.chat(request)) as stream:
                async for event in stream:
                    self.events.append(event)
                    if isinstance(event, Note):
                        yield event
        except ModelError as error:
            self.error = error
