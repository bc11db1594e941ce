"""Local traffic, in front of servers that count what it saves them."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import pytest

from homeward.backends.http import Http
from homeward.config import parse
from homeward.gateway.traffic.runtimes import OllamaRuntime
from homeward.gateway.traffic.traffic import Row, Traffic
from homeward.machine.scheduler.schedule import Rules
from homeward.model import Decision, Model, Request
from homeward.strategies.queued import Queued
from tests.backends.servers import NEVER, Routes, answers, held, lines, playing, sse
from tests.contract import PATIENCE, heard, said
from tests.gateway.ollama_like import FOREVER, OllamaLike, ollama_like
from tests.gateway.running import running

QUICK = Rules(overtakes=32, patience=PATIENCE, residency=0.02, linger=0.004, disk=1e15)


@asynccontextmanager
async def opened(
    text: str, around: Traffic | None = None, **at_once: int
) -> AsyncGenerator[tuple[Mapping[str, Model], Traffic]]:
    traffic = around or Traffic(at_once, QUICK)
    async with parse(text).open(traffic.around) as models, traffic:
        yield models, traffic


def row(traffic: Traffic, model: str = "") -> Row:
    return next(each for each in traffic.snapshot() if model in each.model)


async def until(seen: object) -> None:
    async with asyncio.timeout(PATIENCE):
        while not seen():  # type: ignore[operator]  # noqa: ASYNC110  any fact
            await asyncio.sleep(0.001)


# ---------------------------------------------------------------- models that do not fit together


def two_models(server: str) -> str:
    return f"""
    models:
      a: {{ollama: {{model: "a:1", base_url: "{server}"}}}}
      b: {{ollama: {{model: "b:1", base_url: "{server}"}}}}
    """


async def alternating(models: Mapping[str, Model], clients: int = 20, each: int = 5) -> None:
    """Clients that ask A and B in turn, half of them beginning with B."""

    async def client(number: int) -> None:
        for turn in range(each):
            assert await said(models["ab"[(number + turn) % 2]]) == "Hi"

    await asyncio.gather(*(client(number) for number in range(clients)))


async def test_20_clients_that_ask_two_models_in_turn_need_half_of_the_loads() -> None:
    """Of two models that do not fit together, which a look at what is loaded has taught."""
    bare, lined = OllamaLike(), OllamaLike()
    async with ollama_like(bare) as server, parse(two_models(server)).open() as models:
        await alternating(models)
    async with ollama_like(lined) as server, opened(two_models(server)) as (models, traffic):
        for name in models:  # else the test is of how soon the looks come
            await said(models[name])
            await until(lambda: not traffic._tasks)
        assert traffic.places[0].machine.memory < 2 * 6e9
        await alternating(models)
    assert len(lined.loads) <= len(bare.loads) / 2


async def test_different_windows_asked_of_one_model_load_it_once_for_each_that_is_larger() -> None:
    """And none is made smaller again: 20 clients, of which each has its own idea of num_ctx."""
    played = OllamaLike()
    text = 'models: {a: {ollama: {model: "a:1", base_url: "%s"}}}'
    async with ollama_like(played) as server, opened(text % server) as (models, _):

        async def client(number: int) -> None:
            for turn in range(3):
                asked = {"options": {"num_ctx": 2048 * (1 + (number + turn) % 4), "num_gpu": turn}}
                request = Request.of("Hi", extra=asked, dialect="ollama")
                assert await said(models["a"], request) == "Hi"

        await asyncio.gather(*(client(number) for number in range(20)))
    windows = [window for _, window in played.loads]
    assert windows == sorted(set(windows))
    assert windows[-1] == 8192


async def test_one_model_with_two_windows_of_its_own_is_gathered_like_two_models() -> None:
    played = OllamaLike()
    text = """
    models:
      a: {ollama: {model: "a:1", base_url: "%s", num_ctx: 4096}}
      b: {ollama: {model: "a:1", base_url: "%s", num_ctx: 8192}}
    """
    async with ollama_like(played) as server, opened(text % (server, server)) as (models, _):
        await alternating(models)
    assert len(played.loads) <= 25


async def test_no_more_than_ollama_serves_at_once_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_NUM_PARALLEL", "2")
    played = OllamaLike()
    async with ollama_like(played) as server, opened(two_models(server)) as (models, traffic):
        await asyncio.gather(*(said(models["a"]) for _ in range(8)))
        assert row(traffic, "a:1").limit == 2
    assert played.most_running == 2


async def test_what_is_loaded_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    played = OllamaLike(loaded=("b:1", 4096))
    async with ollama_like(played) as server, opened(two_models(server)) as (models, traffic):
        assert not row(traffic, "b:1").loaded
        await said(models["b"])
        await until(lambda: not traffic._tasks)
        assert (row(traffic, "b:1").loaded, row(traffic, "a:1").loaded) == (True, False)
        assert {each.size for each in traffic.lines[server, "b:1"].place.machine.loaded} == {6e9}


LOADING = {"message": {"role": "assistant", "content": "Hi"}, "done": True}


@pytest.mark.parametrize(("took", "seen"), [(2_500_000_000, 2.5), (60_000_000, None)])
async def test_ollama_tells_what_a_load_took_and_hundredths_are_none(
    took: int, seen: float | None
) -> None:
    ollama: Routes = {
        ("POST", "/api/show"): answers({"capabilities": ["completion"]}),
        ("POST", "/api/chat"): lines(LOADING | {"load_duration": took}),
    }
    async with playing(ollama) as server, opened(two_models(str(server))) as (models, traffic):
        await said(models["a"])
        assert row(traffic, "a:1").swap_seconds == seen


async def test_what_is_passed_on_tells_what_a_load_took() -> None:
    ollama: Routes = {
        ("POST", "/api/show"): answers({"capabilities": ["completion"]}),
        ("POST", "/api/chat"): lines(LOADING | {"load_duration": 2_500_000_000}),
    }
    async with playing(ollama) as server, running(two_models(str(server))) as gateway:
        body = {"model": "a", "messages": [{"role": "user", "content": "Hi"}]}
        assert (await gateway.ask("POST", "/api/chat", body)).status == 200
        assert row(gateway.gateway.traffic, "a:1").swap_seconds == 2.5


async def test_of_a_loaded_model_what_it_takes_on_gpus_counts() -> None:
    held = {"name": "a:1", "size": 9, "size_vram": 7, "expires_at": FOREVER}
    ollama: Routes = {
        ("GET", "/api/tags"): answers({"models": [{"name": "a:1", "size": 5}]}),
        ("GET", "/api/ps"): answers({"models": [held]}),
    }
    async with playing(ollama) as server, Http() as http:
        facts = await OllamaRuntime(str(server), {}).look(http)
    assert facts.loaded is not None
    assert facts.loaded["a:1"].size == 7


# ---------------------------------------------------------------- limits

CHAT = ("POST", "/v1/chat/completions")
HELLO = sse('{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}', "[DONE]")


def server_of(kind: str, url: str) -> str:
    return f'models: {{m: {{{kind}: {{model: m, base_url: "{url}/v1"}}}}}}'


@pytest.mark.parametrize(
    ("kind", "routes", "limit"),
    [
        ("llama.cpp", {("GET", "/props"): answers({"total_slots": 3})}, 3),
        ("llama.cpp", {}, None),
        ("vllm", {}, 256),
        ("lmstudio", {}, None),
        (
            "openai",
            {
                ("GET", "/v1/models"): answers(
                    {"data": [{"id": "m", "owned_by": "llamacpp"}]}, server="llama.cpp"
                ),
                ("GET", "/props"): answers({"total_slots": 2}),
            },
            2,
        ),
    ],
)
async def test_limits_follow_what_the_runtime_tells(
    kind: str, routes: Routes, limit: int | None
) -> None:
    async with (
        playing({CHAT: HELLO, **routes}) as server,
        opened(server_of(kind, server)) as (models, traffic),
    ):
        assert await said(models["m"]) == "Hi"
        assert server.asked[0].path == "/v1/chat/completions"  # nothing is asked before it
        await until(lambda: not traffic._tasks)
        assert row(traffic).limit == limit


async def test_the_operators_limit_goes_before_the_runtimes() -> None:
    props = {CHAT: HELLO, ("GET", "/props"): answers({"total_slots": 3})}
    async with (
        playing(props) as server,
        opened(server_of("llama.cpp", server), m=1) as (models, traffic),
    ):
        await said(models["m"])
        await until(lambda: not traffic._tasks)
        assert row(traffic).limit == 1


async def test_a_server_that_has_too_many_gets_half_of_them() -> None:
    routes: Routes = {CHAT: answers({"error": "busy"}, 503)}
    async with playing(routes) as server, opened(server_of("tgi", server)) as (models, traffic):
        assert row(traffic).limit is None
        await asyncio.gather(*(said(models["m"]) for _ in range(8)), return_exceptions=True)
        assert row(traffic).limit == 1


@pytest.mark.parametrize(
    "leaf",
    [
        "{openai: {model: m, api_key: k}}",
        '{ollama: {model: "m:cloud"}}',
        '{ollama: {model: m, base_url: "https://ollama.example"}}',
        "{echo: {}}",
    ],
)
async def test_hosted_leaves_and_those_that_answer_by_themselves_have_no_line(leaf: str) -> None:
    async with opened(f"models: {{x: {leaf}}}") as (models, traffic):
        assert not isinstance(models["x"], Queued)
        assert traffic.snapshot() == []


async def test_a_hosted_leaf_has_a_line_where_the_operator_limits_it() -> None:
    async with opened("models: {x: {openai: {model: m, api_key: k}}}", x=2) as (_, traffic):
        assert row(traffic).limit == 2


async def test_one_model_in_several_routes_has_one_line() -> None:
    text = """
    models:
      a: {ollama: {model: m, base_url: "http://127.0.0.1:1"}}
      b: {fallback: [a, {ollama: {model: "m:latest", base_url: "http://127.0.0.1:1"}}]}
    """
    async with opened(text) as (_, traffic):
        assert len(traffic.snapshot()) == 1


async def test_children_in_a_list_are_called_as_without_lines() -> None:
    text = "models: {x: {fallback: [{embedded: {model: box/draft}}, {embedded: box/arith}]}}"
    async with opened(text) as (models, _), parse(text).open() as bare:
        assert list(models["x"].models) == list(bare["x"].models)  # type: ignore[attr-defined]


# ---------------------------------------------------------------- models of this package


async def test_an_embedded_model_serves_as_many_as_it_has_slots() -> None:
    text = "models: {x: {embedded: {model: box/draft, parallel: 2}}}"
    async with opened(text) as (models, traffic):
        answers_ = await asyncio.gather(*(heard(models["x"], Request.of("2+2")) for _ in range(4)))
        waited = [e for events in answers_ for e in events if isinstance(e, Decision)]
        assert len(waited) == 2
        assert (row(traffic).limit, row(traffic).loaded) == (2, True)


async def test_an_embedded_model_that_does_not_fit_makes_room() -> None:
    text = "models: {x: {embedded: {model: box/draft}}, y: {embedded: {model: box/arith}}}"
    async with opened(text) as (models, traffic):
        place = next(iter(traffic.lines.values())).place
        place.machine.memory = 1  # bytes: two never fit
        llamas = models["x"].model.llamas  # type: ignore[attr-defined]
        await said(models["x"], Request.of("2+2"))
        await said(models["y"], Request.of("2+2"))
        await until(lambda: not traffic._tasks)
        assert [plan.model.stem for plan in llamas.loaded] == ["arith"]


@pytest.mark.parametrize("at_once", ["null", "1"])
async def test_a_batch_for_a_panel_loads_each_model_once(at_once: str) -> None:
    """12 prompts for three models of which one fits at a time."""
    text = """
    models:
      x: {embedded: {model: box/draft}}
      y: {embedded: {model: box/arith}}
      z: {embedded: {model: box/words}}
      panel: {ensemble: {models: [x, y, z], merge: concat, at_once: %s}}
    """
    async with opened(text % at_once) as (models, traffic):
        place = next(iter(traffic.lines.values())).place
        place.machine.memory = 1  # bytes: two never fit
        asks = [said(models["panel"], Request.of(f"{number}+2")) for number in range(12)]
        await asyncio.gather(*asks)
        assert place.machine.loads == 3
        assert [each.swaps for each in traffic.snapshot()] == [1, 1, 1]


async def test_what_a_load_took_is_seen() -> None:
    async with opened("models: {x: {embedded: {model: box/draft}}}") as (models, traffic):
        before = row(traffic)
        await said(models["x"], Request.of("2+2"))
        after = row(traffic)
        assert before.swap_seconds is not None  # by its size
        assert (before.seen, before.swaps) == (False, 0)
        assert (after.seen, after.swaps) == (True, 1)


async def test_variants_that_differ_in_words_alone_are_one_model() -> None:
    text = """
    models:
      x: {embedded: {model: box/draft, system: Be brief.}}
      y: {embedded: {model: box/draft, system: Be long.}}
      z: {embedded: {model: box/draft, context: 128}}
    """
    async with opened(text) as (_, traffic):
        assert len(traffic.snapshot()) == 2


# ---------------------------------------------------------------- at the gateway

SHOWN = answers({"capabilities": ["completion"]})
SAID = lines({"message": {"role": "assistant", "content": "Hi"}, "done": True})
ASK = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


async def test_the_queue_is_seen_from_outside() -> None:
    seen = asyncio.Event()
    ollama = {("POST", "/api/show"): SHOWN, ("POST", "/api/chat"): held(SAID, seen)}
    async with (
        playing(ollama) as server,
        running(
            f'models: {{m: {{ollama: {{model: m, base_url: "{server}"}}}}}}', at_once={"m": 1}
        ) as gateway,
    ):
        asks = [
            asyncio.create_task(gateway.ask("POST", "/v1/chat/completions", ASK)) for _ in range(3)
        ]
        await until(lambda: gateway.gateway.traffic.snapshot()[0].waiting == 2)
        queue = (await gateway.ask("GET", "/homeward/queue")).json["data"][0]
        assert (queue["model"], queue["running"], queue["waiting"], queue["limit"]) == (
            "m",
            1,
            2,
            1,
        )
        assert [each["position"] for each in queue["line"]] == [0, 1]
        assert queue["seconds"] > 0
        seen.set()
        told = [(await ask).headers.get("x-homeward-decision", "") for ask in asks]
        assert sum("queue: waited" in each for each in told) == 2


async def test_what_is_passed_on_waits_in_the_same_line() -> None:
    seen = asyncio.Event()
    async with (
        playing({CHAT: held(HELLO, seen)}) as server,
        running(server_of("lmstudio", server), at_once={"m": 1}) as gateway,
    ):
        body = {**ASK, "stream": True}
        asks = [gateway.ask("POST", "/v1/chat/completions", body) for _ in range(3)]
        work = asyncio.gather(*asks)
        await until(lambda: gateway.gateway.traffic.snapshot()[0].waiting == 2)
        seen.set()
        assert [answer.status for answer in await work] == [200, 200, 200]
        assert len(server.asked) == 3
        entries = [gateway.gateway.decisions.find(a.headers["x-homeward-id"]) for a in await work]
        waited = [entry[0].queued_seconds > 0 for entry in entries if entry]
        assert sorted(waited) == [False, True, True]  # who comes first is the event loop's affair


async def test_who_hangs_up_in_line_leaves_it() -> None:
    async with (
        playing({CHAT: sse(NEVER)}) as server,
        running(server_of("lmstudio", server), at_once={"m": 1}) as gateway,
    ):
        traffic = gateway.gateway.traffic
        first = asyncio.create_task(gateway.ask("POST", "/v1/chat/completions", ASK))
        await until(lambda: traffic.snapshot()[0].running == 1)
        second = asyncio.create_task(gateway.ask("POST", "/v1/chat/completions", ASK))
        await until(lambda: traffic.snapshot()[0].waiting == 1)
        second.cancel()
        await until(lambda: traffic.snapshot()[0].waiting == 0)
        first.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        await until(lambda: traffic.snapshot()[0].running == 0)


async def test_a_key_sees_the_lines_of_its_routes_alone() -> None:
    text = """
    models:
      mine: {ollama: {model: m, base_url: "http://127.0.0.1:1"}}
      yours: {fallback: [{ollama: {model: y, base_url: "http://127.0.0.1:1"}}]}
    """
    async with running(text) as gateway:
        rows = (await gateway.ask("GET", "/homeward/queue")).json["data"]
        assert [each["model"] for each in rows] == ["m", "y"]
