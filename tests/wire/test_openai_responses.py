"""What is particular to OpenAI's responses."""

from typing import Any

import pytest
from msgspec import json
from msgspec.structs import replace

from homeward.errors import Failed, Garbled
from homeward.model import Event, Finish, Message, Raw, Reasoning, Request, Text, TextPart, ToolCall
from homeward.wire import openai_chat
from homeward.wire.openai_responses import (
    Decoder,
    Encoder,
    decode_answer,
    decode_request,
    encode_request,
)

from .recordings import heard

THOUGHT = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "hm"}],
    "encrypted_content": "gAAA",
}
SEARCH = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {}}
SAID = {
    "type": "message",
    "id": "msg_1",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Blue.", "annotations": []}],
}
CALL = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "f",
    "arguments": "{}",
    "status": "completed",
}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "ok", "id": "o_1"}


def asked(items: Any, **fields: Any) -> Request:
    return decode_request(json.encode({"model": "m", "input": items, **fields})).request


def test_items_that_are_not_read_go_through_in_their_places() -> None:
    items = [
        {"type": "message", "role": "user", "content": [{"type": "input_file", "file_id": "f"}]},
        THOUGHT,
        SEARCH,
        SAID,
        CALL,
        {**CALL, "id": "fc_2", "call_id": "call_2"},
        OUTPUT,
        {**OUTPUT, "call_id": "call_2"},
        {"type": "item_reference", "id": "msg_0"},
    ]
    request = asked(items)
    assert encode_request(request, "m")["input"] == items
    assert [m.role for m in request.messages] == ["user", "assistant", "tool", "tool", "assistant"]
    assert request.messages[1].content[:2] == (
        Raw("openai_responses", THOUGHT),
        Raw("openai_responses", SEARCH),
    )


def test_another_dialect_hears_the_words_among_the_items() -> None:
    request = asked([{"role": "user", "content": "why?"}, THOUGHT, SEARCH, SAID, CALL, OUTPUT])
    sent = openai_chat.encode_request(request, "m")["messages"]
    assert [m["role"] for m in sent] == ["user", "assistant", "tool"]
    assert sent[1]["content"] == [{"type": "text", "text": "Blue."}]
    assert sent[1]["reasoning_content"] == "hm"
    assert sent[1]["tool_calls"][0]["id"] == "call_1"


def test_a_message_of_foreign_items_alone_is_left_out() -> None:
    request = asked([{"role": "user", "content": "why?"}, {"type": "item_reference", "id": "x"}])
    assert len(openai_chat.encode_request(request, "m")["messages"]) == 1


def test_words_added_to_a_message_are_sent_though_something_lay_beside_the_others() -> None:
    request = asked([SAID])
    message = request.messages[0]
    longer = replace(message, content=(*message.content, TextPart("!")))
    sent = encode_request(request.with_(messages=(longer,)), "m")["input"]
    assert [part["text"] for part in sent[0]["content"]] == ["Blue.", "!"]


def test_instructions_are_a_first_system_message() -> None:
    request = asked("hi", instructions="Be brief.")
    assert request.messages == (Message("system", "Be brief."), Message("user", "hi"))


def test_fields_that_are_not_read_go_through_unharmed() -> None:
    unread = {
        "store": False,
        "previous_response_id": "resp_0",
        "include": ["reasoning.encrypted_content"],
        "reasoning": {"effort": "low", "summary": "auto"},
        "text": {"verbosity": "low", "format": {"type": "json_object"}},
        "tools": [{"type": "web_search"}, {"type": "function", "name": "f", "x": 1}],
        "tool_choice": {"type": "web_search"},
    }
    sent = encode_request(asked("hi", **unread), "m", stream=False)
    assert {name: sent[name] for name in unread} == unread


def test_logprobs_are_included_beside_what_else_is() -> None:
    request = asked("hi", include=["a", "message.output_text.logprobs"], top_logprobs=2)
    assert request.sampling.logprobs == 2
    sent = encode_request(request, "m")
    assert sent["include"] == ["a", "message.output_text.logprobs"]


def test_a_schema_keeps_its_name_and_description() -> None:
    wanted = {
        "type": "json_schema",
        "name": "n",
        "schema": {"type": "object"},
        "strict": True,
        "description": "d",
    }
    request = asked("hi", text={"format": wanted})
    assert request.response_format is not None
    assert (request.response_format.name, request.response_format.strict) == ("n", True)
    assert encode_request(request, "m")["text"] == {"format": wanted}


def test_arguments_that_came_only_whole_are_heard_once() -> None:
    item = {"type": "function_call", "id": "fc", "call_id": "c", "name": "f"}
    frames = [
        {"type": "response.output_item.added", "item": {**item, "arguments": ""}},
        {
            "type": "response.function_call_arguments.done",
            "item_id": "fc",
            "arguments": '{"k":1}',
        },
        {"type": "response.output_item.done", "item": {**item, "arguments": '{"k":1}'}},
    ]
    decoder = Decoder()
    events = [event for frame in frames for event in decoder.feed(json.encode(frame))]
    assert events == [ToolCall(0, "c", "f"), ToolCall(0, arguments='{"k":1}')]


def test_an_answer_that_came_only_at_the_end_is_heard() -> None:
    response = {"status": "completed", "output": [SAID]}
    last = json.encode({"type": "response.completed", "response": response})
    assert Decoder().feed(last) == [Text("Blue."), Finish()]


def test_arguments_of_a_call_that_never_began_are_garbled() -> None:
    stray = {"type": "response.function_call_arguments.delta", "item_id": "x", "delta": "{"}
    with pytest.raises(Garbled, match="had not begun"):
        Decoder().feed(json.encode(stray))


def test_an_answer_that_failed_is_raised() -> None:
    with pytest.raises(Failed, match="no luck"):
        decode_answer(b'{"status":"failed","error":{"code":"server_error","message":"no luck"}}')


def test_the_servers_frames_are_numbered_and_named_as_their_type() -> None:
    encoder = Encoder("m", "a1", 7)
    events: list[Event] = [
        Reasoning("hm", "seal"),
        Text("Bl"),
        Text("ue"),
        ToolCall(0, "c", "f", "{}"),
        Finish(),
    ]
    sent = b"".join(map(encoder.feed, events)) + encoder.end()
    blocks = [block.split(b"\n") for block in sent.strip().split(b"\n\n")]
    frames = [json.decode(data.removeprefix(b"data: ")) for _, data in blocks]
    assert [frame["sequence_number"] for frame in frames] == list(range(len(frames)))
    assert [b"event: " + frame["type"].encode() for frame in frames] == [head for head, _ in blocks]
    last = frames[-1]["response"]
    assert [item["type"] for item in last["output"]] == ["reasoning", "message", "function_call"]
    assert last["output"][0]["encrypted_content"] == "seal"
    done = [f["item"] for f in frames if f["type"] == "response.output_item.done"]
    assert done == last["output"]
    assert heard(sent, Decoder())[-1] == Finish("tool_calls")


def test_a_stream_that_breaks_says_so_to_the_client() -> None:
    encoder = Encoder("m", "a1", 7)
    with pytest.raises(Failed, match="out of memory"):
        heard(encoder.feed(Text("a")) + encoder.fail(Failed("out of memory")), Decoder())
