"""What is particular to Replicate's predictions."""

import pytest

from homeward.errors import Failed, Rejected
from homeward.model import Finish, ImagePart, Message, Request, Text, TextPart, Tool, ToolCall
from homeward.wire.replicate import Decoder, decode_answer, encode_request


def test_a_question_is_the_prompt_as_it_is() -> None:
    request = Request((Message("system", "Be brief."), Message("user", "why?")))
    request = request.sampled(max_tokens=5, temperature=0.5, stop=("a", "b"))
    assert encode_request(request, "meta/llama") == {
        "input": {
            "prompt": "why?",
            "system_prompt": "Be brief.",
            "max_tokens": 5,
            "temperature": 0.5,
            "stop_sequences": "a,b",
        },
        "stream": True,
    }


def test_a_conversation_is_one_prompt_with_its_speakers() -> None:
    talk = (Message("user", "a"), Message("assistant", "b"), Message("user", "c"))
    sent = encode_request(Request(talk), "m", stream=False)
    assert sent == {"input": {"prompt": "User: a\n\nAssistant: b\n\nUser: c\n\nAssistant:"}}


def test_a_version_goes_into_the_body() -> None:
    assert encode_request(Request.of("hi"), "owner/name:5c78")["version"] == "5c78"


def test_fields_of_a_models_own_input_go_through() -> None:
    request = Request.of("hi", extra={"input": {"top_a": 1, "prompt": "no"}}, dialect="replicate")
    assert encode_request(request, "m")["input"] == {"prompt": "hi", "top_a": 1}


def test_one_picture_is_looked_at_and_two_are_refused() -> None:
    picture = ImagePart("https://example.org/a.png")
    one = Request((Message("user", (TextPart("what?"), picture)),))
    assert encode_request(one, "m")["input"]["image"] == "https://example.org/a.png"
    with pytest.raises(Rejected, match="one image"):
        encode_request(Request((Message("user", (picture, picture)),)), "m")


@pytest.mark.parametrize(
    "request_",
    [
        Request.of("hi", tools=(Tool("f"),)),
        Request((Message("assistant", tool_calls=(ToolCall(0, "c", "f", "{}"),)),)),
    ],
)
def test_tools_are_refused_with_what_to_do(request_: Request) -> None:
    with pytest.raises(Rejected, match="leave them out"):
        encode_request(request_, "m")


def test_an_output_may_be_one_text() -> None:
    assert decode_answer(b'{"status":"succeeded","output":"hi"}') == [Text("hi"), Finish()]


def test_a_prediction_that_was_canceled_says_so() -> None:
    with pytest.raises(Failed, match="canceled"):
        decode_answer(b'{"status":"canceled"}')


def test_done_without_words_is_the_end() -> None:
    decoder = Decoder()
    assert decoder.feed(b"", "done") == [Finish()]
    assert decoder.end() == []
