"""A conversation with tools, carried from each dialect to each other one."""

import itertools
from typing import Any

import pytest
from msgspec import json

from homeward.errors import Rejected
from homeward.model import Message, Request, TextPart, Tool, ToolCall
from homeward.wire import anthropic_messages, ollama, openai_chat, openai_responses, watsonx

from .dialects import ALL

WEATHER = Tool("get_weather", "Weather now", {"type": "object", "properties": {"city": {}}})
TALK = Request(
    (
        Message("system", "Be brief."),
        Message("user", "Weather in Paris, time in Rome?"),
        Message(
            "assistant",
            "Let me look.",
            tool_calls=(
                ToolCall(0, "call_a", "get_weather", '{"city":"Paris","days":[1,2.5,null]}'),
                ToolCall(1, "call_b", "get_time", '{"zone":"Europe/Rome"}'),
            ),
        ),
        Message("tool", "rain", tool_call_id="call_a"),
        Message("tool", "9:30", tool_call_id="call_b"),
        Message("assistant", "Rain, half past nine."),
        Message("user", "And here?"),
    ),
    tools=(WEATHER,),
)
PAIRS = list(itertools.permutations(ALL, 2))


def spoken(request: Request, name: str) -> Request:
    """What the server of a dialect reads when its client sends this request."""
    wire = ALL[name].wire
    asked: Request = wire.decode_request(json.encode(wire.encode_request(request, "m"))).request
    return asked


def gist(request: Request) -> list[tuple[Any, ...]]:
    """Who said what, with names, ids and arguments of calls."""
    return [
        (
            m.role,
            m.text,
            [(c.index, c.id, c.name, json.decode(c.arguments)) for c in m.tool_calls],
            m.tool_call_id,
        )
        for m in request.messages
    ]


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=["-".join(pair) for pair in PAIRS])
def test_names_ids_and_arguments_survive_translation(one: str, other: str) -> None:
    request = spoken(spoken(TALK, one), other)
    assert gist(request) == gist(TALK)
    assert request.tools == (WEATHER,)


def test_openai_gets_arguments_as_text_and_the_others_as_an_object() -> None:
    chat = openai_chat.encode_request(TALK, "m")["messages"][2]["tool_calls"][0]
    assert chat == {
        "id": "call_a",
        "type": "function",
        "function": {
            "name": "get_weather",
            "arguments": '{"city":"Paris","days":[1,2.5,null]}',
        },
    }
    native = ollama.encode_request(TALK, "m")["messages"][2]["tool_calls"][0]
    assert native["function"]["arguments"] == {"city": "Paris", "days": [1, 2.5, None]}
    block = anthropic_messages.encode_request(TALK, "m")["messages"][1]["content"][1]
    assert block["input"] == {"city": "Paris", "days": [1, 2.5, None]}


def test_ollama_is_told_which_tool_an_answer_is_from() -> None:
    answers = ollama.encode_request(TALK, "m")["messages"][3:5]
    assert [answer["tool_name"] for answer in answers] == ["get_weather", "get_time"]


def test_anthropic_gets_all_answers_in_the_turn_after_the_calls() -> None:
    turns = anthropic_messages.encode_request(TALK, "m")["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user", "assistant", "user"]
    results = turns[2]["content"]
    assert [block["tool_use_id"] for block in results] == ["call_a", "call_b"]


def test_responses_gets_an_item_for_each_call_and_answer() -> None:
    items = openai_responses.encode_request(TALK, "m")["input"]
    assert [item["type"] for item in items] == [
        *("message", "message", "message", "function_call", "function_call"),
        *("function_call_output", "function_call_output", "message", "message"),
    ]


def test_history_without_ids_is_paired_by_name_and_order() -> None:
    body = {
        "model": "m",
        "messages": [
            {"role": "user", "content": "?"},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {"function": {"name": "now", "arguments": {}}},
                    {"function": {"name": "get", "arguments": {"k": 1}}},
                    {"function": {"name": "get", "arguments": {"k": 2}}},
                ],
            },
            {"role": "tool", "tool_name": "get", "content": "one"},
            {"role": "tool", "tool_name": "now", "content": "9:30"},
            {"role": "tool", "content": "two"},
        ],
    }
    request = ollama.decode_request(json.encode(body)).request
    sent = openai_chat.encode_request(request, "m")["messages"]
    ids = {call["function"]["arguments"]: call["id"] for call in sent[1]["tool_calls"]}
    assert len(set(ids.values())) == 3
    assert [(m["content"], m["tool_call_id"]) for m in sent[2:]] == [
        ("one", ids['{"k":1}']),
        ("9:30", ids["{}"]),
        ("two", ids['{"k":2}']),
    ]


@pytest.mark.parametrize("wire", [ollama, anthropic_messages])
@pytest.mark.parametrize("arguments", ["{", "[1]", "Paris"])
def test_arguments_that_are_no_object_are_rejected_where_one_is_needed(
    wire: Any, arguments: str
) -> None:
    call = ToolCall(0, "call_a", "get_weather", arguments)
    request = Request((Message("user", "?"), Message("assistant", tool_calls=(call,))))
    with pytest.raises(Rejected, match="'get_weather' are no JSON object"):
        wire.encode_request(request, "m")
    assert openai_chat.encode_request(request, "m")["messages"][1]["tool_calls"]


def test_a_call_without_arguments_has_an_empty_object() -> None:
    talk = Request((Message("assistant", tool_calls=(ToolCall(0, "c", "now"),)),))
    function = openai_chat.encode_request(talk, "m")["messages"][0]["tool_calls"][0]["function"]
    assert function["arguments"] == "{}"
    assert (
        ollama.encode_request(talk, "m")["messages"][0]["tool_calls"][0]["function"]["arguments"]
        == {}
    )


def test_watsonx_gets_the_conversation_as_openai_does() -> None:
    sent = watsonx.encode_request(TALK, "ibm/granite", project_id="p")
    assert sent["messages"] == openai_chat.encode_request(TALK, "m")["messages"]


def test_a_tools_answer_in_parts_keeps_its_words() -> None:
    parts = (TextPart("ra"), TextPart("in"))
    call = Message("assistant", tool_calls=(ToolCall(0, "call_a", "get_weather", "{}"),))
    talk = Request((call, Message("tool", parts, tool_call_id="call_a")))
    for name in ALL:
        assert spoken(talk, name).messages[-1].text == "rain"


ONE_CALL: dict[str, dict[str, Any]] = {
    "openai_chat": {"parallel_tool_calls": False},
    "openai_responses": {"parallel_tool_calls": False},
    "anthropic_messages": {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
}
SPEAK_OF_IT = [(one, other) for one, other in itertools.product(ONE_CALL, repeat=2)]


@pytest.mark.parametrize(("one", "other"), SPEAK_OF_IT)
def test_one_call_at_a_time_is_asked_for_in_each_protocols_words(one: str, other: str) -> None:
    wire = ALL[one].wire
    body = {**wire.encode_request(TALK, "m"), **ONE_CALL[one]}
    request = wire.decode_request(json.encode(body)).request
    written = ALL[other].wire.encode_request(request, "m")
    assert written.items() >= ONE_CALL[other].items()
