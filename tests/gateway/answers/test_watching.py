"""Reading along: what passes, and what it took, do not depend on how the bytes were cut."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.errors import Garbled, ModelError
from homeward.gateway.answers.watching import PROTOCOLS, Watch
from homeward.model import Event, Finish, Usage
from homeward.wire import anthropic_messages, lines, ollama, openai_chat, openai_responses, sse
from homeward.wire.sse import LONGEST
from tests.wire.recordings import GOLDEN

MODULES: Mapping[str, ModuleType] = {
    "openai_chat": openai_chat,
    "openai_responses": openai_responses,
    "anthropic_messages": anthropic_messages,
    "ollama": ollama,
}


def dialect_of(path: Path) -> str:
    if path.suffix == ".jsonl":
        return "ollama"
    if "anthropic" in f"{path.parent.name}/{path.name}":
        return "anthropic_messages"
    return "openai_responses" if path.name.startswith("responses") else "openai_chat"


STREAMS = [
    (dialect_of(path), path)
    for path in sorted(GOLDEN.rglob("*.*"))
    if path.suffix in (".sse", ".jsonl") and path.parent.name not in ("watsonx", "replicate")
]
ENDINGS = {
    "as it came": lambda data: data,
    "CRLF": lambda data: data.replace(b"\n", b"\r\n"),
    "without the last line's end": lambda data: data.rstrip(b"\n"),
}


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = [0, *sorted(place % len(data) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(ends) if start < end]


def watched(watch: Watch, chunks: list[bytes]) -> tuple[bytes, Usage | None, bool]:
    """What is passed on, the counts, and whether it went well."""
    passed = b""
    try:
        for chunk in chunks:
            passed += watch.feed(chunk)
            if watch.complete:
                break
        else:
            passed += watch.end()
    except ModelError:
        return passed, None, False
    return passed, watch.usage, watch.failed is None


def read(data: bytes, dialect: str) -> tuple[Usage | None, bool]:
    """As the route's tree would read it."""
    decoder, events = MODULES[dialect].Decoder(), list[Event]()
    try:
        for payload in split(data, dialect):
            events += decoder.feed(payload)
        events += decoder.end()
    except ModelError:
        pass
    usage = next((event for event in events if isinstance(event, Usage)), None)
    return usage, any(isinstance(event, Finish) for event in events)


def split(data: bytes, dialect: str) -> list[bytes]:
    if dialect == "ollama":
        cutter = lines.Lines()
        return [*cutter.feed(data), *filter(None, [cutter.rest()])]
    parser = sse.Parser()
    return [frame.data for frame in (*parser.feed(data), *parser.end())]


@settings(max_examples=300)
@given(
    stream=st.sampled_from(STREAMS),
    ending=st.sampled_from(list(ENDINGS)),
    places=st.lists(st.integers(0, 10_000), max_size=30),
    hide=st.booleans(),
)
def test_however_a_recorded_stream_is_cut_the_same_passes_and_is_billed(
    stream: tuple[str, Path],
    ending: str,
    places: list[int],
    hide: bool,  # noqa: FBT001  hypothesis gives it by its name
) -> None:
    dialect, path = stream
    data = ENDINGS[ending](path.read_bytes())
    chunks = cut(data, places)
    protocol = PROTOCOLS[dialect]
    hide = hide and dialect == "openai_chat"
    whole = watched(Watch(protocol, hide=hide), [data])
    assert watched(Watch(protocol, hide=hide), chunks) == whole


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(("dialect", "path"), STREAMS, ids=lambda value: str(value)[-30:])
def test_a_recorded_stream_is_billed_as_the_tree_would(
    dialect: str, path: Path, ending: str
) -> None:
    data = ENDINGS[ending](path.read_bytes())
    _, usage, finished = watched(Watch(PROTOCOLS[dialect]), [data])
    assert (usage, finished) == read(data, dialect)


@pytest.mark.parametrize(("dialect", "path"), STREAMS, ids=lambda value: str(value)[-30:])
def test_the_bytes_of_a_recorded_stream_are_not_changed(dialect: str, path: Path) -> None:
    data = path.read_bytes()
    passed, _, _ = watched(Watch(PROTOCOLS[dialect]), [data])
    assert data.startswith(passed)


WORD = b'data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n'
END = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
COUNTS = b'{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}'
USAGE = b"data: " + COUNTS + b"\n\n"
DONE = b"data: [DONE]\n\n"


def chat(*chunks: bytes, **kind: Any) -> Watch:
    watch = Watch(PROTOCOLS["openai_chat"], **kind)
    watched(watch, list(chunks))
    return watch


@pytest.mark.parametrize(
    "frame",
    [
        b"id: 7\nevent: message\nretry: 3\ndata: " + COUNTS + b"\n\n",
        b"data:" + COUNTS + b"\nid: 7\n\n",
        b'data: {"choices":[],\ndata: "usage":{"prompt_tokens":7,"completion_tokens":3}}\n\n',
        b"\n\n: ping\n\n\ndata: " + COUNTS + b"\n\n",
        b": a proxy's\n\ndata: " + COUNTS + b"\r\n\r\n",
    ],
    ids=["other fields before", "other fields behind", "several lines", "blank", "mixed"],
)
def test_counts_are_found_in_frames_of_any_form(frame: bytes) -> None:
    usage = chat(WORD, frame, END, DONE).usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens) == (7, 3)


@pytest.mark.parametrize("late", [DONE, b'data: {"error":{"message":"late"}}\n\n', WORD])
def test_what_comes_behind_the_end_is_nobodys(late: bytes) -> None:
    passed, _, good = watched(Watch(PROTOCOLS["openai_chat"]), [WORD + DONE + late])
    assert (passed, good) == (WORD + DONE, True)


def test_a_finish_reason_is_an_end_where_no_done_comes() -> None:
    passed, usage, good = watched(Watch(PROTOCOLS["openai_chat"]), [WORD, END + USAGE])
    assert (passed, usage is not None, good) == (WORD + END + USAGE, True, True)


def test_a_response_that_failed_has_failed() -> None:
    failed = b'data: {"type":"response.failed","response":{"status":"failed","error":{}}}\n\n'
    watch = Watch(PROTOCOLS["openai_responses"])
    watch.feed(b'data: {"type":"response.created"}\n\n' + failed)
    assert (watch.complete, watch.failed is not None) == (True, True)


@pytest.mark.parametrize("begun", [False, True])
def test_an_error_event_of_a_response_is_an_error(begun: bool) -> None:  # noqa: FBT001
    event = b'data: {"type":"error","code":"server_error","message":"broke"}\n\n'
    watch = Watch(PROTOCOLS["openai_responses"])
    if not begun:
        with pytest.raises(ModelError, match="broke"):
            watch.feed(event)
    else:
        watch.feed(b'data: {"type":"response.created"}\n\n' + event)
        assert "broke" in str(watch.failed)


def test_a_type_of_a_strange_form_is_no_trouble() -> None:
    strange = b'data: {"type":["x"],"choices":[],"usage":{"completion_tokens":3}}\n\n'
    assert chat(WORD, strange, DONE).usage is not None


def test_counts_in_each_frame_are_not_all_kept() -> None:
    counting = b'data: {"choices":[{"delta":{}}],"usage":{"completion_tokens":%d}}\n\n'
    watch = chat(*(counting % place for place in range(100)))
    assert len(watch._counted) < 5  # pyright: ignore[reportPrivateUsage]


def test_a_frame_without_an_end_does_not_fill_the_memory() -> None:
    watch = Watch(PROTOCOLS["openai_chat"])
    watch.feed(b"x" * LONGEST)
    with pytest.raises(Garbled, match="bytes"):
        watch.feed(b"x")


def test_a_large_frame_takes_a_time_that_grows_with_its_length_only() -> None:
    watch = Watch(PROTOCOLS["openai_chat"])
    for _ in range(100_000):
        watch.feed(b"x" * 64)
    assert watch.feed(b"\n\n") == b"x" * 6_400_000 + b"\n\n"
