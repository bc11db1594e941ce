"""What a dialect can carry comes back as it was, and nothing that is sent to it breaks it."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json
from msgspec.structs import replace

from homeward.errors import ModelError, Rejected
from homeward.model import Answer, Event, Request, Text, ToolCall, Usage
from homeward.wire import replicate, sse, watsonx

from .dialects import ALL, Dialect
from .recordings import heard, whole

DIALECTS = pytest.mark.parametrize("dialect", ALL.values(), ids=ALL)
PATIENT = settings(deadline=None, max_examples=60)


def said_alike(events: list[Event], dialect: Dialect) -> list[Event]:
    """An answer with its pieces joined and its arguments in one spelling."""
    return [
        replace(event, arguments=json.encode(json.decode(event.arguments)).decode())
        if isinstance(event, ToolCall)
        else dialect.bill(event)
        if isinstance(event, Usage)
        else event
        for event in whole(events)
    ]


@DIALECTS
@PATIENT
@given(data=st.data())
def test_a_request_comes_back_as_it_was_sent(dialect: Dialect, data: st.DataObject) -> None:
    request = data.draw(dialect.requests)
    stream = data.draw(st.booleans())
    body = json.encode(dialect.wire.encode_request(request, "m", stream=stream))
    asked = dialect.wire.decode_request(body)
    assert asked.request == request
    assert (asked.model, asked.stream) == ("m", stream)


@DIALECTS
@PATIENT
@given(data=st.data())
def test_a_streamed_answer_comes_back_as_it_was_said(dialect: Dialect, data: st.DataObject) -> None:
    events = data.draw(dialect.answers)
    sizes = data.draw(st.lists(st.integers(1, 200), min_size=1))
    encoder = dialect.wire.Encoder("m", "a1", 1_760_000_000)
    sent = b"".join(map(encoder.feed, events)) + encoder.end()
    cut = iter(sizes * (len(sent) + 1))
    got = heard(sent, dialect.wire.Decoder(), line_by_line=dialect.line_by_line, sizes=cut)
    assert said_alike(got, dialect) == said_alike(events, dialect)


@DIALECTS
@PATIENT
@given(data=st.data())
def test_an_answer_in_one_piece_comes_back_as_it_was_said(
    dialect: Dialect, data: st.DataObject
) -> None:
    events = data.draw(dialect.answers)
    body = dialect.wire.encode_answer(Answer(tuple(events)), "m", "a1", 1_760_000_000)
    got = dialect.wire.decode_answer(body)
    assert said_alike(got, dialect) == said_alike(events, dialect)


@DIALECTS
@PATIENT
@given(data=st.data())
def test_nothing_is_sent_that_the_caller_did_not_say(dialect: Dialect, data: st.DataObject) -> None:
    body = dialect.wire.encode_request(Request.of(data.draw(st.text())), "m", stream=False)
    assert set(body) - {"model", "messages", "input"} <= {"max_tokens", "stream"}
    assert ("max_tokens" in body) == (dialect is ALL["anthropic_messages"])
    assert body.get("stream") in (None, False)


@DIALECTS
def test_unread_fields_stay_out_of_another_dialect(dialect: Dialect) -> None:
    request = Request.of("hi", extra={"x_new": {"a": 1}})
    assert dialect.wire.encode_request(request, "m")["x_new"] == {"a": 1}
    foreign = request.with_(dialect="elsewhere")
    assert "x_new" not in dialect.wire.encode_request(foreign, "m")


KEYS = (
    *("type", "choices", "delta", "message", "content", "error", "tool_calls", "function"),
    *("index", "usage", "item", "response", "logprobs", "done", "role", "model", "messages"),
    *("input", "tools", "id", "name", "arguments", "status", "output", "finish_reason"),
)


def _mangled() -> st.SearchStrategy[bytes]:
    """Bytes at random, and JSON of random shapes under the keys that decoders look at."""
    keys = st.sampled_from(KEYS)
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    shapes: st.SearchStrategy[Any] = st.recursive(
        leaves,
        lambda inside: st.lists(inside, max_size=3) | st.dictionaries(keys, inside, max_size=4),
        max_leaves=12,
    )
    values = st.dictionaries(keys, shapes, max_size=6).map(json.encode)
    deep = st.sampled_from([b"[" * 50_000, b'{"error":' * 50_000])
    return st.binary(max_size=60) | values | deep


CLIENTS = {
    **{name: dialect.wire for name, dialect in ALL.items()},
    "watsonx": watsonx,
    "replicate": replicate,
}


@pytest.mark.parametrize("wire", CLIENTS.values(), ids=CLIENTS)
@settings(deadline=None, max_examples=200)
@given(data=_mangled())
def test_any_bytes_of_an_answer_are_read_or_refused(wire: Any, data: bytes) -> None:
    for decode in (wire.decode_answer, wire.Decoder().feed):
        try:
            decode(data)
        except ModelError as error:
            assert 20 < len(str(error)) < 800  # noqa: PT017 - it may also be read


@pytest.mark.parametrize("name", ["error", "done", "elsewhere"])
@settings(deadline=None)
@given(data=st.binary(max_size=60))
def test_any_bytes_of_a_prediction_are_read_or_refused(name: str, data: bytes) -> None:
    try:
        replicate.Decoder().feed(data, name)
    except ModelError as error:
        assert str(error)  # noqa: PT017 - it may also be read


@DIALECTS
@settings(deadline=None, max_examples=200)
@given(data=_mangled())
def test_any_bytes_of_a_request_are_read_or_rejected(dialect: Dialect, data: bytes) -> None:
    try:
        asked = dialect.wire.decode_request(data)
    except Rejected as error:
        assert str(error)  # noqa: PT017 - it may also be read
    else:
        assert isinstance(asked.request, Request)


@settings(deadline=None)
@given(st.lists(st.tuples(st.binary(), st.text("abc", max_size=3)), max_size=5), st.data())
def test_frames_come_back_however_the_bytes_are_cut(
    frames: list[tuple[bytes, str]], data: st.DataObject
) -> None:
    sent = b"".join(sse.frame(payload, name) for payload, name in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=8)))
    parser = sse.Parser()
    bounds = [0, *cuts, len(sent)]
    pieces = [sent[a:b] for a, b in pairwise(bounds)]
    got = [frame for piece in pieces for frame in parser.feed(piece)]
    newline = [p.replace(b"\r\n", b"\n").replace(b"\r", b"\n") for p, _ in frames]
    assert [frame.data for frame in got] == newline
    assert [frame.event for frame in got] == [name for _, name in frames]


@DIALECTS
def test_text_is_sent_at_once(dialect: Dialect) -> None:
    encoder = dialect.wire.Encoder("m", "a1", 0)
    assert b"hello" in encoder.feed(Text("hello"))
