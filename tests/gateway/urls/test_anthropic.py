"""Anthropic's URLs, asked by Anthropic's own client and in bytes."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic

from homeward.backends.scripted import Scripted
from homeward.errors import AllFailed, Failed, Overloaded, TimedOut, TooLong, Unauthorized
from homeward.gateway.routes import Route
from homeward.model import Event, Finish, Reasoning, Text, ToolCall
from tests.gateway.standing import Standing, key, standing

MODELS = """
models:
  echo: {echo: {}}
  down: {scripted: {fails: the disk is full}}
  slow: {scripted: {says: [one, two], every: 0.2}}
serve: {largest_body: 20000}
"""
SCRIPTS: dict[str, list[Event | Exception]] = {
    "thinker": [
        Reasoning("hm, ", ""),
        Reasoning("yes", "seal"),
        Text("So "),
        Text("be it."),
        Finish(),
    ],
    "caller": [
        Text("I look."),
        ToolCall(0, "toolu_1", "weather", '{"city": '),
        ToolCall(0, arguments='"Basel"}'),
        ToolCall(1, "toolu_2", "time", "{}"),
        Finish("tool_calls"),
    ],
    "cut": [Text("one two"), Finish("length")],
    "refusing": [Text("no"), Finish("content_filter")],
    "breaking": [Text("one "), Failed("out of memory")],
    "busy": [Overloaded("all slots are taken", 7)],
    "late": [TimedOut("no word came in 2 s")],
    "long": [TooLong("the prompt does not fit")],
    "buggy": [RuntimeError("a secret of the house")],
    "keyless twice": [AllFailed([Failed("x"), Unauthorized("set OPENAI_API_KEY")])],
    "keyless": [Unauthorized("set OPENAI_API_KEY")],
}
HI: list[Any] = [{"role": "user", "content": "hello there"}]
PLAIN, SECRET = key("plain", models=("echo", "down", "slow", *SCRIPTS))
OTHER, OTHER_SECRET = key("other", models=("echo",))


@pytest.fixture(scope="module")
def house() -> Iterator[Standing]:
    with standing(MODELS, (PLAIN, SECRET), (OTHER, OTHER_SECRET), largest_body=20_000) as gateway:
        for name, script in SCRIPTS.items():
            gateway.gateway.routes[name] = Route.of(name, Scripted(script, model=name))
        yield gateway


@pytest.fixture
def client(house: Standing) -> Iterator[Anthropic]:
    with Anthropic(base_url=house.url, api_key=SECRET, max_retries=0, timeout=60) as client:
        yield client


def test_a_question_is_answered(client: Anthropic) -> None:
    answer = client.messages.create(model="echo", max_tokens=50, messages=HI, system="Be brief.")
    assert (answer.type, answer.role, answer.model) == ("message", "assistant", "echo")
    assert [block.type for block in answer.content] == ["text"]
    assert answer.content[0].text == "hello there"  # type: ignore[union-attr]  # as its type says
    assert (answer.stop_reason, answer.stop_sequence) == ("end_turn", None)
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0
    assert answer.id.startswith("msg_")
    assert answer._request_id


def test_words_come_as_they_are_said(client: Anthropic) -> None:
    with client.messages.stream(model="echo", max_tokens=50, messages=HI) as stream:
        assert list(stream.text_stream) == ["hello", " there"]
        answer = stream.get_final_message()
    assert (answer.stop_reason, answer.id[:4]) == ("end_turn", "msg_")
    assert answer.usage.output_tokens > 0


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("model", "reason"),
    [("cut", "max_tokens"), ("refusing", "refusal"), ("caller", "tool_use"), ("echo", "end_turn")],
)
def test_why_an_answer_ended(client: Anthropic, model: str, reason: str, *, streamed: bool) -> None:
    asked: dict[str, Any] = {"model": model, "max_tokens": 9, "messages": HI}
    if streamed:
        with client.messages.stream(**asked) as stream:
            answer = stream.get_final_message()
    else:
        answer = client.messages.create(**asked)
    assert answer.stop_reason == reason


@pytest.mark.parametrize("streamed", [False, True])
def test_tool_calls_are_blocks_with_objects(client: Anthropic, *, streamed: bool) -> None:
    tools: Any = [
        {"name": name, "input_schema": {"type": "object"}} for name in ("weather", "time")
    ]
    asked: dict[str, Any] = {"model": "caller", "max_tokens": 9, "messages": HI, "tools": tools}
    if streamed:
        with client.messages.stream(**asked) as stream:
            answer = stream.get_final_message()
    else:
        answer = client.messages.create(**asked)
    assert [(b.id, b.name, b.input) for b in answer.content if b.type == "tool_use"] == [
        ("toolu_1", "weather", {"city": "Basel"}),
        ("toolu_2", "time", {}),
    ]


def test_a_whole_tool_conversation_goes_round(client: Anthropic, house: Standing) -> None:
    call = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Basel"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "rain"}
    turns: Any = [
        *HI,
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result, {"type": "text", "text": "so?"}]},
    ]
    answer = client.messages.create(model="thinker", max_tokens=9, messages=turns)
    assert answer.content[-1].text == "So be it."  # type: ignore[union-attr]
    heard = house.gateway.routes["thinker"].model.journal.asked[-1]  # type: ignore[attr-defined]
    assert [message.role for message in heard.messages] == ["user", "assistant", "tool", "user"]


@pytest.mark.parametrize("streamed", [False, True])
def test_thoughts_are_blocks_of_their_own(client: Anthropic, *, streamed: bool) -> None:
    asked: dict[str, Any] = {"model": "thinker", "max_tokens": 9, "messages": HI}
    if streamed:
        with client.messages.stream(**asked) as stream:
            answer = stream.get_final_message()
    else:
        answer = client.messages.create(**asked)
    thought = answer.content[0]
    assert thought.type == "thinking"
    assert (thought.thinking, thought.signature) == ("hm, yes", "seal")
    assert answer.content[1].text == "So be it."  # type: ignore[union-attr]


def test_a_stream_has_the_events_in_their_order(house: Standing) -> None:
    body = {"model": "caller", "max_tokens": 9, "messages": HI, "stream": True}
    reply = house.ask("POST", "/v1/messages", body, {"x-api-key": SECRET})
    assert reply.headers["content-type"].startswith("text/event-stream")
    frames = [frame.split("\n") for frame in reply.body.decode().split("\n\n") if frame]
    names = [frame[0].removeprefix("event: ") for frame in frames]
    events = [json.loads(frame[1].removeprefix("data: ")) for frame in frames]
    assert names == [event["type"] for event in events]
    block = ["content_block_start", "content_block_delta", "content_block_stop"]
    assert names == [
        *("message_start", block[0], "ping", *block[1:]),
        *(block[0], block[1], block[1], block[2]),
        *block,
        *("message_delta", "message_stop"),
    ]
    assert [e["index"] for e in events if e["type"] == block[0]] == [0, 1, 2]
    start = events[0]["message"]
    assert start["usage"]["input_tokens"] > 0
    assert (start["content"], start["stop_reason"]) == ([], None)
    assert events[-2]["delta"] == {"stop_reason": "tool_use", "stop_sequence": None}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("model", "error", "status", "kind"),
    [
        ("nobody", anthropic.NotFoundError, 404, "not_found_error"),
        ("down", anthropic.InternalServerError, 502, "api_error"),
        ("busy", anthropic.RateLimitError, 429, "rate_limit_error"),
        ("late", anthropic.InternalServerError, 504, "timeout_error"),
        ("long", anthropic.BadRequestError, 400, "invalid_request_error"),
        ("keyless", anthropic.InternalServerError, 502, "api_error"),
        ("keyless twice", anthropic.InternalServerError, 502, "api_error"),
    ],
)
def test_a_failure_before_the_first_word_has_its_own_status(
    client: Anthropic,
    model: str,
    error: type[anthropic.APIStatusError],
    status: int,
    kind: str,
    *,
    streamed: bool,
) -> None:
    with pytest.raises(error) as failure:
        client.messages.create(model=model, max_tokens=9, messages=HI, stream=streamed)
    assert failure.value.status_code == status
    body = failure.value.body
    assert isinstance(body, dict)
    assert (body["type"], body["error"]["type"]) == ("error", kind)
    assert failure.value.request_id


def test_a_busy_model_says_for_how_long(client: Anthropic) -> None:
    with pytest.raises(anthropic.RateLimitError) as failure:
        client.messages.create(model="busy", max_tokens=9, messages=HI)
    assert failure.value.response.headers["retry-after"] == "7"


def test_a_failure_after_the_first_word_is_an_event(client: Anthropic) -> None:
    words = []
    with (
        pytest.raises(anthropic.APIStatusError, match="out of memory") as failure,
        client.messages.stream(model="breaking", max_tokens=9, messages=HI) as stream,
    ):
        words += list(stream.text_stream)
    assert isinstance(failure.value.body, dict)
    assert failure.value.body["error"]["type"] == "api_error"


@pytest.mark.parametrize(
    ("secret", "model", "error", "kind"),
    [
        ("hw-wrong", "echo", anthropic.AuthenticationError, "authentication_error"),
        (OTHER_SECRET, "down", anthropic.PermissionDeniedError, "permission_error"),
    ],
    ids=["unknown", "forbidden"],  # a secret is another in each run, and a test has one name
)
def test_who_may_not_hears_so(
    house: Standing, secret: str, model: str, error: type[anthropic.APIStatusError], kind: str
) -> None:
    with (
        Anthropic(base_url=house.url, api_key=secret, max_retries=0) as client,
        pytest.raises(error) as failure,
    ):
        client.messages.create(model=model, max_tokens=9, messages=HI)
    assert isinstance(failure.value.body, dict)
    assert failure.value.body["error"]["type"] == kind


def test_a_body_that_is_too_long_is_413(client: Anthropic) -> None:
    turns: Any = [{"role": "user", "content": "x" * 30_000}]
    with pytest.raises(anthropic.APIStatusError) as failure:
        client.messages.create(model="echo", max_tokens=9, messages=turns)
    assert failure.value.status_code == 413
    assert isinstance(failure.value.body, dict)
    assert failure.value.body["error"]["type"] == "request_too_large"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"model": "echo"}',
        b'{"model": "echo", "messages": "hi"}',
        b'{"model": "echo", "messages": [{"role": "wizard", "content": "hi"}]}',
        b'{"model": "echo", "messages": [], "max_tokens": "many"}',
        b'{"model": 1, "messages": []}',
    ],
)
def test_a_body_that_cannot_be_read_is_an_invalid_request(house: Standing, body: bytes) -> None:
    for path in ("/v1/messages", "/v1/messages/count_tokens"):
        reply = house.ask("POST", path, body, {"x-api-key": SECRET})
        assert reply.status == 400
        assert reply.json["error"]["type"] == "invalid_request_error"


def test_tokens_are_counted_without_asking(client: Anthropic, house: Standing) -> None:
    before = house.asked()
    few = client.messages.count_tokens(model="slow", messages=HI).input_tokens
    tools: Any = [{"name": "f", "description": "x" * 400, "input_schema": {"type": "object"}}]
    many = client.messages.count_tokens(model="slow", messages=HI, tools=tools).input_tokens
    assert 0 < few < 20
    assert many > few + 80
    assert house.asked() == before


def test_a_count_that_is_an_estimate_says_so(house: Standing) -> None:
    body = {"model": "slow", "messages": HI}
    reply = house.ask("POST", "/v1/messages/count_tokens", body, {"x-api-key": SECRET})
    assert (reply.status, reply.headers["x-homeward-estimated"]) == (200, "true")


def test_the_list_of_models_has_its_shape_for_its_clients(client: Anthropic) -> None:
    page = client.models.list()
    assert [model.id for model in page.data][:3] == ["echo", "down", "slow"]
    assert (page.has_more, page.first_id) == (False, "echo")
    assert {(model.type, model.lifecycle) for model in page.data} == {("model", "active")}
    one = client.models.retrieve("slow")
    assert (one.id, one.display_name, one.created_at.year) == ("slow", "slow", 1970)


def test_a_model_that_is_not_there_is_not_found_in_its_shape(client: Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as failure:
        client.models.retrieve("nobody")
    assert isinstance(failure.value.body, dict)
    assert failure.value.body["type"] == "error"


@pytest.mark.parametrize("streamed", [False, True])
def test_what_breaks_inside_is_told_in_its_shape_and_no_more(
    house: Standing, *, streamed: bool
) -> None:
    body = {"model": "buggy", "messages": HI, "stream": streamed}
    reply = house.ask("POST", "/v1/messages", body, {"x-api-key": SECRET})
    assert (reply.status, reply.json["error"]["type"]) == (500, "api_error")
    assert b"of the house" not in reply.body
