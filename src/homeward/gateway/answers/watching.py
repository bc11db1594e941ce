"""Reading along while an answer's bytes pass by: what it took, and whether it came to its end.

Of most frames nothing is read but whether they hold a mark. A mark may stand in a model's words
or in a tool's arguments as well, so a frame that holds one is decoded before it is believed.
However the bytes were cut, the same ones are passed on, and the same counts are found.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Struct, json

from homeward.errors import Garbled, ModelError
from homeward.model import Event, Usage
from homeward.wire import anthropic_messages, ollama, openai_chat, openai_responses
from homeward.wire.failures import in_stream
from homeward.wire.fields import BAD_JSON
from homeward.wire.sse import BOM, LONGEST


class _Frame(Struct):
    """What says, in some dialect, that a frame is the last, an error, or holds token counts."""

    type: Any = None
    done: Any = None
    error: Any = None
    code: Any = None
    message: Any = None
    choices: Any = None
    usage: Any = None

    @property
    def finishes(self) -> bool:
        choices = self.choices if isinstance(self.choices, list) else ()
        return any(isinstance(one, dict) and one.get("finish_reason") for one in choices)


FRAME = json.Decoder(_Frame)
DONE = b"[DONE]"
LF, CRLF = b"\n\n", b"\r\n\r\n"
BLANK = re.compile(rb"(\r?\n\r?\n)")
LINE_END = re.compile(rb"(\n)")


@dataclass(frozen=True)
class Protocol:
    """``marks`` are in the frames to look at; ``ends`` are the types of the last one.

    ``counts`` says which frames hold token counts, or how the answer ended, for ``decoder`` to
    read: those of the types ``counted`` and the last. It must make sense of these alone.
    """

    decoder: Callable[[], Any]
    decode_answer: Callable[[bytes], list[Event]]
    marks: tuple[bytes, ...]
    ends: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()
    between: bytes = LF
    usage_of: Callable[[bytes], Usage | None] | None = None  # where there is a quicker way

    def is_last(self, frame: _Frame) -> bool:
        return frame.type in self.ends if self.ends else frame.done is True

    def counts(self, frame: _Frame) -> bool:
        if self.ends:
            return frame.type in self.ends or frame.type in self.counted
        return frame.done is True or frame.usage is not None or frame.finishes


class Watch:
    """Of one answer. ``words`` estimates its tokens, ``pieces`` counts the frames last passed on.

    ``begun`` is true once an event has come that is no comment, ``complete`` once the last has,
    ``failed`` holds an error that was told in the stream. With ``hide`` the frame that tells an
    OpenAI client its token counts is taken out.
    """

    __slots__ = (
        "_between",
        "_counted",
        "_held",
        "_protocol",
        "begun",
        "complete",
        "failed",
        "hide",
        "pieces",
        "usage",
        "words",
    )

    def __init__(self, protocol: Protocol, *, hide: bool = False) -> None:
        self._protocol = protocol
        self._between = protocol.between
        self.hide = hide
        self._held = bytearray()  # of a frame that has not ended
        self._counted: dict[tuple[str, bool, bool], bytes] = {}  # the last of each kind
        self.usage: Usage | None = None
        self.begun = False
        self.complete = False
        self.failed: ModelError | None = None
        self.pieces = 0
        self.words = 0

    def feed(self, data: bytes) -> bytes:
        """The bytes to pass on: whole frames. ModelError for an error before any other.

        What comes behind the last frame is not passed on.
        """
        held = self._held
        if held:
            seen = max(0, len(held) - len(CRLF) + 1)  # what is between may be cut in two
            held += data
            if held.find(self._between, seen) < 0 and held.find(self._other, seen) < 0:
                return self._hold()
            data = bytes(held)
            held.clear()
        cut = data.rfind(self._between)
        if cut < 0 and self._other in data:
            self._between = self._other
            cut = data.rfind(self._between)
        if cut < 0:
            held += data
            return self._hold()
        cut += len(self._between)
        if cut < len(data):
            held += data[cut:]
            data = data[:cut]
        self.pieces = data.count(self._between)
        self.words += self.pieces
        passed = b""
        while data and not self.begun:
            cut = data.find(self._between) + len(self._between)
            passed += self._read(data[:cut])
            data = data[cut:]
        if self.complete:
            return passed
        marks = [place for mark in self._protocol.marks if (place := data.find(mark)) >= 0]
        if marks:  # what stands before the first of them need not be looked at
            cut = data.rfind(self._between, 0, min(marks))
            cut = cut + len(self._between) if cut >= 0 else 0
            return passed + data[:cut] + self._read(data[cut:])
        return passed + data if passed else data

    def end(self) -> bytes:
        """What is left to pass on when the bytes have ended: Garbled where they should not have.

        The last frame may lack its blank line, and some servers leave ``[DONE]`` out.
        """
        passed = self._read(bytes(self._held) + self._between) if self._held else b""
        self._held.clear()
        if not self.complete:
            self._end(marked=False)
        if not self.complete:
            raise Garbled("the answer stopped in the middle: its end mark never came")
        return passed

    def in_one_piece(self) -> bytes:
        """The whole body of a server that answers a stream's question without one; else empty."""
        body = bytes(self._held).strip()
        return body if not self.begun and body.startswith(b"{") and self._between != b"\n" else b""

    def whole(self, body: bytes) -> None:
        """An answer that is not streamed. ModelError where it is none."""
        usage_of = self._protocol.usage_of
        self.usage = usage_of(body) if usage_of else _found(self._protocol.decode_answer(body))

    def told(self, body: bytes) -> list[Event]:
        """The events of an answer that came in one piece. ModelError where it is none."""
        events = self._protocol.decode_answer(body)
        self.usage = _found(events)
        self.begun = self.complete = True
        return events

    @property
    def _other(self) -> bytes:
        """What may stand between frames as well: a proxy's comments have their own line ends."""
        return LF if self._between == CRLF else CRLF

    def _hold(self) -> bytes:
        if len(self._held) > LONGEST:
            raise Garbled(f"the answer has an event of more than {LONGEST} bytes")
        return b""

    def _read(self, data: bytes) -> bytes:
        kept: list[bytes] = []
        pieces = (LINE_END if self._between == b"\n" else BLANK).split(data)
        for frame, after in zip(pieces[::2], [*pieces[1::2], b""], strict=True):
            payload = _payload(frame)
            if not (payload and self._is_hidden(payload)):
                kept += frame, after
            if self.complete:
                break
        return b"".join(kept)

    def _is_hidden(self, payload: bytes) -> bool:
        if payload == DONE:
            if DONE in self._protocol.marks:
                self.begun = True
                self._end()
            return False
        try:
            frame = FRAME.decode(payload)
        except BAD_JSON as wrong:
            raise Garbled(f"the answer is no JSON: {wrong}") from None
        if frame.error or frame.type == "error":
            error = in_stream(frame.error or {"code": frame.code, "message": frame.message})
            if not self.begun:
                raise error
            self.failed = error
            self.complete = True
            return False
        self.begun = True
        if self._protocol.counts(frame):
            kind = frame.type if self._protocol.ends else ""  # a stranger's could be a list
            self._counted[kind, frame.usage is not None, frame.finishes] = payload
        if self._protocol.is_last(frame):
            self._end()
        return self.hide and frame.usage is not None and not frame.choices

    def _end(self, *, marked: bool = True) -> None:
        """The counts, by the dialect's own decoder, which also says how an answer ended."""
        decoder = self._protocol.decoder()
        events: list[Event] = []
        try:
            for payload in self._counted.values():
                events += decoder.feed(payload)
            if not marked or DONE in self._protocol.marks:
                events += decoder.end() if not marked else decoder.feed(DONE)
            self.complete = True
        except Garbled:  # where there was a mark, the bytes have said that the answer was whole
            self.complete = marked
        except ModelError as error:
            self.failed = error
            self.complete = True
        self.usage = _found(events)


def _found(events: list[Event]) -> Usage | None:
    return next((event for event in events if isinstance(event, Usage)), None)


def _payload(frame: bytes) -> bytes:
    """The JSON of an event or of a line; empty for a comment."""
    frame = frame.strip()
    if frame.startswith(b"{"):
        return frame
    if frame.startswith(b"data:") and b"\n" not in frame:
        return frame[5:].strip()
    lines = frame.removeprefix(BOM).splitlines()
    return b"\n".join(line[5:].strip() for line in lines if line.startswith(b"data:"))


ERROR = b'"error"'

PROTOCOLS: Mapping[str, Protocol] = {
    "openai_chat": Protocol(
        openai_chat.Decoder,
        openai_chat.decode_answer,
        (b'"usage"', b'"finish_reason":"', b'"finish_reason": "', DONE, ERROR),
        usage_of=openai_chat.usage_of,
    ),
    "openai_responses": Protocol(
        openai_responses.Decoder,
        openai_responses.decode_answer,
        (b'"response.completed"', b'"response.incomplete"', b'"response.failed"', ERROR),
        ("response.completed", "response.incomplete", "response.failed"),
    ),
    "anthropic_messages": Protocol(
        anthropic_messages.Decoder,
        anthropic_messages.decode_answer,
        (b'"message_start"', b'"message_delta"', b'"message_stop"', ERROR),
        ("message_stop",),
        ("message_start", "message_delta"),
    ),
    "ollama": Protocol(
        ollama.Decoder,
        ollama.decode_answer,
        (b'"done":true', b'"done": true', ERROR),
        between=b"\n",
    ),
}
"""By dialect."""
