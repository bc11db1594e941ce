"""What a server reads from a client's body, in any dialect."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from homeward.completion import Completion
from homeward.embedding import Texts
from homeward.model import Request


class EmbeddingAsked(Struct, frozen=True):
    """``extra`` are the fields that are not read.

    ``packed`` asks for base64 of little-endian floats of 32 bits, which OpenAI's clients do.
    """

    model: str
    texts: Texts
    extra: Mapping[str, Any]
    packed: bool = False


class Asked(Struct, frozen=True):
    """``usage`` says whether a streamed answer should end with token counts.

    Only OpenAI chat asks that question (``stream_options.include_usage``). ``echo`` is what the
    answer must repeat of the question, which only OpenAI's responses do. Where a text is to be
    completed, ``completion`` is the question, and ``request`` asks it of a chat model.
    """

    model: str
    stream: bool
    request: Request
    usage: bool = True
    echo: Mapping[str, Any] = field(default_factory=dict[str, Any])
    completion: Completion | None = None
