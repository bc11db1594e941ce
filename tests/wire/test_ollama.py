"""What is particular to Ollama's native chat."""

from typing import Any

import pytest
from msgspec import json

from homeward.errors import Failed, Garbled, Rejected
from homeward.model import (
    Finish,
    ImagePart,
    Message,
    Reasoning,
    Request,
    ResponseFormat,
    Text,
    TextPart,
    Tool,
    ToolCall,
    ToolNamed,
    Usage,
)
from homeward.wire import openai_chat
from homeward.wire.ollama import Decoder, Encoder, decode_answer, decode_request, encode_request

USER = {"role": "user", "content": "hi"}


def asked(**fields: Any) -> Request:
    return decode_request(json.encode({"model": "m", "messages": [USER], **fields})).request


def test_whether_to_stream_is_always_said() -> None:
    assert encode_request(Request.of("hi"), "m") == {
        "model": "m",
        "messages": [USER],
        "stream": True,
    }
    assert encode_request(Request.of("hi"), "m", stream=False)["stream"] is False
    assert decode_request(b'{"model":"m"}').stream


def test_sampling_goes_to_the_options_beside_what_we_do_not_read() -> None:
    options = {"num_ctx": 8192, "temperature": 0.5, "num_predict": 9, "stop": ["END"]}
    request = asked(options=options, keep_alive="5m", truncate=False)
    assert (request.sampling.temperature, request.sampling.max_tokens) == (0.5, 9)
    sent = encode_request(request, "m")
    assert sent["options"] == options
    assert (sent["keep_alive"], sent["truncate"]) == ("5m", False)


@pytest.mark.parametrize(
    ("effort", "think"),
    [("none", False), ("minimal", "low"), ("low", "low"), ("high", "high"), ("xhigh", "max")],
)
def test_effort_is_how_much_it_thinks(effort: str, think: Any) -> None:
    assert encode_request(Request.of("hi", effort=effort), "m")["think"] == think


@pytest.mark.parametrize(("think", "effort"), [(False, "none"), ("low", "low"), (True, None)])
def test_think_is_read_and_a_bare_true_kept(think: Any, effort: str | None) -> None:
    request = asked(think=think)
    assert request.effort == effort
    assert encode_request(request, "m")["think"] == think


def test_a_format_is_json_or_a_schema() -> None:
    schema = {"type": "object"}
    plain = Request.of("hi", response_format=ResponseFormat())
    assert encode_request(plain, "m")["format"] == "json"
    assert encode_request(asked(format=schema), "m")["format"] == schema


@pytest.mark.parametrize(("wanted", "sent"), [(0, None), (3, 3)])
def test_logprobs_without_alternatives_need_none(wanted: int, sent: int | None) -> None:
    body = encode_request(Request.of("hi").sampled(logprobs=wanted), "m")
    assert (body["logprobs"], body.get("top_logprobs")) == (True, sent)
    assert decode_request(json.encode(body)).request.sampling.logprobs == wanted


def test_pictures_are_sent_as_bare_base64_and_their_kind_is_told_again() -> None:
    parts = (TextPart("what?"), ImagePart("data:image/webp;base64,UklGRg=="))
    sent = encode_request(Request((Message("user", parts),)), "m")
    assert sent["messages"] == [{"role": "user", "content": "what?", "images": ["UklGRg=="]}]
    assert decode_request(json.encode(sent)).request.messages[0].content == parts


def test_a_picture_at_an_address_is_refused_with_what_to_do() -> None:
    talk = Request((Message("user", (ImagePart("https://example.org/a.png"),)),))
    with pytest.raises(Rejected, match="send this one as a `data:image"):
        encode_request(talk, "m")


@pytest.mark.parametrize(
    ("choice", "names"),
    [("none", []), ("auto", ["f", "g"]), ("required", ["f", "g"]), (ToolNamed("g"), ["g"])],
)
def test_a_tool_choice_is_kept_by_leaving_tools_out(choice: Any, names: list[str]) -> None:
    request = Request.of("hi", tools=(Tool("f"), Tool("g")), tool_choice=choice)
    sent = encode_request(request, "m")
    assert [tool["function"]["name"] for tool in sent.get("tools", [])] == names
    assert "tool_choice" not in sent


def test_a_developer_speaks_as_the_system() -> None:
    talk = Request((Message("developer", "Be brief."),))
    assert encode_request(talk, "m")["messages"][0]["role"] == "system"


def test_ollamas_fields_stay_out_of_openais() -> None:
    request = asked(keep_alive="5m", options={"num_ctx": 8192, "temperature": 0.5})
    sent = openai_chat.encode_request(request, "m", stream=False)
    assert sent == {"model": "m", "messages": [USER], "temperature": 0.5}


def test_a_call_without_arguments_is_one_with_an_empty_object() -> None:
    line = {"message": {"tool_calls": [{"function": {"name": "now"}}]}, "done": True}
    assert decode_answer(json.encode(line))[0] == ToolCall(0, "", "now", "{}")


def test_loading_a_model_is_an_empty_answer() -> None:
    line = {"model": "m", "message": {"content": ""}, "done": True, "done_reason": "load"}
    assert decode_answer(json.encode(line)) == [Usage("", "m"), Finish()]


def test_the_server_sends_calls_whole_and_last() -> None:
    encoder = Encoder("m", "a1", 0)
    assert encoder.feed(ToolCall(0, "", "f", '{"k":')) == b""
    assert encoder.feed(ToolCall(0, arguments="1}")) == b""
    encoder.feed(Usage("c", "m", input_tokens=2, output_tokens=3, seconds=0.5, load_seconds=0.25))
    encoder.feed(Finish("tool_calls"))
    calls, last = (json.decode(line) for line in encoder.end().splitlines())
    assert calls["message"]["tool_calls"] == [
        {"id": "call_a1_0", "function": {"index": 0, "name": "f", "arguments": {"k": 1}}}
    ]
    assert last == {
        "model": "m",
        "created_at": "1970-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": "stop",
        "total_duration": 500_000_000,
        "load_duration": 250_000_000,
        "prompt_eval_count": 2,
        "eval_count": 3,
    }


def test_arguments_that_are_no_object_cannot_be_answered() -> None:
    encoder = Encoder("m", "a1", 0)
    encoder.feed(ToolCall(0, "c", "f", "{"))
    with pytest.raises(Garbled, match="no JSON object"):
        encoder.end()


def test_thinking_has_a_field_of_its_own() -> None:
    line = json.decode(Encoder("m", "a1", 0).feed(Reasoning("hm")))
    assert line["message"] == {"role": "assistant", "content": "", "thinking": "hm"}


def test_a_stream_that_breaks_says_so_to_the_client() -> None:
    line = Encoder("m", "a1", 0).fail(Failed("out of memory"))
    with pytest.raises(Failed, match="out of memory"):
        Decoder().feed(line)


def test_words_after_the_last_line_are_not_heard() -> None:
    decoder = Decoder()
    decoder.feed(b'{"done":true}')
    assert decoder.feed(b'{"message":{"content":"more"}}') == []
    assert Text("more") in Decoder().feed(b'{"message":{"content":"more"}}')
