"""llama.cpp's own ``POST /infill``: the words between what is before and what is after.

Its ``/v1/completions`` has no suffix, and drops one in silence.
"""

from typing import Any

from msgspec import Struct, json

from homeward.completion import Completion
from homeward.errors import Garbled
from homeward.model import Event, Finish, Text, Usage
from homeward.wire import failures
from homeward.wire.fields import read
from homeward.wire.logprobs import Entry, decoded
from homeward.wire.openai_chat.request import SETTINGS
from homeward.wire.sampling import sent
from homeward.wire.tally import count


def encode_request(asked: Completion) -> dict[str, Any]:
    """The body; the answer is streamed."""
    body: dict[str, Any] = {
        "input_prefix": asked.prompt,
        "input_suffix": asked.suffix or "",
        "prompt": "",
        "stream": True,
        **sent(asked.sampling, {**SETTINGS, "max_tokens": "n_predict"}),
    }
    if asked.sampling.logprobs is not None:
        body["n_probs"] = max(1, asked.sampling.logprobs)
    return body


class _Timings(Struct, frozen=True):
    cache_n: float = 0


class _Piece(Struct):
    content: str = ""
    stop: bool = False
    stop_type: str = ""
    tokens_evaluated: float = 0
    tokens_predicted: float = 0
    timings: _Timings = _Timings()
    completion_probabilities: list[Entry] | None = None
    error: Any = None


_PIECE = json.Decoder(_Piece)


class Decoder:
    """Events from the payloads of a stream. ``alternatives``: how many per token were asked for."""

    def __init__(self, alternatives: int | None = None) -> None:
        self._alternatives = alternatives
        self._done = False

    def feed(self, data: bytes) -> list[Event]:
        """The events in one payload."""
        piece = read(_PIECE, data)
        if piece.error is not None:
            raise failures.in_stream(piece.error)
        events: list[Event] = []
        probabilities = decoded(piece.completion_probabilities or (), self._alternatives)
        if piece.content or probabilities:
            events.append(Text(piece.content, probabilities))
        if piece.stop:
            self._done = True
            usage = Usage(
                "",
                "",
                input_tokens=count(piece.tokens_evaluated),
                output_tokens=count(piece.tokens_predicted),
                cached_tokens=count(piece.timings.cache_n),
            )
            events += [usage, Finish("length" if piece.stop_type == "limit" else "stop")]
        return events

    def end(self) -> list[Event]:
        """The end of the bytes; Garbled when the answer was not at its end."""
        if not self._done:
            raise Garbled("the answer stopped in the middle: no piece with `stop` came")
        return []


def decode_answer(body: bytes, alternatives: int | None = None) -> list[Event]:
    """The events of an answer that was not streamed."""
    decoder = Decoder(alternatives)
    return decoder.feed(body) + decoder.end()
