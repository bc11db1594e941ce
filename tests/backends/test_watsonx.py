import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import parse_qs

import pytest

from homeward.backends.http import Http
from homeward.backends.watsonx import IamTokens, Watsonx
from homeward.errors import ConfigError, Garbled, ModelMissing, Unauthorized
from homeward.model import Finish, Text, Usage
from tests.backends.leaves import check_cancel, check_hang_up, only
from tests.backends.servers import Asked, Reply, Route, Routes, answers, playing, sse
from tests.contract import HELLO, check_bill_arrives, check_ends_with_finish, heard, said

NAME = "ibm/granite-4-8b"
KEY = "ibm-secret"
TOKEN = ("POST", "/identity/token")
CHAT = ("POST", "/ml/v1/text/chat_stream")


def chunk(text: str = "", **fields: Any) -> str:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None, **fields}
    return json.dumps({"id": "c", "model_id": NAME, "choices": [choice]})


END = json.dumps(
    {
        "id": "c",
        "model_id": NAME,
        "choices": [{"index": 0, "finish_reason": "stop", "delta": {"content": ""}}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
    }
)
SPEAKS = sse(chunk("Hel"), chunk("lo"), END)


class Iam:
    """Gives token-1, token-2 ... and remembers how often it was asked."""

    def __init__(self, expires_in: int = 3600) -> None:
        self.given = 0
        self.expires_in = expires_in

    def __call__(self, asked: Asked) -> Reply:
        self.given += 1
        token = f"token-{self.given}"
        return answers({"access_token": token, "expires_in": self.expires_in})


def routes(chat: Route = SPEAKS, iam: Route | None = None) -> Routes:
    return {TOKEN: iam or Iam(), CHAT: chat}


def leaf(server: str, http: Http, **fields: Any) -> Watsonx:
    fields = {"project_id": "p-1", "iam": server, "api_key": KEY, **fields}
    return Watsonx(NAME, server, http=http, **fields)


@pytest.fixture
async def http() -> AsyncGenerator[Http, None]:
    async with Http() as client:
        yield client


async def test_streams_the_words(http: Http) -> None:
    async with playing(routes()) as server:
        events = await heard(leaf(server, http))
    assert [e.text for e in events if isinstance(e, Text) and e.text] == ["Hel", "lo"]
    assert events[-1] == Finish(model=NAME)


async def test_keeps_the_contract(http: Http) -> None:
    async with playing(routes()) as server:
        await check_ends_with_finish(leaf(server, http))
        await check_bill_arrives(leaf(server, http))


async def test_bills_what_was_counted(http: Http) -> None:
    async with playing(routes()) as server:
        usage = only(Usage, await heard(leaf(server, http)))
    assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (9, 2, False)


async def test_the_key_is_exchanged_for_a_token(http: Http) -> None:
    async with playing(routes()) as server:
        await said(leaf(server, http))
        token, chat = server.asked
    assert parse_qs(token.body.decode()) == {
        "grant_type": ["urn:ibm:params:oauth:grant-type:apikey"],
        "apikey": [KEY],
    }
    assert token.headers["content-type"] == "application/x-www-form-urlencoded"
    assert chat.headers["authorization"] == "Bearer token-1"
    assert KEY.encode() not in chat.body


async def test_the_body_names_model_and_project(http: Http) -> None:
    async with playing(routes()) as server:
        await said(leaf(server, http))
        chat = server.asked[-1]
    assert chat.path == "/ml/v1/text/chat_stream?version=2024-10-10"
    assert (chat.json["model_id"], chat.json["project_id"]) == (NAME, "p-1")
    assert "model" not in chat.json


async def test_a_space_stands_for_a_project(http: Http) -> None:
    async with playing(routes()) as server:
        await said(leaf(server, http, project_id=None, space_id="s-1"))
        body = server.asked[-1].json
    assert body["space_id"] == "s-1"
    assert "project_id" not in body


async def test_a_deployment_has_its_own_address_and_model(http: Http) -> None:
    chat: Routes = {("POST", "/ml/v1/deployments/d%2F1/text/chat_stream"): SPEAKS, TOKEN: Iam()}
    async with playing(chat) as server:
        await said(leaf(server, http, project_id=None, deployment="d/1"))
        assert not {"model_id", "project_id", "space_id"} & set(server.asked[-1].json)


@pytest.mark.parametrize("places", [{}, {"project_id": "p", "space_id": "s"}])
def test_one_place_must_be_named(places: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="project_id, space_id and deployment"):
        Watsonx(NAME, "https://us-south.ml.cloud.ibm.com", **places)  # type: ignore[arg-type]


# ---------------------------------------------------------------- tokens


async def test_a_token_is_kept(http: Http) -> None:
    iam = Iam()
    async with playing(routes(iam=iam)) as server:
        model = leaf(server, http)
        for _ in range(3):
            await said(model)
    assert iam.given == 1


async def test_a_token_is_fetched_once_for_many_at_once(http: Http) -> None:
    iam = Iam()
    async with playing(routes(iam=iam)) as server:
        model = leaf(server, http)
        assert await asyncio.gather(*(said(model) for _ in range(8))) == ["Hello"] * 8
    assert iam.given == 1


async def test_leaves_may_share_their_tokens(http: Http) -> None:
    iam, tokens = Iam(), IamTokens()
    async with playing(routes(iam=iam)) as server:
        await said(leaf(server, http, tokens=tokens))
        await said(leaf(server, http, tokens=tokens))
        assert iam.given == 1
        await said(leaf(server, http, tokens=tokens, api_key="another"))
        assert iam.given == 2


async def test_a_token_is_replaced_before_it_expires(http: Http) -> None:
    iam = Iam(expires_in=299)  # less than the margin
    async with playing(routes(iam=iam)) as server:
        model = leaf(server, http)
        await said(model)
        await said(model)
    assert iam.given == 2


async def test_a_token_that_is_refused_is_replaced_once(http: Http) -> None:
    def chat(asked: Asked) -> Reply:
        fresh = asked.headers["authorization"] == "Bearer token-2"
        return SPEAKS if fresh else answers({"errors": [{"code": "authentication_token"}]}, 401)

    iam = Iam()
    async with playing(routes(chat, iam)) as server:
        assert await said(leaf(server, http)) == "Hello"
    assert iam.given == 2


async def test_a_key_that_opens_nothing_is_not_tried_for_ever(http: Http) -> None:
    iam = Iam()
    async with playing(routes(answers({"errors": []}, 401), iam)) as server:
        with pytest.raises(Unauthorized):
            await said(leaf(server, http))
    assert iam.given == 2


async def test_a_key_that_iam_does_not_know_says_which_variable(http: Http) -> None:
    refusal = answers({"errorCode": "BXNIM0415E", "errorMessage": "not found"}, 400)
    async with playing(routes(iam=refusal)) as server:
        with pytest.raises(Unauthorized, match="WATSONX_APIKEY"):
            await said(leaf(server, http))


async def test_an_exchange_that_gives_no_token_is_garbled(http: Http) -> None:
    async with playing(routes(iam=answers({"ok": True}))) as server:
        with pytest.raises(Garbled, match="access token"):
            await said(leaf(server, http))


async def test_a_cluster_takes_the_key_itself(http: Http) -> None:
    async with playing(routes()) as server:
        await said(leaf(server, http, username="ann"))
        [chat] = server.asked
    kind, pair = chat.headers["authorization"].split()
    assert (kind, base64.b64decode(pair).decode()) == ("ZenApiKey", f"ann:{KEY}")


async def test_the_environment_has_the_key(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATSONX_APIKEY", "from-env")
    async with playing(routes()) as server:
        await said(leaf(server, http, api_key=None))
        assert b"apikey=from-env" in server.asked[0].body


async def test_without_a_key_nothing_is_asked(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATSONX_APIKEY", raising=False)
    async with playing(routes()) as server:
        with pytest.raises(Unauthorized, match="WATSONX_APIKEY"):
            await said(leaf(server, http, api_key=None))
        assert server.asked == []


async def test_neither_key_nor_token_is_in_a_repr_or_an_error(http: Http) -> None:
    async with playing(routes(answers({"errors": []}, 401))) as server:
        model = leaf(server, http)
        with pytest.raises(Unauthorized) as failure:
            await said(model)
    shown = repr(model) + repr(model.tokens) + str(failure.value)
    assert KEY not in shown
    assert "token-" not in shown


# ---------------------------------------------------------------- failures


async def test_a_model_that_is_not_there(http: Http) -> None:
    refusal = answers({"errors": [{"code": "model_not_supported", "message": "no"}]}, 404)
    async with playing(routes(refusal)) as server:
        with pytest.raises(ModelMissing, match=NAME):
            await said(leaf(server, http))


@pytest.mark.parametrize("cut", [True, False])
async def test_a_stream_without_its_end_is_garbled(http: Http, *, cut: bool) -> None:
    async with playing(routes(sse(chunk("Hel"), cut=cut))) as server:
        with pytest.raises(Garbled):
            await said(leaf(server, http))


async def test_hanging_up_ends_the_answer_upstream(http: Http) -> None:
    async with playing(routes(sse(chunk("Hel"), 60.0, END))) as server:
        await check_hang_up(leaf(server, http), server)


async def test_cancelling_ends_the_answer_upstream(http: Http) -> None:
    async with playing(routes(sse(60.0, END))) as server:
        await check_cancel(leaf(server, http), server, "/ml/v1/text/chat_stream")


def test_tokens_outlive_the_event_loop_that_got_them() -> None:
    """A lock that was waited for belongs to its loop; two runs may share the tokens."""
    tokens = IamTokens()

    async def both() -> list[str]:
        granted: Routes = {("POST", "/identity/token"): answers({"access_token": "t"})}
        async with playing(granted) as iam, Http() as http:
            asks = (tokens.get(http, iam, "k", HELLO) for _ in range(2))
            return await asyncio.gather(*asks)

    assert [asyncio.run(both()), asyncio.run(both())] == [["t", "t"]] * 2
