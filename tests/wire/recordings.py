"""Reading golden files through the parsers, in chunks of any size."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from homeward.model import Event, Finish, Reasoning, Text, ToolCall, Usage, join_calls
from homeward.wire import lines, replicate, sse

GOLDEN = Path(__file__).parent / "golden"


class Reads(Protocol):
    """A dialect's decoder."""

    def feed(self, data: bytes) -> list[Event]: ...
    def end(self) -> list[Event]: ...


class Named:
    """Replicate's decoder with the name of the next frame set beside it."""

    def __init__(self) -> None:
        self.name = "output"
        self._decoder = replicate.Decoder()

    def feed(self, data: bytes) -> list[Event]:
        return self._decoder.feed(data, self.name)

    def end(self) -> list[Event]:
        return self._decoder.end()


def chunks(data: bytes, sizes: Iterator[int] | None = None) -> Iterator[bytes]:
    place = 0
    while place < len(data):
        size = next(sizes, len(data)) if sizes is not None else len(data)
        yield data[place : place + size]
        place += size


def payloads(
    data: bytes, *, line_by_line: bool, sizes: Iterator[int] | None = None
) -> Iterator[Any]:
    """Frames of server-sent events, or the lines of newline-delimited JSON as such frames."""
    if line_by_line:
        splitter = lines.Lines()
        for chunk in chunks(data, sizes):
            yield from (sse.Frame("", line) for line in splitter.feed(chunk))
        if rest := splitter.rest():
            yield sse.Frame("", rest)
    else:
        parser = sse.Parser()
        for chunk in chunks(data, sizes):
            yield from parser.feed(chunk)


def play(name: str, decoder: Reads, sizes: Iterator[int] | None = None) -> list[Event]:
    """The events of a streamed golden file."""
    path = GOLDEN / name
    return heard(path.read_bytes(), decoder, line_by_line=path.suffix == ".jsonl", sizes=sizes)


def heard(
    data: bytes, decoder: Reads, *, line_by_line: bool = False, sizes: Iterator[int] | None = None
) -> list[Event]:
    events: list[Event] = []
    for frame in payloads(data, line_by_line=line_by_line, sizes=sizes):
        if isinstance(decoder, Named):
            decoder.name = frame.event
        events += decoder.feed(frame.data)
    return events + decoder.end()


def whole(events: list[Event]) -> list[Event]:
    """The same answer with its pieces joined: reasoning, text, calls, and what follows.

    Two streams that say the same in other pieces are equal after this.
    """
    said = "".join(e.text for e in events if isinstance(e, Text))
    probabilities = tuple(p for e in events if isinstance(e, Text) for p in e.logprobs)
    thought = "".join(e.text for e in events if isinstance(e, Reasoning))
    seal = "".join(e.signature for e in events if isinstance(e, Reasoning))
    calls = join_calls(e for e in events if isinstance(e, ToolCall))
    rest = [e for e in events if isinstance(e, Usage | Finish)]
    words: list[Event] = []
    if thought or seal:
        words.append(Reasoning(thought, seal))
    if said or probabilities:
        words.append(Text(said, probabilities))
    return [*words, *calls, *rest]
