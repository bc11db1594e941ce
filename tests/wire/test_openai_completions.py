"""What is particular to OpenAI's first protocol."""

from typing import Any

import pytest
from msgspec import json

from homeward.completion import Completion
from homeward.errors import Failed, Rejected
from homeward.model import (
    Answer,
    Finish,
    Logprob,
    Message,
    Reasoning,
    Sampling,
    Text,
    ToolCall,
    Usage,
)
from homeward.wire.openai_completions import DIALECT, Encoder, decode_request, encode_answer

SURE = (
    Text("Bl", (Logprob("Bl", -0.5, (("Bl", -0.5), ("R", -1.5))),)),
    Text("ue", (Logprob("ue", float("-inf")),)),
    Finish(),
)


def decoded(**fields: Any) -> Completion:
    asked = decode_request(json.encode({"model": "m", "prompt": "p", **fields}))
    assert asked.completion is not None
    return asked.completion


def streamed(*events: Any, usage: bool = False) -> list[Any]:
    encoder = Encoder("m", "cmpl-1", 0, usage=usage)
    data = b"".join([*map(encoder.feed, events), encoder.end()])
    frames = [frame.removeprefix(b"data: ") for frame in data.split(b"\n\n")]
    return [json.decode(frame) for frame in frames if frame.startswith(b"{")]


def test_a_bodys_fields_are_read_and_the_rest_is_carried() -> None:
    completion = decoded(suffix="s", max_tokens=9, logprobs=2, stop="END", user="u", top_k=5)
    sampling = Sampling(max_tokens=9, logprobs=2, stop=("END",), top_k=5)
    assert completion == Completion("p", "s", sampling, extra={"user": "u"}, dialect=DIALECT)


def test_the_prompt_is_also_a_question_for_models_that_chat() -> None:
    asked = decode_request(b'{"model": "m", "prompt": "p", "temperature": 0, "seed": 1}')
    assert asked.request.messages == (Message("user", "p"),)
    assert asked.request.sampling == Sampling(temperature=0, seed=1)


def test_an_empty_suffix_is_none() -> None:
    assert decoded(suffix="").suffix is None


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        (None, "must be a text"),
        (["a", "b"], "has 2 texts: send one in each request"),
        ([1, 2], "token numbers"),
        ([[1, 2]], "token numbers"),
        ([], "must be a text, or a list with one text in it"),
    ],
)
def test_a_prompt_is_one_text(prompt: Any, said: str) -> None:
    with pytest.raises(Rejected, match="`prompt`.*" + said):
        decoded(prompt=prompt)


def test_logprobs_are_columns_with_the_place_of_each_token() -> None:
    answer = json.decode(encode_answer(Answer(SURE), "m", "cmpl-1", 0))
    assert answer["choices"][0]["logprobs"] == {
        "tokens": ["Bl", "ue"],
        "token_logprobs": [-0.5, -9999.0],
        "top_logprobs": [{"Bl": -0.5, "R": -1.5}, {}],
        "text_offset": [0, 2],
    }


def test_places_go_on_from_piece_to_piece_of_a_stream() -> None:
    chunks = streamed(*SURE)
    places = [chunk["choices"][0]["logprobs"]["text_offset"] for chunk in chunks[:2]]
    assert places == [[0], [2]]


def test_thoughts_and_calls_have_no_place_in_a_text() -> None:
    chunks = streamed(Reasoning("hm"), ToolCall(0, "c", "f", "{}"), Text("a"), Finish("tool_calls"))
    choices = [chunk["choices"][0] for chunk in chunks]
    assert [(one["text"], one["finish_reason"]) for one in choices] == [("a", None), ("", "stop")]


def test_the_bill_is_the_last_chunk_where_it_was_asked_for() -> None:
    chunks = streamed(Text("a"), Usage("", "m", 3, 1), Finish("length"), usage=True)
    assert [chunk["usage"] and chunk["usage"]["total_tokens"] for chunk in chunks] == [
        None,
        None,
        4,
    ]


def test_a_failure_is_told_as_an_error() -> None:
    frame = Encoder("m", "cmpl-1", 0).fail(Failed("no"))
    assert json.decode(frame[6:])["error"]["message"] == "no"
