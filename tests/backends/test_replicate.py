import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from homeward.backends.http import Http
from homeward.backends.replicate import Replicate
from homeward.errors import ConfigError, Failed, Garbled, ModelMissing, TimedOut, Unauthorized
from homeward.model import Finish, Text, Usage
from tests.backends.leaves import check_cancel, check_hang_up, only, until_failure
from tests.backends.servers import Asked, Reply, Route, Routes, Server, answers, playing
from tests.contract import HELLO, check_bill_arrives, check_ends_with_finish, heard, said

NAME = "meta/llama-4"
KEY = "r8_secret"
CREATE = ("POST", "/v1/models/meta/llama-4/predictions")
GET, CANCEL, STREAM = ("GET", "/v1/p/1"), ("POST", "/v1/p/1/cancel"), ("GET", "/v1/p/1/stream")


def frames(*steps: tuple[str, str] | float, cut: bool = False) -> Reply:
    """Events by name and text, as Replicate streams them."""
    played = [
        step if isinstance(step, float) else f"event: {step[0]}\ndata: {step[1]}\n\n".encode()
        for step in steps
    ]
    return Reply(played, headers={"content-type": "text/event-stream"}, cut=cut)


SUCCEEDED = answers({"status": "succeeded", "output": ["Hel", "lo"]})
COUNTED = {"metrics": {"input_token_count": 9, "output_token_count": 2}}
SPEAKS = frames(("output", "Hel"), ("output", "lo"), ("done", "{}"))


def prediction(asked: Asked, status: str = "starting", *, streams: bool = True, **more: Any) -> Any:
    here = f"http://{asked.headers['host']}/v1/p/1"
    urls = {"get": here, "cancel": f"{here}/cancel"}
    if streams:
        urls["stream"] = f"{here}/stream"
    return {"id": "1", "status": status, "urls": urls, "error": None, **more}


def creates(asked: Asked) -> Reply:
    return answers(prediction(asked), 201)


def routes(stream: Route = SPEAKS, create: Route = creates, **more: Route) -> Routes:
    cancel = more.get("cancel", answers({"status": "canceled"}))
    return {CREATE: create, STREAM: stream, CANCEL: cancel, GET: more.get("get", SUCCEEDED)}


class Polled:
    """A model that cannot stream, and is ready when it was looked at twice."""

    def __init__(self, **last: Any) -> None:
        self.looks = 0
        self.last = {"status": "succeeded", "output": ["Hel", "lo"], **last}

    def create(self, asked: Asked) -> Reply:
        return answers(prediction(asked, streams=False), 201)

    def get(self, asked: Asked) -> Reply:
        self.looks += 1
        if self.looks < 3:
            return answers(prediction(asked, "processing", streams=False))
        return answers({**prediction(asked, streams=False), **self.last})

    @property
    def routes(self) -> Routes:
        return {CREATE: self.create, GET: self.get, CANCEL: answers({})}


def leaf(server: Server, http: Http | None = None, **fields: Any) -> Replicate:
    fields = {"base_url": f"{server}/v1", "api_token": KEY, "poll": 0.001, **fields}
    return Replicate(fields.pop("model", NAME), http=http, **fields)


def paths(server: Server) -> list[str]:
    return [asked.path for asked in server.asked]


@pytest.fixture
async def http() -> AsyncGenerator[Http, None]:
    async with Http() as client:
        yield client


async def test_streams_the_words(http: Http) -> None:
    async with playing(routes()) as server:
        events = await heard(leaf(server, http))
        assert {asked.headers["authorization"] for asked in server.asked} == {f"Bearer {KEY}"}
    assert [e.text for e in events if isinstance(e, Text)] == ["Hel", "lo"]
    assert events[-1] == Finish(model=NAME)


async def test_keeps_the_contract(http: Http) -> None:
    async with playing(routes()) as server:
        await check_ends_with_finish(leaf(server, http))
        await check_bill_arrives(leaf(server, http))


async def test_asks_again_where_the_model_does_not_stream(http: Http) -> None:
    polled = Polled()
    async with playing(polled.routes) as server:
        assert await said(leaf(server, http)) == "Hello"
        assert CANCEL[1] not in paths(server)
    assert polled.looks == 3


async def test_bills_what_was_counted(http: Http) -> None:
    get = answers({"status": "succeeded", "output": ["Hello"], **COUNTED})
    for played in (Polled(**COUNTED).routes, routes(get=get)):
        async with playing(played) as server:
            usage = only(Usage, await heard(leaf(server, http)))
        assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (9, 2, False)


async def test_tokens_that_cannot_be_asked_for_are_estimated(http: Http) -> None:
    async with playing(routes(get=answers({"detail": "gone"}, 500))) as server:
        events = await heard(leaf(server, http))
    assert only(Usage, events).estimated
    assert only(Usage, events).outcome == "finished"


async def test_the_prompt_and_the_leafs_inputs_are_sent(http: Http) -> None:
    async with playing(routes()) as server:
        await said(leaf(server, http, input={"min_new_tokens": 3}))
        sent = server.asked[0].json["input"]
    assert sent["prompt"] == "hello"
    assert sent["min_new_tokens"] == 3


@pytest.mark.parametrize(
    ("model", "deployment", "path"),
    [
        ("me/mine", True, "/v1/deployments/me/mine/predictions"),
        ("me/mine:abc123", False, "/v1/predictions"),
    ],
)
async def test_deployments_and_versions_have_their_own_address(
    http: Http, model: str, *, deployment: bool, path: str
) -> None:
    async with playing({**routes(), ("POST", path): creates}) as server:
        assert await said(leaf(server, http, model=model, deployment=deployment)) == "Hello"
        version = server.asked[0].json.get("version")
    assert version == ("abc123" if ":" in model else None)


async def test_hanging_up_cancels_the_prediction(http: Http) -> None:
    async with playing(routes(frames(("output", "Hel"), 60.0))) as server:
        await check_hang_up(leaf(server, http), server)
        assert paths(server)[-1] == CANCEL[1]


async def test_cancelling_ends_the_answer_upstream(http: Http) -> None:
    async with playing(routes(frames(60.0))) as server:
        await check_cancel(leaf(server, http), server, "/v1/p/1/stream")


async def test_cancelling_while_it_is_polled_cancels_the_prediction(http: Http) -> None:
    async with playing(Polled(status="processing").routes) as server:
        task = asyncio.create_task(heard(leaf(server, http, poll=60.0)))
        await server.until(lambda s: GET[1] in paths(s))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert paths(server)[-1] == CANCEL[1]


async def test_a_cancel_that_fails_is_not_heard_of(http: Http) -> None:
    slow = frames(("output", "Hel"), 60.0)
    async with playing(routes(slow, cancel=answers({"detail": "no"}, 500))) as server:
        await check_hang_up(leaf(server, http), server)


async def test_a_deadline_ends_the_polling(http: Http) -> None:
    async with playing(Polled(status="processing").routes) as server:
        request = HELLO.with_(deadline=time.monotonic() + 1.0)  # enough to be asked
        with pytest.raises(TimedOut, match="deadline"):
            await said(leaf(server, http, poll=60.0), request)
        assert paths(server)[-1] == CANCEL[1]


async def test_a_prediction_that_failed_says_why(http: Http) -> None:
    polled = Polled(status="failed", error="out of memory", output=None)
    async with playing(polled.routes) as server:
        with pytest.raises(Failed, match="out of memory"):
            await said(leaf(server, http))


async def test_a_prediction_that_was_canceled_fails(http: Http) -> None:
    polled = Polled(status="canceled", output=None)
    async with playing(polled.routes) as server:
        with pytest.raises(Failed):
            await said(leaf(server, http))


async def test_an_error_in_the_stream_fails(http: Http) -> None:
    stream = frames(("output", "Hel"), ("error", '{"detail": "CUDA out of memory"}'))
    async with playing(routes(stream)) as server:
        with pytest.raises(Failed, match="CUDA"):
            await said(leaf(server, http))


@pytest.mark.parametrize("cut", [True, False])
async def test_a_stream_without_its_end_is_garbled(http: Http, *, cut: bool) -> None:
    async with playing(routes(frames(("output", "Hel"), cut=cut))) as server:
        with pytest.raises(Garbled):
            await said(leaf(server, http))


async def test_a_stream_that_leads_elsewhere_is_not_followed(http: Http) -> None:
    def astray(asked: Asked) -> Reply:
        away = prediction(asked)
        away["urls"]["stream"] = "http://127.0.0.1:1/v1/p/1/stream"
        return answers(away, 201)

    async with playing(routes(create=astray)) as server:
        with pytest.raises(Garbled, match=r"points to 'http://127\.0\.0\.1:1"):
            await said(leaf(server, http))
        assert CANCEL[1] in paths(server)


@pytest.mark.parametrize(
    ("url", "followed"),
    [
        ("https://stream.replicate.com/v1/files/x", True),
        ("https://streaming-api.svc.us.c.replicate.net/v1/predictions/x", True),
        ("http://stream.replicate.com/v1/files/x", False),
        ("https://stream.replicate.com.evil.example/x", False),
        ("https://evilreplicate.com/x", False),
        ("https://api.replicate.com@evil.example/x", False),
        ("https://stream.replicate.com:9/x", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_the_services_own_streams_are_known(url: str, *, followed: bool) -> None:
    model = Replicate(NAME, api_token=KEY)
    if followed:
        assert model._trusted(url) == url
        assert not model._own(url)  # and are not sent the key
    else:
        with pytest.raises(Garbled):
            model._trusted(url)


async def test_a_model_that_is_not_there(http: Http) -> None:
    async with playing(routes(create=answers({"detail": "Not found", "status": 404}, 404))) as s:
        with pytest.raises(ModelMissing, match=NAME):
            await said(leaf(s, http))


async def test_without_a_key_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REPLICATE_API_TOKEN", raising=False)
    with pytest.raises(Unauthorized, match="REPLICATE_API_TOKEN"):
        await said(Replicate(NAME))


async def test_the_key_is_in_no_repr_and_no_error(http: Http) -> None:
    refusal = answers({"title": "Unauthenticated", "detail": "bad token"}, 401)
    async with playing(routes(create=refusal)) as server:
        model = leaf(server, http)
        with pytest.raises(Unauthorized) as failure:
            await said(model)
    assert KEY not in repr(model) + str(failure.value)


async def test_a_failed_answer_is_billed(http: Http) -> None:
    async with playing(routes(frames(("output", "Hel")))) as server:
        events = await until_failure(leaf(server, http))
    assert only(Usage, events).outcome == "failed"


@pytest.mark.parametrize(
    "model", ["../../account", "a/b?x=1", "a/b#", "a/b/c", "a/../b", "a/b\r\nx: y"]
)
def test_a_model_is_an_owner_and_a_name(model: str) -> None:
    with pytest.raises(ConfigError, match="say owner/name"):
        Replicate(model)
