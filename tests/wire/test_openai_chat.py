"""What is particular to OpenAI's chat and its family."""

from typing import Any

import pytest
from msgspec import json

from homeward.errors import Failed, Garbled, Rejected
from homeward.model import (
    Decision,
    Finish,
    ImagePart,
    Message,
    Raw,
    Reasoning,
    Request,
    ResponseFormat,
    Sampling,
    Text,
    TextPart,
    Tool,
    ToolCall,
    ToolNamed,
    Usage,
    join_calls,
)
from homeward.wire import anthropic_messages
from homeward.wire.openai_chat import (
    Decoder,
    Encoder,
    decode_answer,
    decode_request,
    encode_request,
)

USER = {"role": "user", "content": "hi"}


def asked(**fields: Any) -> Request:
    return decode_request(json.encode({"model": "m", "messages": [USER], **fields})).request


def again(**fields: Any) -> dict[str, Any]:
    """A client's body, read and sent on."""
    return encode_request(asked(**fields), "m", stream=False)


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    return json.encode({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def test_a_bodys_fields_are_read_where_the_protocol_has_them() -> None:
    request = asked(
        temperature=0,
        max_completion_tokens=9,
        stop="END",
        logprobs=True,
        top_logprobs=3,
        reasoning_effort="low",
        response_format={"type": "json_object"},
    )
    assert request.sampling == Sampling(temperature=0, max_tokens=9, stop=("END",), logprobs=3)
    assert request.effort == "low"
    assert request.response_format == ResponseFormat()
    assert request.extra == {}


def test_fields_that_are_not_read_go_through_unharmed() -> None:
    unread = {
        "grammar": 'root ::= "a"',
        "chat_template_kwargs": {"enable_thinking": False},
        "logit_bias": {"5": -100},
        "parallel_tool_calls": False,
        "response_format": {"type": "grammar", "value": "x"},
        "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto"}},
        "cache_prompt": None,
    }
    assert again(**unread) == {"model": "m", "messages": [USER], **unread}


def test_what_lies_beside_a_known_field_stays_beside_it() -> None:
    schema = {"name": "n", "schema": {"type": "object"}, "description": "for the model"}
    body: dict[str, Any] = {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}},
                    {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}},
                ],
                "x_trace": 7,
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "f", "arguments": "{}"},
                        "extra_content": {"google": {"thought_signature": "s"}},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "ok"},
        ],
        "tools": [
            {"type": "function", "function": {"name": "f"}, "cache_control": {}},
            {"type": "custom", "custom": {"name": "shell"}},
        ],
        "response_format": {"type": "json_schema", "json_schema": schema},
    }
    assert again(**body) == {"model": "m", **body}


def test_leftovers_do_not_outlive_what_they_lay_beside() -> None:
    schema = {"name": "n", "schema": {"type": "object"}, "description": "for the model"}
    request = asked(
        response_format={"type": "json_schema", "json_schema": schema},
        tools=[{"type": "function", "function": {"name": "f"}, "x": 1}],
    )
    without = encode_request(request.with_(response_format=None, tools=()), "m", stream=False)
    assert set(without) == {"model", "messages"}


def test_raw_parts_and_tools_stay_out_of_other_dialects() -> None:
    audio = {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}}
    request = asked(
        messages=[
            {"role": "user", "content": [audio]},
            {"role": "user", "content": [{"type": "text", "text": "hi"}, audio]},
        ],
        tools=[{"type": "custom", "custom": {"name": "shell"}}],
    )
    assert request.messages[0].content == (Raw("openai_chat", audio),)
    sent = anthropic_messages.encode_request(request, "m")
    assert sent["messages"] == [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]
    assert "tools" not in sent


def test_openai_itself_gets_the_names_that_it_wants() -> None:
    request = Request((Message("assistant", "4", reasoning="2+2"),)).sampled(max_tokens=5)
    sent = encode_request(
        request, "m", max_tokens_field="max_completion_tokens", reasoning_field=None
    )
    assert sent["max_completion_tokens"] == 5
    assert "max_tokens" not in sent
    assert sent["messages"] == [{"role": "assistant", "content": "4"}]


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning_in_history_is_read_by_either_name(field: str) -> None:
    request = asked(messages=[{"role": "assistant", "content": "4", field: "2+2"}])
    assert request.messages[0].reasoning == "2+2"


def test_a_stream_asks_for_its_usage_and_keeps_other_options() -> None:
    request = asked(stream_options={"include_usage": False, "include_obfuscation": False})
    sent = encode_request(request, "m")
    assert sent["stream_options"] == {"include_usage": True, "include_obfuscation": False}
    assert "stream_options" not in encode_request(request, "m", stream=False)


def test_whether_the_client_wants_usage_is_told_apart() -> None:
    body = {"model": "m", "messages": [USER], "stream": True}
    assert not decode_request(json.encode(body)).usage
    wanting = json.encode({**body, "stream_options": {"include_usage": True}})
    assert decode_request(wanting).usage


@pytest.mark.parametrize("wanted", [0, 1])
def test_at_least_one_alternative_is_asked_for(wanted: int) -> None:
    sent = encode_request(Request.of("hi").sampled(logprobs=wanted), "m")
    assert (sent["logprobs"], sent["top_logprobs"]) == (True, 1)


def test_several_answers_of_one_call_are_refused() -> None:
    assert "n" not in asked(n=1).extra
    with pytest.raises(Rejected, match="`n` must be 1"):
        asked(n=2)
    with pytest.raises(Rejected, match="`n` must be 1"):
        encode_request(Request.of("hi", extra={"n": 3}), "m")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"messages": [USER]}, "`model` is missing"),
        ({"model": "m"}, "`messages` is missing"),
        ({"model": "m", "messages": [{"role": "ghost"}]}, "'ghost' is no role"),
        ({"model": "m", "messages": [USER], "temperature": "hot"}, "`temperature` is wrong"),
        ({"model": "m", "messages": [USER], "stop": [1]}, "`stop` must be"),
        ({"model": "m", "messages": [7]}, "not a JSON object"),
    ],
)
def test_a_wrong_field_is_named(body: dict[str, Any], words: str) -> None:
    with pytest.raises(Rejected, match=words):
        decode_request(json.encode(body))


def test_a_tool_choice_without_tools_is_not_sent() -> None:
    assert "tool_choice" not in encode_request(Request.of("hi", tool_choice="required"), "m")
    named = Request.of("hi", tools=(Tool("f"),), tool_choice=ToolNamed("f"))
    assert encode_request(named, "m")["tool_choice"] == {
        "type": "function",
        "function": {"name": "f"},
    }


def test_pictures_keep_their_detail() -> None:
    picture = ImagePart("https://example.org/a.png", "high")
    sent = encode_request(Request((Message("user", (TextPart("?"), picture)),)), "m")
    assert sent["messages"][0]["content"][1] == {
        "type": "image_url",
        "image_url": {"url": "https://example.org/a.png", "detail": "high"},
    }


@pytest.mark.parametrize(
    "pieces",
    [
        [{"index": 0, "id": "a"}, {"index": 0}, {"index": 1, "id": "b"}, {"index": 1}],
        [{"id": "a"}, {}, {"id": "b"}, {}],  # no index at all
        [{"index": 0, "id": "a"}, {"index": 0}, {"index": 0, "id": "b"}, {"index": 0}],
        [{"index": 0, "id": "a"}, {"index": 0, "id": "a"}, {"index": 1, "id": "b"}, {"index": 1}],
        [{"index": 0, "id": "a"}, {"index": 1, "id": "b"}, {"index": 0}, {"index": 1}],  # in turns
    ],
)
def test_pieces_of_calls_are_told_apart(pieces: list[dict[str, Any]]) -> None:
    decoder = Decoder()
    for piece in pieces:
        piece["function"] = {"name": "f" if "id" in piece else None, "arguments": "{"}
    events = [e for p in pieces for e in decoder.feed(chunk({"tool_calls": [p]}))]
    assert [e.index for e in events if isinstance(e, ToolCall)].count(0) == 2
    assert [e.index for e in events if isinstance(e, ToolCall)].count(1) == 2


def test_only_the_first_choice_is_heard() -> None:
    body = {"choices": [{"index": 1, "delta": {"content": "other"}}]}
    assert Decoder().feed(json.encode(body)) == []


def test_usage_after_the_finish_comes_before_ours() -> None:
    decoder = Decoder()
    assert decoder.feed(chunk({"content": "a"}, "length")) == [Text("a")]
    assert decoder.feed(b'{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}') == []
    bill = Usage("", "", input_tokens=1, output_tokens=2)
    assert decoder.feed(b"[DONE]") == [bill, Finish("length")]
    assert decoder.end() == []


def test_a_stream_may_end_with_done_alone() -> None:
    decoder = Decoder()
    decoder.feed(chunk({"content": "a"}))
    assert decoder.feed(b"[DONE]") == [Finish()]


def test_the_first_of_two_names_for_the_same_thought_is_heard() -> None:
    both = chunk({"reasoning": "hm", "reasoning_content": "hm"})
    assert Decoder().feed(both) == [Reasoning("hm")]


def test_a_finish_that_is_an_error_is_raised() -> None:
    with pytest.raises(Failed, match="'error'"):
        Decoder().feed(chunk({}, "error"))


def test_an_answer_without_a_choice_is_garbled() -> None:
    with pytest.raises(Garbled):
        decode_answer(b'{"object":"chat.completion","choices":[]}')


def test_calls_in_one_piece_need_no_index() -> None:
    calls = [{"function": {"name": name, "arguments": {"k": 1}}} for name in "fg"]
    body = {"choices": [{"index": 0, "message": {"tool_calls": calls}}]}
    assert decode_answer(json.encode(body)) == [
        ToolCall(0, "", "f", '{"k":1}'),
        ToolCall(1, "", "g", '{"k":1}'),
        Finish("tool_calls"),
    ]


def test_the_server_sends_a_role_once_and_usage_only_when_asked() -> None:
    encoder = Encoder("m", "a1", 7, usage=False)
    assert b'"role":"assistant"' in encoder.feed(Text("a"))
    assert b"role" not in encoder.feed(Text("b"))
    assert encoder.feed(Usage("c", "m", input_tokens=3)) == b""
    encoder.feed(Finish())
    assert encoder.end() == b"data: [DONE]\n\n"


def test_the_bill_of_a_stream_is_that_of_every_call() -> None:
    encoder = Encoder("m", "a1", 7)
    for tokens in (3, 4):
        encoder.feed(Usage("c", "m", input_tokens=tokens, output_tokens=1))
    last = json.decode(encoder.end().split(b"\n")[0].removeprefix(b"data: "))
    assert last["usage"]["prompt_tokens"] == 7
    assert last["usage"]["total_tokens"] == 9


def test_a_note_takes_no_bytes() -> None:
    assert Encoder("m", "a1", 7).feed(Decision("router", "a", "it is short")) == b""


def test_a_call_without_an_id_is_given_one() -> None:
    frame = Encoder("m", "a1", 7).feed(ToolCall(0, "", "f", "{}"))
    assert b'"id":"call_a1_0"' in frame


def test_a_stream_that_breaks_says_so_to_the_client() -> None:
    frame = Encoder("m", "a1", 7).fail(Failed("out of memory"))
    with pytest.raises(Failed, match="out of memory"):
        Decoder().feed(frame.removeprefix(b"data: ").strip())


def test_the_seal_on_a_call_comes_back_with_the_next_turn() -> None:
    seal = {"google": {"thought_signature": "c2VhbA=="}}
    call = {"id": "c", "function": {"name": "f", "arguments": "{}"}, "extra_content": seal}
    choice = {"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}
    decoder = Decoder()
    events = decoder.feed(json.encode({"choices": [choice]})) + decoder.end()
    [heard] = join_calls(event for event in events if isinstance(event, ToolCall))
    assert heard.signature == "c2VhbA=="
    history = Request((Message("user", "go"), Message("assistant", tool_calls=(heard,))))
    body = encode_request(history, "m")
    assert body["messages"][1]["tool_calls"][0]["extra_content"] == seal
    assert decode_request(json.encode(body)).request.messages[1].tool_calls == (heard,)
