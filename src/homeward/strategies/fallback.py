"""Fallback: try models in order, moving on only while nothing has been said yet."""

from contextlib import aclosing
from dataclasses import dataclass

from homeward.errors import AllFailed, ConfigError, ModelError
from homeward.model import Decision, Models, Note, Request, Stream, named


@dataclass(frozen=True)
class Fallback:
    """The first of ``models`` that begins to answer gives the whole answer.

    Streams. Tool calls pass unchanged. A child that fails before its first word is followed by
    the next one; a failure after it is raised, because a reader must not hear two voices.
    Raises `AllFailed` with every reason when nobody is left.
    """

    models: Models

    def __post_init__(self) -> None:
        if not self.models:
            raise ConfigError("a fallback needs at least one model; name some in `models`")

    async def chat(self, request: Request) -> Stream:
        errors: list[ModelError] = []
        for name, model in named(self.models).items():
            if errors:
                yield Decision("fallback", name, f"the one before failed: {errors[-1]}")
            spoken = False
            try:
                async with aclosing(model.chat(request)) as events:
                    async for event in events:
                        spoken = spoken or not isinstance(event, Note)
                        yield event
                return
            except ModelError as error:
                if spoken:
                    raise
                errors.append(error)
        raise AllFailed(errors)
