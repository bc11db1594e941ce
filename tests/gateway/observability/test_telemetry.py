"""Traces as a collector gets them, over a real socket and read by the protocol's own schema."""

import json
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from google.protobuf.json_format import Parse  # type: ignore[import-untyped]  # types are apart
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.semconv._incubating.attributes import (
    error_attributes,
    gen_ai_attributes,
    http_attributes,
)
from opentelemetry.semconv.schemas import Schemas

from homeward.backends.openai import OpenAI
from homeward.backends.scripted import Scripted
from homeward.errors import ConfigError
from homeward.gateway.observability import telemetry
from homeward.gateway.observability.spans import (
    CALL,
    PROVIDER,
    REQUEST,
    SCHEMA,
    operation_of,
    parent_of,
    providers_of,
    timed,
)
from homeward.model import Call, Event, Usage
from homeward.store.records import Entry
from homeward.strategies.fallback import Fallback
from tests.backends.servers import Asked, Reply, playing
from tests.gateway.running import Running, running

TRACES = ("POST", "/v1/traces")
TAKEN = Reply(b"{}", headers={"content-type": "application/json"})
TREE = """
models:
  say: {echo: {}}
  bad: {scripted: {fails: it broke, model: breaks}}
  two: {fallback: [bad, say]}
"""
SECRET = "zanzibar quokka rhubarb"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


async def asked(gateway: Running, model: str, **headers: str) -> int:
    body = {"model": model, "messages": [{"role": "user", "content": SECRET}]}
    answered = await gateway.ask(
        "POST", "/v1/chat/completions", body, {"traceparent": "", **headers}
    )
    return answered.status


async def sent(gateway: Running) -> None:
    assert gateway.gateway.telemetry is not None
    await gateway.gateway.telemetry.flush()


def spans_in(messages: Sequence[Asked]) -> list[Span]:
    """Whoever reads OTLP with its schema finds this; an unknown field would be an error."""
    found: list[Span] = []
    for message in messages:
        for resource in Parse(message.body, ExportTraceServiceRequest()).resource_spans:
            for scope in resource.scope_spans:
                found += scope.spans
    return found


def attributes(span: Span) -> dict[str, Any]:
    return {
        each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes
    }


@pytest.fixture(autouse=True)
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only `sent` sends, so that a test knows what was sent."""
    monkeypatch.setattr(telemetry, "EVERY", 3600.0)


# ---------------------------------------------------------------- what is told


async def test_a_request_is_a_span_with_one_within_for_each_call() -> None:
    async with playing({TRACES: TAKEN}) as server, running(TREE, otlp=str(server)) as gateway:
        assert await asked(gateway, "two") == 200
        await sent(gateway)
        whole, failed, answered = spans_in(server.asked)
    assert (whole.kind, whole.name) == (Span.SPAN_KIND_SERVER, "chat two")
    assert (failed.kind, failed.name) == (Span.SPAN_KIND_CLIENT, "chat breaks")
    assert answered.name == "chat echo"
    assert {failed.parent_span_id, answered.parent_span_id} == {whole.span_id}
    assert len({span.trace_id for span in (whole, failed, answered)}) == 1
    assert failed.status.code == Status.STATUS_CODE_ERROR
    assert answered.status.code == whole.status.code == Status.STATUS_CODE_UNSET


async def test_the_spans_say_what_it_took() -> None:
    async with playing({TRACES: TAKEN}) as server, running(TREE, otlp=str(server)) as gateway:
        await asked(gateway, "say")
        await sent(gateway)
        whole, call = map(attributes, spans_in(server.asked))
    assert whole["homeward.route"] == "say"
    assert whole["http.response.status_code"] == 200
    assert whole["homeward.where"] == call["homeward.where"] == "machine"
    assert call["gen_ai.operation.name"] == "chat"
    assert call["gen_ai.provider.name"] == call["gen_ai.system"] == "echo"
    assert call["gen_ai.request.model"] == "echo"
    assert call["gen_ai.usage.output_tokens"] == len(SECRET.split())
    assert call["homeward.cost_usd"] == 0.0
    assert "gen_ai.usage.output_tokens" not in whole


async def test_a_failed_request_names_its_error() -> None:
    async with playing({TRACES: TAKEN}) as server, running(TREE, otlp=str(server)) as gateway:
        assert await asked(gateway, "bad") == 502
        await sent(gateway)
        whole, _ = spans_in(server.asked)
    assert attributes(whole)["error.type"] == "Failed"
    assert whole.status.code == Status.STATUS_CODE_ERROR


async def test_calls_lie_within_their_request() -> None:
    async with playing({TRACES: TAKEN}) as server, running(TREE, otlp=str(server)) as gateway:
        await asked(gateway, "two")
        await sent(gateway)
        whole, *calls = spans_in(server.asked)
    assert 0 < whole.start_time_unix_nano < whole.end_time_unix_nano
    for call in calls:
        assert whole.start_time_unix_nano <= call.start_time_unix_nano
        assert call.end_time_unix_nano <= whole.end_time_unix_nano


async def test_no_word_of_a_prompt_or_an_answer_leaves() -> None:
    async with playing({TRACES: TAKEN}) as server, running(TREE, otlp=str(server)) as gateway:
        for model in ("say", "two", "bad"):
            await asked(gateway, model)
        await sent(gateway)
        told = b"".join(message.body for message in server.asked)
    assert b"gen_ai" in told
    for word in (*SECRET.split(), "it broke"):
        assert word.encode() not in told


async def test_without_a_collector_nobody_is_told() -> None:
    async with running(TREE) as gateway:
        await asked(gateway, "say")
        assert gateway.gateway.telemetry is None


async def test_a_collectors_key_goes_with_the_traces() -> None:
    async with (
        playing({TRACES: TAKEN}) as server,
        running(TREE, otlp=f"{server}/v1/traces", otlp_headers={"x-api-key": "k"}) as gateway,
    ):
        await asked(gateway, "say")
        await sent(gateway)
        [message] = server.asked
    assert message.headers["x-api-key"] == "k"
    assert message.headers["content-type"] == "application/json"


async def test_what_waits_is_sent_when_the_gateway_stops() -> None:
    async with playing({TRACES: TAKEN}) as server:
        async with running(TREE, otlp=str(server)) as gateway:
            await asked(gateway, "say")
        assert len(spans_in(server.asked)) == 2


async def test_an_address_that_is_none_is_told_at_the_start() -> None:
    with pytest.raises(ConfigError, match=r"serve\.otlp"):
        async with running(TREE, otlp="collector:4318"):
            pass


# ---------------------------------------------------------------- where it belongs


async def test_a_request_continues_the_trace_of_its_caller() -> None:
    async with playing({TRACES: TAKEN}) as server, running(TREE, otlp=str(server)) as gateway:
        await asked(gateway, "say", traceparent=f"00-{TRACE}-{SPAN}-01")
        await sent(gateway)
        [message] = server.asked
    [whole, call] = json.loads(message.body)["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert (whole["traceId"], whole["parentSpanId"]) == (TRACE, SPAN)
    assert (call["traceId"], call["parentSpanId"]) == (TRACE, whole["spanId"])


async def test_a_caller_that_does_not_trace_is_not_traced() -> None:
    async with playing({TRACES: TAKEN}) as server, running(TREE, otlp=str(server)) as gateway:
        await asked(gateway, "say", traceparent=f"00-{TRACE}-{SPAN}-00")
        await sent(gateway)
        assert server.asked == []


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"nonsense",
        f"ff-{TRACE}-{SPAN}-01".encode(),
        f"00-{'0' * 32}-{SPAN}-01".encode(),
        f"00-{TRACE}-{'0' * 16}-01".encode(),
        f"00-{TRACE.upper()}-{SPAN}-01".encode(),
        f"00-{TRACE}-{SPAN}-01-more".encode(),
        f"00-{TRACE}-{SPAN}".encode(),
        b"\xff" * 55,
    ],
)
def test_a_header_that_is_no_traceparent_begins_a_new_trace(header: bytes) -> None:
    assert parent_of(header) is None


def test_a_later_version_of_the_header_is_read_as_far_as_it_is_known() -> None:
    parent = parent_of(f"01-{TRACE}-{SPAN}-01-more".encode())
    assert parent == (TRACE, SPAN, True)


# ---------------------------------------------------------------- a collector in trouble


async def test_a_collector_that_is_busy_gets_the_traces_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    busy: Iterator[Reply] = iter([Reply(status=503)])
    async with (
        playing({TRACES: lambda _: next(busy, TAKEN)}) as server,
        running(TREE, otlp=str(server)) as gateway,
    ):
        await asked(gateway, "say")
        with caplog.at_level(logging.WARNING, "homeward"):
            await sent(gateway)
            await sent(gateway)
        assert server.asked[0].body != b""
        assert len(spans_in(server.asked[1:])) == 2
        assert gateway.gateway.telemetry is not None
        assert gateway.gateway.telemetry.dropped == 0
    began, ended = (record.getMessage() for record in caplog.records)
    assert began == (
        f"the collector at {server}: it answers with status 503; traces wait, and the oldest go"
    )
    assert ended.startswith(f"the collector at {server}: well again after ")


async def test_what_a_collector_refuses_for_good_is_dropped_and_counted() -> None:
    async with (
        playing({TRACES: Reply(status=401)}) as server,
        running(TREE, otlp=str(server)) as gateway,
    ):
        await asked(gateway, "say")
        await sent(gateway)
        await sent(gateway)
        assert len(server.asked) == 1
        metrics = (await gateway.ask("GET", "/metrics")).text
    assert "homeward_traces_dropped_total 1.0" in metrics


async def test_a_collector_that_is_gone_costs_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "MOST", 3)
    async with running(TREE, otlp="http://127.0.0.1:9") as gateway:
        for _ in range(5):
            assert await asked(gateway, "say") == 200
            await sent(gateway)
        assert gateway.gateway.telemetry is not None
        assert gateway.gateway.telemetry.dropped == 2


# ---------------------------------------------------------------- names and times


def test_the_names_are_the_conventions() -> None:
    modules = (gen_ai_attributes, http_attributes, error_attributes)
    values = [value for module in modules for value in vars(module).values()]
    official = {value for value in values if isinstance(value, str)}
    ours = {"gen_ai.operation.name", *PROVIDER, *REQUEST, *CALL}
    assert {name for name in ours if not name.startswith("homeward.")} <= official


def test_the_version_of_the_conventions_is_one_that_was_published() -> None:
    assert SCHEMA in {each.value for each in Schemas}


def test_models_are_told_with_the_providers_official_names() -> None:
    tree = Fallback([OpenAI("gemini-2.5-pro", "gemini"), OpenAI("m", "vllm"), Scripted("")])
    assert providers_of([tree]) == {
        "gemini-2.5-pro": "gcp.gemini",
        "m": "vllm",
        "scripted": "scripted",
    }


@pytest.mark.parametrize(
    ("dialect", "operation"),
    [
        ("openai_chat", "chat"),
        ("ollama", "chat"),
        ("openai_embeddings", "embeddings"),
        ("ollama_embed", "embeddings"),
        ("openai_completions", "text_completion"),
    ],
)
def test_an_operation_has_its_official_name(dialect: str, operation: str) -> None:
    assert operation_of(dialect) == operation


def times(*notes: Event, seconds: float = 10.0) -> list[tuple[float, float]]:
    return [span for _, span in timed(Entry("1", 100.0, seconds=seconds), notes)]


def took(call: str, seconds: float) -> Usage:
    return Usage(call, "m", seconds=seconds)


def test_a_call_that_follows_another_begins_when_that_has_ended() -> None:
    one_by_one = (Call("a", "m"), took("a", 2.0), Call("b", "m"), took("b", 3.0))
    assert times(*one_by_one) == [(100.0, 102.0), (102.0, 105.0)]


def test_calls_side_by_side_begin_together() -> None:
    together = (Call("a", "m"), Call("b", "m"), took("a", 2.0), took("b", 3.0))
    assert times(*together) == [(100.0, 102.0), (100.0, 103.0)]


def test_a_call_that_was_left_lasts_to_the_end() -> None:
    cut = Usage("a", "m", outcome="cancelled", estimated=True)
    assert times(Call("a", "m"), cut) == [(100.0, 110.0)]
