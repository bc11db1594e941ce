"""What a server reads from a client's body, in any dialect."""

from msgspec import Struct

from homeward.model import Request


class Asked(Struct, frozen=True):
    """``usage`` says whether a streamed answer should end with token counts.

    Only OpenAI chat asks that question (``stream_options.include_usage``).
    """

    model: str
    stream: bool
    request: Request
    usage: bool = True
