"""What is particular to Anthropic's messages."""

from typing import Any

import pytest
from msgspec import json

from homeward.errors import Failed, Garbled, Overloaded
from homeward.model import (
    Answer,
    Event,
    Finish,
    ImagePart,
    Message,
    Raw,
    Reasoning,
    Request,
    ResponseFormat,
    Text,
    TextPart,
    Tool,
    ToolCall,
    ToolNamed,
)
from homeward.wire import openai_chat
from homeward.wire.anthropic_messages import (
    Decoder,
    Encoder,
    decode_answer,
    decode_request,
    encode_answer,
    encode_request,
)

from .recordings import heard

THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "EqQB"}
HIDDEN = {"type": "redacted_thinking", "data": "EmwK"}
CACHED = {"cache_control": {"type": "ephemeral"}}


def asked(*turns: Any, **fields: Any) -> Request:
    body = {"model": "m", "max_tokens": 9, "messages": list(turns), **fields}
    return decode_request(json.encode(body)).request


def test_max_tokens_is_said_even_when_nobody_did() -> None:
    assert encode_request(Request.of("hi"), "m")["max_tokens"] == 4096
    assert encode_request(Request.of("hi").sampled(max_tokens=5), "m")["max_tokens"] == 5


def test_system_messages_go_to_the_top_wherever_they_were() -> None:
    talk = Request(
        (Message("system", "a"), Message("user", "hi"), Message("developer", "b")),
    )
    sent = encode_request(talk, "m")
    assert sent["system"] == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert sent["messages"] == [{"role": "user", "content": "hi"}]


def test_blocks_and_fields_that_are_not_read_go_through_unharmed() -> None:
    document = {"type": "document", "source": {"type": "file", "file_id": "f"}, **CACHED}
    use = {"type": "tool_use", "id": "t1", "name": "f", "input": {"k": 1}, **CACHED}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "no", "is_error": True}
    turns = [
        {"role": "user", "content": [{"type": "text", "text": "hi", **CACHED}, document]},
        {"role": "assistant", "content": [THOUGHT, HIDDEN, {"type": "text", "text": "x"}, use]},
        {"role": "user", "content": [result]},
    ]
    fields: dict[str, Any] = {
        "system": [{"type": "text", "text": "s", **CACHED}],
        "tools": [
            {"name": "f", "input_schema": {"type": "object"}, **CACHED},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 5},
        ],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        "thinking": {"type": "enabled", "budget_tokens": 2048},
        "metadata": {"user_id": "u"},
        "output_config": {"effort": "low", "task_budget": {"total": 5}},
    }
    sent = encode_request(asked(*turns, **fields), "m", stream=False)
    assert sent == {"model": "m", "max_tokens": 9, "messages": turns, **fields}


def test_a_thought_stays_with_its_seal_and_its_words_reach_others() -> None:
    request = asked({"role": "assistant", "content": [THOUGHT, {"type": "text", "text": "x"}]})
    message = request.messages[0]
    assert message.content[0] == Raw("anthropic_messages", THOUGHT)
    assert message.reasoning == "hm"
    sent = openai_chat.encode_request(request, "m")["messages"][0]
    assert sent["reasoning_content"] == "hm"
    assert sent["content"] == [{"type": "text", "text": "x"}]


def test_a_thought_without_a_seal_is_not_sent() -> None:
    talk = Request((Message("assistant", "x", reasoning="hm"),))
    assert encode_request(talk, "m")["messages"] == [{"role": "assistant", "content": "x"}]


def test_answers_of_tools_come_apart_from_the_users_words() -> None:
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "no", "is_error": True}
    words = {"type": "text", "text": "go on"}
    request = asked({"role": "user", "content": [result, words]})
    assert request.messages == (
        Message("tool", "no", tool_call_id="t1", extra={"is_error": True}),
        Message("user", (TextPart("go on"),)),
    )


@pytest.mark.parametrize(
    ("url", "source"),
    [
        (
            "data:image/png;base64,iVBO",
            {"type": "base64", "media_type": "image/png", "data": "iVBO"},
        ),
        ("https://example.org/a.png", {"type": "url", "url": "https://example.org/a.png"}),
    ],
)
def test_pictures_are_sent_by_their_kind_of_address(url: str, source: dict[str, str]) -> None:
    sent = encode_request(Request((Message("user", (ImagePart(url),)),)), "m")
    block = {"type": "image", "source": source}
    assert sent["messages"][0]["content"] == [block]
    assert asked(sent["messages"][0]).messages[0].content == (ImagePart(url),)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        (ToolNamed("f"), {"type": "tool", "name": "f"}),
    ],
)
def test_a_tool_choice_has_another_spelling(ours: Any, theirs: dict[str, str]) -> None:
    request = Request.of("hi", tools=(Tool("f"),), tool_choice=ours)
    assert encode_request(request, "m")["tool_choice"] == theirs
    assert asked(tool_choice=theirs).tool_choice == ours


def test_a_tool_without_parameters_takes_an_empty_object() -> None:
    sent = encode_request(Request.of("hi", tools=(Tool("f"),)), "m")
    assert sent["tools"] == [{"name": "f", "input_schema": {"type": "object"}}]


def test_a_schema_and_an_effort_share_the_output_config() -> None:
    wanted = ResponseFormat({"type": "object"})
    sent = encode_request(Request.of("hi", response_format=wanted, effort="minimal"), "m")
    assert sent["output_config"] == {
        "format": {"type": "json_schema", "schema": {"type": "object"}},
        "effort": "low",
    }


def test_no_effort_switches_thinking_off() -> None:
    sent = encode_request(Request.of("hi", effort="none"), "m")
    assert sent["thinking"] == {"type": "disabled"}
    assert asked(thinking={"type": "disabled"}).effort == "none"


def test_a_whole_input_in_the_first_frame_is_heard() -> None:
    block = {"type": "tool_use", "id": "t", "name": "f", "input": {"k": 1}}
    decoder = Decoder()
    start = {"type": "content_block_start", "index": 0, "content_block": block}
    events = decoder.feed(json.encode(start))
    events += decoder.feed(b'{"type":"content_block_stop","index":0}')
    assert events == [ToolCall(0, "t", "f"), ToolCall(0, arguments='{"k":1}')]


def test_thoughts_with_seals_of_their_own_are_blocks_of_their_own() -> None:
    events: tuple[Event, ...] = (Reasoning("a", "s1"), Reasoning("b", "s2"), Text("c"), Finish())
    body = encode_answer(Answer(events), "m", "a1", 7)
    assert [e for e in decode_answer(body) if isinstance(e, Reasoning)] == list(events[:2])
    encoder = Encoder("m", "a1", 7)
    sent = b"".join(map(encoder.feed, events)) + encoder.end()
    assert sent.count(b'"content_block":{"type":"thinking"') == 2
    assert [e.signature for e in heard(sent, Decoder()) if isinstance(e, Reasoning)] == [
        *("", "s1", "", "s2"),
    ]


def test_a_stream_opens_and_closes_each_block_once() -> None:
    encoder = Encoder("m", "a1", 7)
    events: list[Event] = [
        Reasoning("hm"),
        Text("a"),
        ToolCall(0, "c", "f", "{"),
        ToolCall(1, "d", "g", "{}"),
    ]
    events += [ToolCall(0, arguments="}"), Finish("tool_calls")]
    sent = b"".join(map(encoder.feed, events)) + encoder.end()
    bodies = [
        json.decode(line.removeprefix(b"data: "))
        for line in sent.split(b"\n")
        if line.startswith(b"data: ")
    ]
    for kind in ("content_block_start", "content_block_stop"):
        assert sorted(b["index"] for b in bodies if b["type"] == kind) == [0, 1, 2, 3]
    assert (bodies[0]["type"], bodies[-1]["type"]) == ("message_start", "message_stop")


def test_arguments_that_are_no_object_cannot_be_answered_in_one_piece() -> None:
    with pytest.raises(Garbled, match="no JSON object"):
        encode_answer(Answer((ToolCall(0, "c", "f", "{"), Finish())), "m", "a1", 7)


@pytest.mark.parametrize("error", [Overloaded("busy"), Failed("out of memory")])
def test_a_stream_that_breaks_says_so_to_the_client(error: Failed | Overloaded) -> None:
    encoder = Encoder("m", "a1", 7)
    with pytest.raises(type(error), match=str(error)):
        heard(encoder.feed(Text("a")) + encoder.fail(error), Decoder())
