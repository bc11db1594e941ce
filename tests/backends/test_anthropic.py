import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from homeward.backends.anthropic import Anthropic
from homeward.backends.http import Http
from homeward.errors import (
    ConfigError,
    Failed,
    Forbidden,
    Garbled,
    ModelError,
    Overloaded,
    Unauthorized,
)
from homeward.model import Clearance, Finish, Message, Reasoning, Request, Text, ToolCall, Usage
from tests.backends.leaves import check_cancel, check_hang_up, only
from tests.backends.servers import Reply, Routes, answers, playing
from tests.contract import HELLO, check_bill_arrives, check_ends_with_finish, heard, said

NAME = "claude-sonnet-5"
KEY = "sk-ant-secret"


def stream(*events: dict[str, Any] | float, cut: bool = False) -> Reply:
    """Frames named by their type, as Anthropic sends them."""
    steps = [
        e if isinstance(e, float) else f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode()
        for e in events
    ]
    return Reply(steps, headers={"content-type": "text/event-stream"}, cut=cut)


def delta(kind: str, index: int = 0, **fields: str) -> dict[str, Any]:
    inner = {"type": f"{kind}_delta", **fields}
    return {"type": "content_block_delta", "index": index, "delta": inner}


def block(kind: str, index: int = 0, **fields: Any) -> dict[str, Any]:
    inner = {"type": kind, **fields}
    return {"type": "content_block_start", "index": index, "content_block": inner}


START = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": NAME,
        "content": [],
        "usage": {"input_tokens": 9, "output_tokens": 1},
    },
}
STOP: list[dict[str, Any]] = [
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": 4},
    },
    {"type": "message_stop"},
]
HEL = delta("text", text="Hel")
SPEAKS = stream(
    START, block("text", text=""), {"type": "ping"}, HEL, delta("text", text="lo"), *STOP
)


def routes(reply: Reply = SPEAKS) -> Routes:
    return {("POST", "/v1/messages"): reply}


@pytest.fixture
async def http() -> AsyncGenerator[Http, None]:
    async with Http() as client:
        yield client


async def test_streams_the_words(http: Http) -> None:
    async with playing(routes()) as server:
        events = await heard(Anthropic(NAME, server, api_key=KEY, http=http))
    assert [e.text for e in events if isinstance(e, Text)] == ["Hel", "lo"]
    assert events[-1] == Finish(model=NAME)


async def test_keeps_the_contract(http: Http) -> None:
    async with playing(routes()) as server:
        await check_ends_with_finish(Anthropic(NAME, server, http=http))
        await check_bill_arrives(Anthropic(NAME, server, http=http))


async def test_bills_what_was_counted(http: Http) -> None:
    async with playing(routes()) as server:
        usage = only(Usage, await heard(Anthropic(NAME, server, http=http)))
    assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (9, 4, False)
    assert usage.where is Clearance.MACHINE


async def test_sends_key_version_and_further_headers(http: Http) -> None:
    async with playing(routes()) as server:
        beta = {"Anthropic-Beta": "fast-1"}
        await said(Anthropic(NAME, server, headers=beta, api_key=KEY, http=http))
        [asked] = server.asked
    assert asked.headers["x-api-key"] == KEY
    assert asked.headers["anthropic-version"] == "2023-06-01"
    assert asked.headers["anthropic-beta"] == "fast-1"


async def test_every_answer_has_a_limit(http: Http) -> None:
    async with playing(routes()) as server:
        model = Anthropic(NAME, server, max_tokens=77, http=http)
        await said(model)
        await said(model, HELLO.sampled(max_tokens=5))
        assert [asked.json["max_tokens"] for asked in server.asked] == [77, 5]


async def test_an_address_may_end_with_the_version(http: Http) -> None:
    async with playing(routes()) as server:
        assert await said(Anthropic(NAME, f"{server}/v1/", http=http)) == "Hello"


async def test_the_system_message_goes_apart(http: Http) -> None:
    async with playing(routes()) as server:
        talk = Request((Message("system", "Be brief."), Message("user", "Hi")))
        await said(Anthropic(NAME, server, http=http), talk)
        body = server.asked[0].json
    assert "Be brief." in json.dumps(body["system"])
    assert [message["role"] for message in body["messages"]] == ["user"]


async def test_thoughts_and_tool_calls_come_through(http: Http) -> None:
    reply = stream(
        START,
        block("thinking", thinking=""),
        delta("thinking", thinking="hm"),
        block("tool_use", 1, id="toolu_1", name="add", input={}),
        delta("input_json", 1, partial_json='{"a": 1}'),
        *STOP,
    )
    async with playing(routes(reply)) as server:
        events = await heard(Anthropic(NAME, server, http=http))
    assert only(Reasoning, events).text == "hm"
    calls = [event for event in events if isinstance(event, ToolCall)]
    assert "".join(call.arguments for call in calls) == '{"a": 1}'
    assert calls[0].name == "add"


async def test_without_a_key_the_service_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(Unauthorized, match="ANTHROPIC_API_KEY"):
        await said(Anthropic(NAME))


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (401, "authentication_error", Unauthorized),
        (429, "rate_limit_error", Overloaded),
        (529, "overloaded_error", Overloaded),
        (500, "api_error", Failed),
    ],
)
async def test_a_refusal_is_the_error_it_stands_for(
    http: Http, status: int, kind: str, error: type[ModelError]
) -> None:
    reply = answers({"type": "error", "error": {"type": kind, "message": "no"}}, status)
    async with playing(routes(reply)) as server:
        with pytest.raises(error):
            await said(Anthropic(NAME, server, http=http))


async def test_an_error_in_the_stream_is_the_error_it_stands_for(http: Http) -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    async with playing(routes(stream(START, block("text", text=""), HEL, error))) as server:
        with pytest.raises(Overloaded):
            await said(Anthropic(NAME, server, http=http))


async def test_an_answer_in_one_piece_is_read_although_a_stream_was_asked(http: Http) -> None:
    whole = answers({"content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn"})
    async with playing({("POST", "/v1/messages"): whole}) as server:
        assert await said(Anthropic(NAME, server, http=http), HELLO) == "hi"


async def test_an_error_with_the_status_of_an_answer_is_an_error(http: Http) -> None:
    wrong = answers({"type": "error", "error": {"type": "overloaded_error", "message": "later"}})
    async with playing({("POST", "/v1/messages"): wrong}) as server:
        with pytest.raises(Overloaded, match="later"):
            await said(Anthropic(NAME, server, http=http), HELLO)


@pytest.mark.parametrize("cut", [True, False])
async def test_a_stream_without_its_end_is_garbled(http: Http, *, cut: bool) -> None:
    async with playing(routes(stream(START, block("text", text=""), HEL, cut=cut))) as server:
        with pytest.raises(Garbled):
            await said(Anthropic(NAME, server, http=http))


async def test_hanging_up_ends_the_answer_upstream(http: Http) -> None:
    slow = stream(START, block("text", text=""), HEL, 60.0, *STOP)
    async with playing(routes(slow)) as server:
        await check_hang_up(Anthropic(NAME, server, http=http), server)


async def test_cancelling_ends_the_answer_upstream(http: Http) -> None:
    async with playing(routes(stream(60.0, *STOP))) as server:
        await check_cancel(Anthropic(NAME, server, http=http), server, "/v1/messages")


async def test_the_environments_key_does_not_go_to_another_server(
    http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    async with playing(routes()) as server:
        await said(Anthropic(NAME, server, http=http))
        assert "x-api-key" not in server.asked[0].headers


async def test_the_key_is_in_no_repr_and_no_error(http: Http) -> None:
    reply = answers({"type": "error", "error": {"type": "authentication_error"}}, 401)
    async with playing(routes(reply)) as server:
        model = Anthropic(NAME, server, headers={"X-Key": KEY}, api_key=KEY, http=http)
        with pytest.raises(Unauthorized) as failure:
            await said(model)
    assert KEY not in repr(model) + str(failure.value)


async def test_a_request_without_clearance_does_not_leave() -> None:
    model = Anthropic(NAME, "https://192.0.2.1", api_key=KEY)
    with pytest.raises(Forbidden, match="world"):
        await said(model, HELLO.with_(clearance=Clearance.NETWORK))


def test_an_address_that_is_none_is_told_when_the_leaf_is_made() -> None:
    with pytest.raises(ConfigError, match="is no address"):
        Anthropic("m", base_url="nowhere")
