"""Context: which model's window holds a request, and what else it needs of a model."""

from collections.abc import Mapping
from dataclasses import dataclass

from homeward.errors import ConfigError
from homeward.model import (
    CHARACTERS_PER_TOKEN,
    ImagePart,
    Raw,
    Request,
    estimated_tokens,
)
from homeward.reading import Reading


@dataclass(frozen=True)
class Context:
    """``label`` is the first of ``windows`` (tokens, by model) that holds prompt and answer.

    ``score`` is their estimate in tokens: four characters each, as `estimated_tokens` has it, more
    where the letters are not Latin, ``image_tokens`` for an image, and the request's ``max_tokens``
    or, where it has none, ``reserve`` for the answer. Write the smallest first. Abstains where no
    window is large enough.
    """

    windows: Mapping[str, int]
    reserve: int = 1024
    image_tokens: int = 1000

    def __post_init__(self) -> None:
        if not self.windows:
            raise ConfigError("a context needs `windows`; write at least one {model: tokens}")
        for name, tokens in self.windows.items():
            if tokens < 1:
                raise ConfigError(f"the window of {name!r} is a number of tokens above 0")

    async def __call__(self, request: Request) -> Reading:
        prompt = prompt_tokens(request) + self.image_tokens * images(request)
        limit = request.sampling.max_tokens
        answer = self.reserve if limit is None else limit
        needed = prompt + answer
        numbers = {"prompt": float(prompt), "answer": float(answer)}
        because = f"about {prompt} tokens and {answer} for the answer"
        label = next((name for name, window in self.windows.items() if window >= needed), None)
        if label is None:
            because += f": more than {max(self.windows.values())}, the largest window"
        return Reading(label, float(needed), because, numbers)


@dataclass(frozen=True)
class Needs:
    """``label`` is what a model must be able to do for a request.

    ``images`` where there are some, else ``files`` for content that we do not read, else ``tools``
    where it may call some, else ``json`` where an answer of that format is asked for, else
    ``plain``. ``numbers`` has all that are needed.
    """

    async def __call__(self, request: Request) -> Reading:
        may_call = request.tool_choice != "none"
        needs = {
            "images": images(request),
            "files": _parts(request, Raw),
            "tools": len(request.tools) if may_call else 0,
            "json": int(request.response_format is not None),
        }
        numbers = {name: float(count) for name, count in needs.items() if count}
        because = ", ".join(f"{name} ({count:.0f})" for name, count in numbers.items())
        return Reading(next(iter(numbers), "plain"), because=because or "words", numbers=numbers)


def prompt_tokens(request: Request) -> int:
    """As `estimated_tokens`, but by bytes: other scripts have more tokens for each letter."""
    texts = [message.text for message in request.messages]
    foreign = [text for text in texts if not text.isascii()]  # known without reading it
    more = sum(len(text.encode(errors="replace")) - len(text) for text in foreign)
    return estimated_tokens(request) + more // CHARACTERS_PER_TOKEN


def images(request: Request) -> int:
    return _parts(request, ImagePart)


def _parts(request: Request, kind: type[ImagePart | Raw]) -> int:
    return sum(
        isinstance(part, kind)
        for message in request.messages
        if not isinstance(message.content, str)
        for part in message.content
    )
