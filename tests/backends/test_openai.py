import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

import pytest

from homeward.backends.http import Http
from homeward.backends.openai import OpenAI
from homeward.errors import (
    ConfigError,
    Failed,
    Forbidden,
    Garbled,
    ModelError,
    ModelMissing,
    Overloaded,
    Rejected,
    TimedOut,
    TooLong,
    Unauthorized,
)
from homeward.model import (
    Call,
    Clearance,
    Event,
    Finish,
    Request,
    Text,
    Tool,
    ToolCall,
    Usage,
    collect,
)
from tests.backends.servers import NEVER, Reply, Route, Routes, answers, playing, sse
from tests.contract import (
    HELLO,
    PATIENCE,
    check_bill_arrives,
    check_cancel_closes,
    check_ends_with_finish,
    check_hang_up_closes,
    heard,
    said,
)


def chunk(delta: dict[str, Any], **more: Any) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": more.pop("finish", None)}
    return json.dumps({"id": "c", "object": "chat.completion.chunk", "choices": [choice], **more})


WORDS = (chunk({"role": "assistant", "content": "Hello"}), chunk({"content": " you"}))
END = (
    chunk({}, finish="stop"),
    json.dumps({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}),
    "[DONE]",
)


def chat(reply: Route) -> Routes:
    return {("POST", "/v1/chat/completions"): reply}


@pytest.fixture
async def http() -> AsyncGenerator[Http, None]:
    async with Http() as client:
        yield client


async def failing(model: OpenAI, request: Request = HELLO) -> tuple[list[Event], ModelError]:
    events: list[Event] = []
    try:
        async with aclosing(model.chat(request)) as stream:
            async for event in stream:
                events.append(event)  # noqa: PERF401  what came before the failure is wanted
    except ModelError as error:
        return events, error
    raise AssertionError(f"nothing failed: {events}")


async def test_keeps_the_contract(http: Http) -> None:
    async with playing(chat(sse(*WORDS, *END))) as server:
        model = OpenAI("m", base_url=server, http=http)
        await check_ends_with_finish(model)
        await check_bill_arrives(model)
        await check_hang_up_closes(model, [])
        await check_cancel_closes(model, [])


async def test_says_the_words_and_the_bill(http: Http) -> None:
    async with playing(chat(sse(*WORDS, *END))) as server:
        answer = await collect(OpenAI("m", base_url=server, http=http).chat(HELLO))
    assert (answer.text, answer.finish) == ("Hello you", Finish("stop", "m"))
    (bill,) = answer.usage
    assert (bill.input_tokens, bill.output_tokens, bill.outcome) == (7, 2, "finished")
    assert bill.where is Clearance.MACHINE


async def test_makes_a_client_of_its_own_where_it_was_given_none() -> None:
    async with playing(chat(sse(*WORDS, *END))) as server:
        assert await said(OpenAI("m", base_url=server)) == "Hello you"


async def test_asks_for_a_stream_with_its_usage(http: Http) -> None:
    async with playing(chat(sse(*WORDS, *END))) as server:
        await heard(OpenAI("m", base_url=server, http=http, headers={"X-Team": "7"}))
    (asked,) = server.asked
    assert asked.json["model"] == "m"
    assert asked.json["stream"] is True
    assert asked.json["stream_options"] == {"include_usage": True}
    assert asked.headers["x-team"] == "7"
    assert "authorization" not in asked.headers


async def test_carries_tool_calls_both_ways(http: Http) -> None:
    pieces = [
        {
            "index": 0,
            "id": "c1",
            "type": "function",
            "function": {"name": "f", "arguments": '{"a"'},
        },
        {"index": 0, "function": {"arguments": ": 1}"}},
    ]
    calls = [chunk({"tool_calls": [piece]}) for piece in pieces]
    reply = sse(*calls, chunk({}, finish="tool_calls"), "[DONE]")
    async with playing(chat(reply)) as server:
        request = HELLO.with_(tools=(Tool("f", parameters={"type": "object"}),))
        answer = await collect(OpenAI("m", base_url=server, http=http).chat(request))
    assert answer.tool_calls == (ToolCall(0, "c1", "f", '{"a": 1}'),)
    assert server.asked[0].json["tools"][0]["function"]["name"] == "f"


async def test_reads_an_answer_that_comes_in_one_piece(http: Http) -> None:
    message = {"role": "assistant", "content": "whole"}
    whole = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    async with playing(chat(answers(whole))) as server:
        assert await said(OpenAI("m", base_url=server, http=http)) == "whole"


async def test_speaks_the_responses_protocol_too(http: Http) -> None:
    done = {"status": "completed", "usage": {"input_tokens": 3, "output_tokens": 1}}
    reply = sse(
        json.dumps({"type": "response.output_text.delta", "output_index": 0, "delta": "Hi"}),
        json.dumps({"type": "response.completed", "response": {"id": "r", "output": [], **done}}),
    )
    async with playing({("POST", "/v1/responses"): reply}) as server:
        model = OpenAI("m", base_url=server, http=http, api="responses")
        answer = await collect(model.chat(HELLO.sampled(max_tokens=5)))
    assert answer.text == "Hi"
    assert answer.usage[0].input_tokens == 3
    assert server.asked[0].json["max_output_tokens"] == 5


# ---------------------------------------------------------------- differences of the servers

REQUEST = HELLO.sampled(max_tokens=9, seed=3, top_k=40, temperature=0.5)


@pytest.mark.parametrize(
    ("at", "sent", "left_out"),
    [
        ("vllm", {"max_tokens": 9, "seed": 3, "top_k": 40}, {"max_completion_tokens"}),
        ("openai", {"max_completion_tokens": 9, "seed": 3}, {"max_tokens", "top_k"}),
        ("azure", {"max_completion_tokens": 9}, {"max_tokens", "top_k"}),
        ("mistral", {"max_tokens": 9, "random_seed": 3}, {"seed", "stream_options", "top_k"}),
    ],
)
async def test_writes_fields_as_the_server_wants_them(
    http: Http, at: str, sent: dict[str, Any], left_out: set[str]
) -> None:
    async with playing({("POST", "/x/chat/completions"): sse(*WORDS, *END)}) as server:
        model = OpenAI("m", at=at, base_url=f"{server}/x", api_key="k", http=http)
        await heard(model, REQUEST)
    body = server.asked[0].json
    assert {name: body.get(name) for name in sent} == sent
    assert left_out & set(body) == set()
    assert body["temperature"] == 0.5


async def test_a_key_is_sent_in_the_servers_own_header(http: Http) -> None:
    async with playing({("POST", "/x/chat/completions"): sse(*WORDS, *END)}) as server:
        model = OpenAI("m", at="azure", base_url=f"{server}/x", api_key="k", http=http)
        await heard(model)
    assert server.asked[0].headers["api-key"] == "k"
    assert "authorization" not in server.asked[0].headers


def test_a_key_is_not_shown() -> None:
    assert "secret" not in repr(OpenAI("m", api_key="secret", headers={"x": "secret"}))


async def test_an_unset_key_is_said_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(Unauthorized, match="set OPENAI_API_KEY"):
        await heard(OpenAI("gpt-5.2"), HELLO.with_(clearance=Clearance.WORLD))


@pytest.mark.parametrize(
    "wrong",
    [
        {"at": "nobody"},
        {"base_url": "gpu-box:8000"},
        {"deployment": "d"},
        {"at": "baseten", "deployment": "a.evil.example/"},
        {"api": "completions"},
    ],
)
def test_what_cannot_work_is_refused_when_it_is_made(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        OpenAI("m", **wrong)


# ---------------------------------------------------------------- where it goes


async def test_what_may_not_leave_is_refused_before_a_connection(http: Http) -> None:
    model = OpenAI("m", at="groq", base_url="https://8.8.8.8/v1", api_key="k", http=http)
    events, error = await failing(model)  # the tests' network would fail at any other address
    assert isinstance(error, Forbidden)
    assert [type(event) for event in events] == [Call, Usage]
    assert isinstance(events[0], Call)
    assert events[0].where is Clearance.WORLD


async def test_a_bill_says_where_the_server_turned_out_to_be(
    http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homeward.backends.egress.lies", lambda _: Clearance.NETWORK)
    async with playing(chat(sse(*WORDS, *END))) as server:
        model = OpenAI("m", base_url=server, where=Clearance.WORLD, http=http)
        events = await heard(model, HELLO.with_(clearance=Clearance.NETWORK))
    places = [event.where for event in events if isinstance(event, Call | Usage)]
    assert places == [Clearance.WORLD, Clearance.NETWORK]


# ---------------------------------------------------------------- hanging up


async def test_hanging_up_reaches_the_server(http: Http) -> None:
    async with playing(chat(sse(*WORDS, NEVER, *END))) as server:
        async with aclosing(OpenAI("m", base_url=server, http=http).chat(HELLO)) as events:
            async for event in events:
                if isinstance(event, Text):
                    break
        await server.until(lambda s: s.hung_up)


async def test_cancelling_a_silent_call_reaches_the_server(http: Http) -> None:
    async with playing(chat(sse(NEVER, *END))) as server:
        task = asyncio.create_task(heard(OpenAI("m", base_url=server, http=http)))
        await server.until(lambda s: s.asked)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await server.until(lambda s: s.hung_up)


async def test_a_connection_is_kept_for_the_next_question(http: Http) -> None:
    async with playing(chat(sse(*WORDS, *END))) as server:
        for _ in range(3):
            await heard(OpenAI("m", base_url=server, http=http))
    assert server.connections == 1


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answers({"error": {"message": "no"}}, 401), Unauthorized),
        (answers({"error": {"message": "no such model"}}, 404), ModelMissing),
        (answers({"error": {"message": "slow down"}}, 429, retry_after="2"), Overloaded),
        (answers({"error": {"message": "boom"}}, 500), Failed),
        (answers({"error": {"code": "context_length_exceeded", "message": "x"}}, 400), TooLong),
        (Reply(b"<html>gone</html>", 502, framing="length"), Failed),
        (Reply(status=308, headers={"location": "https://x.example/"}, framing="length"), Rejected),
        (sse(*WORDS, cut=True), Garbled),
        (sse(*WORDS), Garbled),
        (sse(*WORDS, "{not json", *END), Garbled),
        (sse(*WORDS, '{"error": {"message": "out of memory", "code": 500}}'), Failed),
        (answers("no answer at all"), Garbled),
    ],
)
async def test_a_failure_is_billed_and_then_raised(
    http: Http, reply: Reply, kind: type[ModelError]
) -> None:
    async with playing(chat(reply)) as server:
        events, error = await failing(OpenAI("m", base_url=server, http=http))
    assert type(error) is kind
    bills = [event for event in events if isinstance(event, Usage)]
    assert [bill.outcome for bill in bills] == ["failed"]
    assert events[-1] is bills[0]


async def test_a_redirect_is_not_followed(http: Http) -> None:
    async with playing(chat(sse(*WORDS, *END))) as elsewhere:
        target = f"{elsewhere}/v1/chat/completions"
        moved = Reply(status=307, headers={"location": target}, framing="length")
        async with playing(chat(moved)) as server:
            with pytest.raises(Rejected, match="redirect"):
                await heard(OpenAI("m", base_url=server, http=http))
    assert elsewhere.connections == 0


async def test_a_refusal_with_a_huge_body_is_not_read_to_its_end(http: Http) -> None:
    async with playing(chat(Reply([b"x" * 65536] * 2000, 500))) as server:
        with pytest.raises(ModelError):
            await heard(OpenAI("m", base_url=server, http=http))
    assert server.sent < 2000 * 65536


async def test_waits_no_longer_than_it_is_told(http: Http) -> None:
    async with playing(chat(sse(NEVER))) as server:
        with pytest.raises(TimedOut, match="said nothing for"):
            await heard(OpenAI("m", base_url=server, http=http, first_byte=0.02))


async def test_waits_no_longer_than_the_requests_deadline(http: Http) -> None:
    async with playing(chat(sse(*WORDS, NEVER))) as server:
        with pytest.raises(TimedOut, match="deadline"):
            await heard(
                OpenAI("m", base_url=server, http=http),
                HELLO.with_(deadline=time.monotonic() + 0.05),
            )


# ---------------------------------------------------------------- odd and hostile servers


@pytest.mark.parametrize("after", [(3600.0,), ("rubbish",) * 3 + (3600.0,)])
async def test_nothing_is_read_behind_the_end_mark(
    http: Http, after: tuple[str | float, ...]
) -> None:
    async with playing(chat(sse(*WORDS, *END, *after))) as server, asyncio.timeout(PATIENCE):
        assert await said(OpenAI("m", base_url=server, http=http)) == "Hello you"
        await server.until(lambda seen: seen.hung_up)


async def test_a_stream_that_ends_well_leaves_its_connection_for_the_next(http: Http) -> None:
    async with playing(chat(sse(*WORDS, *END))) as server:
        for _ in range(3):
            await said(OpenAI("m", base_url=server, http=http))
    assert server.connections == 1


@pytest.mark.parametrize("told", [-5, 1e30, 10**30])
async def test_a_bill_that_can_be_none_does_not_spoil_the_sum(http: Http, told: float) -> None:
    end = json.dumps({"choices": [], "usage": {"prompt_tokens": told, "completion_tokens": 2.0}})
    async with playing(chat(sse(*WORDS, end, "[DONE]"))) as server:
        (bill,) = (await collect(OpenAI("m", base_url=server, http=http).chat(HELLO))).usage
    assert (bill.input_tokens, bill.output_tokens) == (0, 2)


async def test_calls_without_number_are_garbled(http: Http) -> None:
    many = chunk({"tool_calls": [{"id": str(n), "function": {"name": "f"}} for n in range(2000)]})
    async with playing(chat(sse(many))) as server:
        _, error = await failing(OpenAI("m", base_url=server, http=http))
    assert "more than 1024 tools" in str(error)


async def test_a_prompt_that_no_json_can_hold_is_rejected_and_billed(http: Http) -> None:
    half = Request.of("half a pair: \udcff")
    events, error = await failing(OpenAI("m", base_url="http://127.0.0.1:1", http=http), half)
    assert isinstance(error, Rejected)
    assert "surrogates not allowed" in str(error)
    assert [type(event) for event in events] == [Call, Usage]


async def test_a_call_that_a_wrong_key_ended_is_billed(http: Http) -> None:
    model = OpenAI("m", base_url="http://127.0.0.1:1", api_key="k\n", http=http)
    async with aclosing(model.chat(HELLO)) as events:
        assert isinstance(await anext(events), Call)
        assert isinstance(await anext(events), Usage)
        with pytest.raises(ConfigError, match="line break"):
            await anext(events)


async def test_what_a_server_says_cannot_move_the_terminal(http: Http) -> None:
    reply = Reply(b"\x1b[31mred \xe2\x80\xaeder\x07", status=500)
    async with playing(chat(reply)) as server:
        _, error = await failing(OpenAI("m", base_url=server, http=http))
    assert str(error).isprintable()
    assert "red" in str(error)
