"""Ollama's bodies, read and written as a server does."""

from contextlib import suppress
from json import dumps
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from homeward.embedding import Embeddings
from homeward.errors import Failed, Rejected
from homeward.model import Answer, Finish, Logprob, Reasoning, Text, ToolCall, Usage
from homeward.wire.ollama import decode_request, embed, generate
from homeward.wire.ollama.options import unloads
from homeward.wire.ollama.serving import Encoder, encode_answer

USER = {"role": "user", "content": "hi"}


def chat(**fields: Any) -> Any:
    return decode_request(json.encode({"model": "m", "messages": [USER], **fields})).request


# ---------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("num_ctx", "4096", "integer"),
        ("seed", True, "integer"),
        ("top_k", 10**30, "integer"),
        ("temperature", "hot", "float32"),
        ("use_mmap", 1, "boolean"),
    ],
)
def test_an_option_of_a_wrong_kind_is_rejected(name: str, value: Any, kind: str) -> None:
    with pytest.raises(Rejected, match=f'option "{name}" must be of type {kind}'):
        chat(options={name: value})


def test_a_fraction_is_cut_where_an_integer_belongs() -> None:
    assert chat(options={"top_k": 40.9, "temperature": 1}).sampling.top_k == 40


def test_a_number_below_zero_means_no_limit_and_any_seed() -> None:
    sampling = chat(options={"num_predict": -1, "seed": -1}).sampling
    assert (sampling.max_tokens, sampling.seed) == (None, None)


@pytest.mark.parametrize("said", [0, 0.0, "0", "0s", "0h0m0s", "-0s"])
def test_no_time_at_all_unloads(said: Any) -> None:
    assert unloads(said)


@pytest.mark.parametrize("said", [None, 1, -1, 0.5, "5m", "1h30m", "-1s", "100ms", "0.5s"])
def test_any_other_time_does_not(said: Any) -> None:
    assert not unloads(said)


@pytest.mark.parametrize("said", ["", "soon", "5", True, [], "5 m"])
def test_what_is_no_time_is_rejected(said: Any) -> None:
    with pytest.raises(Rejected, match="keep_alive"):
        unloads(said)


@pytest.mark.parametrize("fields", [{"format": "xml"}, {"format": 1}, {"think": 1}, {"think": ""}])
def test_what_ollama_would_refuse_is_rejected(fields: Any) -> None:
    with pytest.raises(Rejected):
        chat(**fields)


# ---------------------------------------------------------------- answers


def lines(encoder: Any, *events: Any) -> list[Any]:
    data = b"".join(encoder.feed(event) for event in events) + encoder.end()
    return [json.decode(line) for line in data.splitlines()]


def test_durations_are_nanoseconds_and_what_is_zero_is_left_out() -> None:
    usage = Usage("c", "m", 7, 3, seconds=2.0, first_seconds=0.75, load_seconds=0.5)
    [last] = lines(Encoder("m", "id", 0), usage, Finish("length"))
    assert last == {
        "model": "m",
        "created_at": "1970-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": "length",
        "total_duration": 2_000_000_000,
        "load_duration": 500_000_000,
        "prompt_eval_count": 7,
        "prompt_eval_duration": 250_000_000,
        "eval_count": 3,
        "eval_duration": 1_250_000_000,
    }
    assert lines(Encoder("m", "id", 0), Finish())[0].keys() == last.keys() - {
        *(name for name in last if name.endswith(("duration", "count")))
    }


@given(st.text())
def test_every_text_comes_whole(text: str) -> None:
    [line, _] = lines(Encoder('a"\0', "id", 0), Text(text), Finish())
    assert line["message"] == {"role": "assistant", "content": text}
    assert line["model"] == 'a"\0'


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"])
def test_no_text_looks_like_the_end_of_a_line(character: str) -> None:
    line = Encoder("m", "1", 0).feed(Text(f"é{character}b")).decode()
    assert len(line.splitlines()) == 1
    assert json.decode(line)["message"]["content"] == f"é{character}b"


def test_a_prompts_answer_has_a_response_and_no_message() -> None:
    events = (Reasoning("hm"), Text("yes"), ToolCall(0, "1", "f", "{}"), Finish("tool_calls"))
    found = lines(generate.Encoder("m", "id", 0), *events)
    assert [line["response"] for line in found] == ["", "yes", "", ""]
    assert found[0]["thinking"] == "hm"
    assert found[2]["tool_calls"][0]["function"]["name"] == "f"
    assert not any("message" in line for line in found)


def test_the_last_line_of_an_answer_that_broke_off_is_the_error() -> None:
    assert Encoder("m", "id", 0).fail(Failed("gone")) == b'{"error":"gone"}\n'


def test_alternatives_are_there_only_if_somebody_asked() -> None:
    tokens = (Logprob("a", -1.0, (("a", -1.0),)), Logprob("b", -2.0))
    body = json.decode(encode_answer(Answer((Text("ab", tokens), Finish())), "m", "id", 0))
    assert [sorted(token) for token in body["logprobs"]] == [
        ["bytes", "logprob", "token", "top_logprobs"],
        ["bytes", "logprob", "token"],
    ]


# ---------------------------------------------------------------- prompts and texts


def test_a_raw_prompt_and_a_suffix_are_completions() -> None:
    for fields in ({"raw": True}, {"suffix": "end"}):
        asked = generate.decode_request(json.encode({"model": "m", "prompt": "begin", **fields}))
        assert asked.completion is not None
        assert (asked.completion.prompt, asked.stream) == ("begin", True)


def test_a_prompt_without_words_has_no_messages() -> None:
    assert generate.decode_request(b'{"model":"m","suffix":"x"}').request.messages == ()


def test_a_text_is_cut_to_fit_unless_that_is_refused() -> None:
    assert embed.decode_request(b'{"model":"m","input":"a"}').texts.truncate
    assert not embed.decode_request(b'{"model":"m","input":["a"],"truncate":false}').texts.truncate
    assert embed.decode_older(b'{"model":"m","prompt":"a"}').texts.texts == ("a",)


@pytest.mark.parametrize("given", [1, {"a": 1}, ["a", 1]])
def test_an_input_that_is_no_text_is_rejected(given: Any) -> None:
    with pytest.raises(Rejected, match="input"):
        embed.decode_request(json.encode({"model": "m", "input": given}))


def test_a_vector_of_nothing_stays_as_it_is() -> None:
    made = Embeddings(((0.0, 0.0),), Usage("c", "m"))
    assert json.decode(embed.encode_answer(made, "m", 0.0))["embeddings"] == [[0.0, 0.0]]


# ---------------------------------------------------------------- whatever a client may send

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
values = st.recursive(scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(), v))
FIELDS = (
    *("messages", "tools", "format", "options", "stream", "keep_alive", "think", "logprobs"),
    *("top_logprobs", "prompt", "suffix", "system", "template", "context", "raw", "images"),
    *("input", "truncate", "dimensions", "model"),
)
message = st.dictionaries(
    st.sampled_from(["role", "content", "images", "tool_calls", "tool_name", "thinking"]),
    st.sampled_from(["user", "tool"]) | values,
)
option = st.dictionaries(
    st.sampled_from(["num_ctx", "seed", "num_predict", "temperature", "stop", "use_mmap"]), values
)
bodies = st.tuples(
    st.dictionaries(st.sampled_from(FIELDS), values),
    st.fixed_dictionaries(
        {}, optional={"messages": st.lists(message, max_size=3), "options": option}
    ),
).map(lambda fields: {"model": "m", **fields[0], **fields[1]})


@given(bodies)
def test_any_body_is_read_or_rejected(body: Any) -> None:
    data = dumps(body).encode()
    for decode in (
        decode_request,
        generate.decode_request,
        embed.decode_request,
        embed.decode_older,
    ):
        with suppress(Rejected):
            decode(data)
