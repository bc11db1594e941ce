"""Server-sent events, as the standard has them and as servers send them."""

import pytest

from homeward.errors import Garbled
from homeward.wire import lines, sse
from homeward.wire.sse import Frame, Parser, frame


@pytest.mark.parametrize(
    ("sent", "frames"),
    [
        (b"data: a\n\n", [Frame("", b"a")]),
        (b"data:a\n\n", [Frame("", b"a")]),
        (b"data:  a\n\n", [Frame("", b" a")]),
        (b"event: x\ndata: a\n\n", [Frame("x", b"a")]),
        (b"data: a\ndata: b\n\n", [Frame("", b"a\nb")]),
        (b"data: a\r\n\r\ndata: b\r\r", [Frame("", b"a"), Frame("", b"b")]),
        (b"data: a\r\ndata: b\r\n\r\n", [Frame("", b"a\nb")]),
        (b": ping\n\ndata: a\n\n", [Frame("", b"a")]),
        (b"event: x\n\ndata: a\n\n", [Frame("", b"a")]),
        (b"id: 1\nretry: 5\ndata: a\n\n", [Frame("", b"a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [Frame("", b"a")]),
        (b"data\n\n", [Frame("", b"")]),
        (b"data: a\n", []),
        (b"\n\n\n", []),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_frames_are_read_as_the_standard_says(sent: bytes, frames: list[Frame], size: int) -> None:
    parser = Parser()
    pieces = [sent[at : at + size] for at in range(0, len(sent), size)]
    assert [f for piece in pieces for f in parser.feed(piece)] == frames


def test_a_last_frame_without_its_blank_line_is_there_at_the_end() -> None:
    parser = Parser()
    assert parser.feed(b"data: [DONE]") == []
    assert parser.end() == [Frame("", b"[DONE]")]


def test_a_frame_is_written_with_its_name_first() -> None:
    assert frame(b"a\nb", "x") == b"event: x\ndata: a\ndata: b\n\n"


def test_lines_are_joined_across_chunks_and_empty_ones_dropped() -> None:
    splitter = lines.Lines()
    assert splitter.feed(b'{"a"') == []
    assert splitter.feed(b":1}\r\n\n{}\n{") == [b'{"a":1}', b"{}"]
    assert splitter.rest() == b"{"


@pytest.mark.parametrize("module", [sse, lines])
def test_a_line_without_end_does_not_fill_the_memory(
    module: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST", 100)
    reader = Parser() if module is sse else lines.Lines()
    with pytest.raises(Garbled, match="more than 100 bytes"):
        [reader.feed(b"data: xxxx") for _ in range(20)]


def test_an_event_of_endless_empty_lines_is_garbled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "LONGEST", 10_000)
    parser = sse.Parser()
    for _ in range(99):
        parser.feed(b"data:\n" * 100)
    with pytest.raises(Garbled, match="more than 10000 bytes"):
        parser.feed(b"data:\n" * 200)


def test_endless_events_of_nothing_are_no_events_and_take_no_memory() -> None:
    parser = sse.Parser()
    assert [frame for _ in range(100) for frame in parser.feed(b"\n: ping\n\n" * 1000)] == []
    assert parser.feed(b"data: x\n\n") == [sse.Frame("", b"x")]
