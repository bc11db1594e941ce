"""What a gateway counts, seen as a scraper sees it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families

from homeward.backends.embedded import Embedded
from homeward.backends.openai import OpenAI
from homeward.gateway.observability.lag import EVERY
from homeward.gateway.observability.metrics import (
    BETWEEN,
    FIRST,
    OTHER,
    REQUEST,
    Histogram,
    Metrics,
)
from homeward.gateway.routes import routes_of
from homeward.model import Clearance, Model, Usage
from homeward.store.records import Entry, Limit
from tests.backends.servers import Reply, playing, sse
from tests.contract import PATIENCE
from tests.gateway.running import Running, running
from tests.gateway.standing import key

CHAT = ("POST", "/v1/chat/completions")
SAID = sse(
    '{"choices": [{"index": 0, "delta": {"content": "Two "}}]}',
    '{"choices": [{"index": 0, "delta": {"content": "words."}, "finish_reason": "stop"}]}',
    '{"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 20, '
    '"prompt_tokens_details": {"cached_tokens": 40}}}',
    "[DONE]",
)
TREE = """
models:
  say: {echo: {}}
  bad: {scripted: {fails: it broke, model: breaks}}
  far: {scripted: {says: From afar., where: world, model: hosted}}
  two: {fallback: [bad, say]}
  kept: {cached: say}
"""


def hosted(server: str, fields: str = "") -> str:
    """One model ``m`` of a server, as the route ``it``."""
    leaf = f"{{model: m, base_url: '{server}/v1', {fields}}}"
    return f"models: {{it: {{vllm: {leaf}}}}}"


Sample = tuple[str, tuple[tuple[str, str], ...]]


async def scraped(
    gateway: Running, headers: Mapping[str, str] | None = None
) -> dict[Sample, float]:
    """Every sample of the exposition, by name and labels."""
    answered = await gateway.ask("GET", "/metrics", headers=headers)
    assert answered.status == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answered.text)
        for sample in family.samples
    }


def total(samples: Mapping[Sample, float], name: str, /, **labels: str) -> float:
    """The sum of all samples of a name with these labels, of which there must be some."""
    found = [
        value
        for (each, having), value in samples.items()
        if each == f"homeward_{name}" and labels.items() <= dict(having).items()
    ]
    assert found, f"no sample {name} {labels}"
    return sum(found)


def question(model: str, text: str = "Say it again", **fields: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **fields}


async def ask(
    gateway: Running, model: str, *, stream: bool = False, times: int = 1
) -> Sequence[int]:
    return [(await gateway.ask(*CHAT, question(model, stream=stream))).status for _ in range(times)]


async def test_ten_requests_of_which_three_fail_add_up() -> None:
    async with running(TREE) as gateway:
        await ask(gateway, "say", times=4)
        await ask(gateway, "say", stream=True, times=3)
        assert await ask(gateway, "bad", times=3) == [502] * 3
        samples = await scraped(gateway)
    assert total(samples, "requests_total") == 10
    assert total(samples, "requests_total", outcome="finished", status="2xx") == 7
    assert total(samples, "requests_total", outcome="failed", status="5xx", route="bad") == 3
    assert total(samples, "errors_total", route="bad", error="Failed") == 3
    assert total(samples, "refused_total", status="502") == 3
    assert total(samples, "request_duration_seconds_count") == 10
    assert total(samples, "time_to_first_token_seconds_count", route="say") == 7
    assert total(samples, "time_to_first_token_seconds_count", route="bad") == 0
    assert total(samples, "in_flight") == 0


async def test_the_cost_is_price_times_tokens() -> None:
    async with (
        playing({CHAT: SAID}) as server,
        running(
            hosted(server, "price: {input: 3, output: 15, cached: 0.3}"),
        ) as gateway,
    ):
        assert await ask(gateway, "it", stream=True, times=5) == [200] * 5
        samples = await scraped(gateway)
    each = (60 * 3 + 40 * 0.3 + 20 * 15) / 1e6
    assert total(samples, "cost_usd_total", model="m", where="machine") == pytest.approx(5 * each)
    assert total(samples, "tokens_total", kind="input") == 500
    assert total(samples, "tokens_total", kind="output") == 100
    assert total(samples, "tokens_total", kind="cached") == 200
    assert total(samples, "unpriced_calls_total") == 0


async def test_the_metrics_and_the_ledger_tell_the_same_cost() -> None:
    async with (
        playing({CHAT: SAID}) as server,
        running(
            hosted(server, "price: {input: 3, output: 15}"),
            kwh_usd=0.3,
            watts=200.0,
        ) as gateway,
    ):
        entries = []
        for _ in range(3):
            answered = await gateway.ask(*CHAT, question("it", stream=True))
            found = gateway.gateway.decisions.find(answered.headers["x-homeward-id"])
            assert found is not None
            entries.append(found[0])
        samples = await scraped(gateway)
    told = total(samples, "cost_usd_total") + total(samples, "electricity_usd_total")
    assert told == pytest.approx(sum(entry.cost_usd or 0.0 for entry in entries))
    assert total(samples, "electricity_usd_total") > 0


async def test_a_call_of_unknown_price_is_counted_and_not_called_free() -> None:
    async with running(TREE) as gateway:
        await ask(gateway, "far", times=2)
        samples = await scraped(gateway)
    assert total(samples, "unpriced_calls_total", model="hosted", where="world") == 2
    assert total(samples, "cost_usd_total", model="hosted") == 0


async def test_the_local_share_is_of_answered_requests() -> None:
    async with running(TREE) as gateway:
        await ask(gateway, "say", times=3)
        await ask(gateway, "bad", times=2)
        await ask(gateway, "far")
        samples = await scraped(gateway)
    assert total(samples, "local_share") == 0.75
    assert total(samples, "calls_total", where="world") == 1


async def test_a_gateway_that_answered_nothing_has_no_local_share() -> None:
    async with running(TREE) as gateway:
        names = {name for name, _ in await scraped(gateway)}
    assert "homeward_local_share" not in names
    assert "homeward_in_flight" in names


async def test_fallbacks_and_cache_hits_are_counted_by_route() -> None:
    async with running(TREE) as gateway:
        await ask(gateway, "two", times=2)
        await ask(gateway, "kept", times=3)
        samples = await scraped(gateway)
    assert total(samples, "fallbacks_total", route="two") == 2
    assert total(samples, "fallbacks_total", route="kept") == 0
    assert total(samples, "cache_hits_total", route="kept") == 2


async def test_a_model_that_fails_alone_falls_back_on_none() -> None:
    async with running(TREE) as gateway:
        await ask(gateway, "bad")
        samples = await scraped(gateway)
    assert total(samples, "fallbacks_total", route="bad") == 0


async def test_what_is_being_answered_is_in_flight() -> None:
    async with (
        playing({CHAT: sse('{"choices": [{"delta": {"content": "wait"}}]}', 60.0)}) as server,
        running(hosted(server)) as gateway,
        gateway.http.send(
            *("POST", gateway.url, CHAT[1]),
            body=b'{"model": "it", "stream": true, "messages": [{"role": "user", "content": ""}]}',
            clearance=Clearance.MACHINE,
        ),
    ):
        assert total(await scraped(gateway), "in_flight", route="it") == 1


async def test_who_waits_for_a_model_is_in_its_queue() -> None:
    slow = sse('{"choices": [{"index": 0, "delta": {"content": "wait"}}]}', 60.0)
    async with (
        playing({CHAT: slow}) as server,
        running(hosted(server), at_once={"m": 1}) as gateway,
        asyncio.TaskGroup() as tasks,
    ):
        waiting = [tasks.create_task(ask(gateway, "it", stream=True)) for _ in range(3)]
        async with asyncio.timeout(PATIENCE):
            while total(await scraped(gateway), "queue_depth", model="m") < 2:  # noqa: ASYNC110  as a scraper
                await asyncio.sleep(0.01)
        samples = await scraped(gateway)
        for task in waiting:
            task.cancel()
    assert total(samples, "model_in_flight", model="m") == 1
    assert total(samples, "in_flight", route="it") == 3


# ---------------------------------------------------------------- labels


async def test_no_request_can_grow_the_number_of_series() -> None:
    async with running(TREE) as gateway:
        for model in ("say", "two", "bad", "none at all"):
            await ask(gateway, model)
        for _ in range(2):
            gateway.gateway.machine.look()  # which is done beside it, at some time
        before = (await scraped(gateway)).keys()
        for n in range(50):
            for model in (f"say-{n}", "say"):
                await gateway.ask(
                    *CHAT,
                    {**question(model, f"text {n}"), "user": f"u{n}", "metadata": {"k": f"{n}"}},
                    headers={
                        "x-tenant": f"tenant-{n}",
                        "user-agent": f"agent-{n}",
                        "x-homeward-deadline": f"{n + 1}",
                        "openai-organization": f"org-{n}",
                    },
                )
        after = (await scraped(gateway)).keys()
    assert after - before == set()


async def test_labels_are_names_of_the_configuration() -> None:
    async with running(TREE) as gateway:
        for model in ("say", "two", "bad", "far", "kept", "nobody's"):
            await ask(gateway, model)
        samples = await scraped(gateway)
    values: dict[str, set[str]] = {}
    for _, labels in samples:
        for name, value in labels:
            values.setdefault(name, set()).add(value)
    assert values["route"] == {"say", "bad", "far", "two", "kept"}
    assert values["model"] == {"echo", "breaks", "hosted"}
    assert values["where"] == {"machine", "world"}
    assert values["dialect"] == {"openai_chat"}


def test_a_model_that_the_configuration_does_not_name_is_another() -> None:
    metrics = Metrics(frozenset({"known"}))
    for model in ("known", "typed-by-a-client", "and-another"):
        metrics.begin("r")
        metrics.end(Entry("1", 0.0, route="r", calls=(Usage("c", model, 10),)), None)
    taken = metrics.routes["r"].taken
    assert {name: each.input for (name, _), each in taken.items()} == {"known": 10, OTHER: 20}


def test_a_model_of_a_file_has_the_files_name() -> None:
    models: dict[str, Model] = {
        "boxed": Embedded("box/arith"),
        "filed": Embedded("/models/Qwen3-4B-Q4_K_M.gguf"),
        "absent": Embedded("nobody/pulled-this"),
        "asked": OpenAI("qwen3", "vllm"),
    }
    assert Metrics.of(routes_of(models)).models == {"box/arith", "Qwen3-4B-Q4_K_M", "qwen3"}


# ---------------------------------------------------------------- budgets


async def test_a_key_is_told_what_is_left_to_it_and_an_admin_what_is_left_to_all() -> None:
    mine, secret = key("mine", limits=(Limit("requests", "day", 5), Limit("usd", "month", 2.5)))
    other, _ = key("other", limits=(Limit("tokens", "minute", 1000),))
    admin, master = key("admin", admin=True)
    async with running(TREE) as gateway:
        gateway.gateway.keyring.replace([mine, other, admin])
        headers = {"authorization": f"Bearer {secret}"}
        await gateway.ask(*CHAT, question("say"), headers=headers)
        own = await scraped(gateway, headers)
        every = await scraped(gateway, {"authorization": f"Bearer {master}"})
    assert total(own, "budget_left", key=mine.id, name="mine", what="requests", per="day") == 4
    assert total(own, "budget_left", what="usd", per="month") == 2.5
    names = {dict(labels)["name"] for name, labels in every if name == "homeward_budget_left"}
    assert names == {"mine", "other"}
    assert "other" not in {dict(labels).get("name") for _, labels in own}


async def test_a_key_is_told_of_no_queue_but_those_of_its_routes() -> None:
    mine, secret = key("mine", models=("free",))
    leaf = "{{openai: {{model: {model}, at: vllm, base_url: 'http://127.0.0.1:9/v1'}}}}"
    models = f"{{free: {leaf.format(model='m')}, secret: {leaf.format(model='hidden')}}}"
    async with running(f"models: {models}") as gateway:
        gateway.gateway.keyring.replace([mine])
        headers = {"authorization": f"Bearer {secret}"}
        told = await gateway.ask("GET", "/metrics", headers=headers)
        [row] = (await gateway.ask("GET", "/homeward/queue", headers=headers)).json["data"]
    assert b'queue_depth{model="m"}' in told.body
    assert b"hidden" not in told.body
    assert (row["model"], row["at"]) == ("m", "")


async def test_a_refused_request_costs_nothing() -> None:
    async with (
        playing({CHAT: Reply(b"{}", status=500)}) as server,
        running(hosted(server, "price: {input: 3, output: 15}")) as gateway,
    ):
        await ask(gateway, "it")
        samples = await scraped(gateway)
    assert total(samples, "calls_total", outcome="failed") == 1
    assert total(samples, "cost_usd_total") == 0


@pytest.mark.parametrize("fields", ["price: {input: 3, output: 15}", "where: world"])
async def test_with_an_empty_budget_nothing_is_passed_on_that_may_cost(fields: str) -> None:
    mine, secret = key("mine", limits=(Limit("usd", "day", 0.0),))
    async with (
        playing({CHAT: SAID}) as server,
        running(hosted(server, fields)) as gateway,
    ):
        gateway.gateway.keyring.replace([mine])
        headers = {"authorization": f"Bearer {secret}"}
        answered = await gateway.ask(*CHAT, question("it"), headers=headers)
        assert server.asked == []
    assert answered.status == 402


async def test_with_an_empty_budget_what_is_free_answers() -> None:
    mine, secret = key("mine", limits=(Limit("usd", "day", 0.0),))
    async with (
        playing({CHAT: SAID}) as server,
        running(hosted(server, "price: {input: 0, output: 0}")) as gateway,
    ):
        gateway.gateway.keyring.replace([mine])
        headers = {"authorization": f"Bearer {secret}"}
        body = question("it", stream=True)
        assert (await gateway.ask(*CHAT, body, headers=headers)).status == 200


async def test_metrics_are_for_who_may_ask_models() -> None:
    async with running(TREE) as gateway:
        gateway.gateway.keyring.replace([key("somebody")[0]])
        assert (await gateway.ask("GET", "/metrics")).status == 401


# ---------------------------------------------------------------- the form


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
    ],
)
async def test_the_plain_format_is_for_everybody(accept: str, form: str) -> None:
    async with running(TREE) as gateway:
        answered = await gateway.ask("GET", "/metrics", headers={"accept": accept})
    assert answered.headers["content-type"] == form
    assert list(text_string_to_metric_families(answered.text))


async def test_openmetrics_is_for_who_accepts_it() -> None:
    accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3"
    async with running(TREE) as gateway:
        await ask(gateway, "say")
        answered = await gateway.ask("GET", "/metrics", headers={"accept": accept})
    assert answered.headers["content-type"].startswith(
        "application/openmetrics-text; version=1.0.0"
    )
    families = {family.name for family in openmetrics_families(answered.text)}  # type: ignore[no-untyped-call]
    assert {"homeward_requests", "homeward_build", "process_cpu_seconds"} <= families


async def test_how_old_the_prices_are_is_told_where_they_are_used() -> None:
    async with running("models: {it: {openai: {model: gpt-5.2, api_key: k}}}") as gateway:
        samples = await scraped(gateway)
    [labels] = [dict(labels) for name, labels in samples if name == "homeward_prices_info"]
    assert labels["source"].startswith("genai-prices ")
    assert labels["dated"].startswith("20")


async def test_the_event_loop_is_watched() -> None:
    async with running(TREE) as gateway:
        async with asyncio.timeout(PATIENCE):
            while not total(await scraped(gateway), "loop_lag_seconds_count"):  # noqa: ASYNC110
                await asyncio.sleep(EVERY)


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize("bounds", [REQUEST, FIRST, BETWEEN])
def test_boundaries_rise(bounds: tuple[float, ...]) -> None:
    assert list(bounds) == sorted(set(bounds))


def test_a_value_on_a_boundary_is_below_it() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.0, 3.0):
        histogram.observe(value)
    assert histogram.counts == [2, 2, 1]
    assert histogram.total == 8.0


async def test_the_time_between_words_is_the_mean_of_an_answer() -> None:
    words = [
        f'data: {{"choices": [{{"index": 0, "delta": {{"content": "{n}"}}}}]}}\n\n' for n in "abc"
    ]
    steps = [step for word in words for step in (word.encode(), 0.02)]
    reply = Reply([*steps, b"data: [DONE]\n\n"], headers={"content-type": "text/event-stream"})
    async with (
        playing({CHAT: reply}) as server,
        running(hosted(server)) as gateway,
    ):
        await ask(gateway, "it", stream=True)
        samples = await scraped(gateway)
    assert total(samples, "time_per_output_token_seconds_count") == 1
    between = total(samples, "time_per_output_token_seconds_sum")
    first = total(samples, "time_to_first_token_seconds_sum")
    assert 0 < 2 * between <= total(samples, "request_duration_seconds_sum") - first
