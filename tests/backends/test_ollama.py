import time
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from homeward.backends.http import Http
from homeward.backends.ollama import Ollama
from homeward.backends.ollama_server import address
from homeward.errors import (
    ConfigError,
    Failed,
    Forbidden,
    Garbled,
    ModelMissing,
    TimedOut,
    TooLong,
    Unreachable,
)
from homeward.model import (
    Call,
    Clearance,
    Finish,
    Message,
    Reasoning,
    Request,
    Text,
    Tool,
    ToolCall,
    Usage,
)
from tests.backends.leaves import check_cancel, check_hang_up, only, until_failure
from tests.backends.servers import Reply, Routes, Server, answers, lines, playing
from tests.contract import HELLO, check_bill_arrives, check_ends_with_finish, heard, said

NAME = "qwen3:4b"
SHOW, CHAT = ("POST", "/api/show"), ("POST", "/api/chat")
LOCAL = answers({"details": {"family": "qwen3"}, "capabilities": ["completion", "tools"]})
THINKS = answers({"capabilities": ["completion", "thinking"]})
REMOTE = answers({"remote_host": "https://ollama.com:443", "remote_model": "big"})
WORLD = HELLO.with_(clearance=Clearance.WORLD)


def piece(text: str = "", **fields: Any) -> dict[str, Any]:
    return {"model": NAME, "message": {"role": "assistant", "content": text, **fields}}


def last(**fields: Any) -> dict[str, Any]:
    return {**piece(), "done": True, "done_reason": "stop", **fields}


SPEAKS = lines(
    {**piece("Hel"), "done": False},
    {**piece("lo"), "done": False},
    last(prompt_eval_count=11, eval_count=2, load_duration=1_500_000_000),
)


def routes(chat: Reply = SPEAKS, show: Reply = LOCAL) -> Routes:
    return {SHOW: show, CHAT: chat}


@pytest.fixture
async def http() -> AsyncGenerator[Http, None]:
    async with Http() as client:
        yield client


def asked_chat(server: Server) -> dict[str, Any]:
    body: dict[str, Any] = server.asked[-1].json
    assert server.asked[-1].path == "/api/chat"
    return body


async def test_streams_the_words(http: Http) -> None:
    async with playing(routes()) as server:
        events = await heard(Ollama(NAME, server, http=http))
    assert [e.text for e in events if isinstance(e, Text)] == ["Hel", "lo"]
    assert events[-1] == Finish(model=NAME)


async def test_keeps_the_contract(http: Http) -> None:
    async with playing(routes()) as server:
        await check_ends_with_finish(Ollama(NAME, server, http=http))
        await check_bill_arrives(Ollama(NAME, server, http=http))


async def test_makes_a_client_of_its_own_where_it_was_given_none() -> None:
    async with playing(routes()) as server:
        assert await said(Ollama(NAME, server)) == "Hello"


async def test_bills_what_ollama_counted(http: Http) -> None:
    async with playing(routes()) as server:
        usage = only(Usage, await heard(Ollama(NAME, server, http=http)))
    assert (usage.input_tokens, usage.output_tokens, usage.load_seconds) == (11, 2, 1.5)
    assert (usage.where, usage.estimated) == (Clearance.MACHINE, False)


async def test_speaks_natively_and_forbids_silent_truncation(http: Http) -> None:
    async with playing(routes()) as server:
        await said(Ollama(NAME, server, http=http))
        body = asked_chat(server)
    assert (body["truncate"], body["shift"], body["stream"]) == (False, False, True)
    assert body["model"] == NAME
    assert "think" not in body
    assert "keep_alive" not in body


async def test_options_of_the_request_go_before_those_of_the_leaf(http: Http) -> None:
    model = {"num_ctx": 8192, "keep_alive": "10m", "options": {"temperature": 1.0, "num_gpu": 7}}
    async with playing(routes()) as server:
        await said(Ollama(NAME, server, **model, http=http), HELLO.sampled(temperature=0.0))  # type: ignore[arg-type]
        body = asked_chat(server)
    assert body["options"] == {"temperature": 0.0, "num_gpu": 7, "num_ctx": 8192}
    assert body["keep_alive"] == "10m"


async def test_thinking_is_asked_for_where_the_model_can(http: Http) -> None:
    async with playing(routes(show=THINKS)) as server:
        await said(Ollama(NAME, server, think=False, http=http))
        assert asked_chat(server)["think"] is False


async def test_thinking_is_not_asked_of_a_model_that_cannot(http: Http) -> None:
    async with playing(routes(show=LOCAL)) as server:
        await said(Ollama(NAME, server, think=True, http=http))
        assert "think" not in asked_chat(server)


async def test_thoughts_and_tool_calls_come_through(http: Http) -> None:
    call = {"function": {"name": "add", "arguments": {"a": 1}}}
    chat = lines(piece(thinking="hm"), piece(tool_calls=[call]), last())
    async with playing(routes(chat)) as server:
        request = HELLO.with_(tools=(Tool("add", parameters={"type": "object"}),))
        events = await heard(Ollama(NAME, server, http=http), request)
        assert asked_chat(server)["tools"][0]["function"]["name"] == "add"
    assert only(Reasoning, events).text == "hm"
    assert only(ToolCall, events).name == "add"


# ---------------------------------------------------------------- where it runs


@pytest.mark.parametrize("name", ["gpt-oss:120b-cloud", "qwen3-coder:480b-cloud", "glm:Cloud"])
async def test_a_cloud_name_is_refused_before_anything_is_sent(http: Http, name: str) -> None:
    async with playing(routes()) as server:
        with pytest.raises(Forbidden, match=r"ollama\.com"):
            await said(Ollama(name, server, http=http))
        assert server.asked == []


async def test_a_remote_model_is_refused_before_the_prompt_is_sent(http: Http) -> None:
    secret = Request.of("my secret")
    async with playing(routes(show=REMOTE)) as server:
        with pytest.raises(Forbidden, match="clearance: world"):
            await said(Ollama(NAME, server, http=http), secret)
        assert [asked.path for asked in server.asked] == ["/api/show"]
        assert b"my secret" not in server.asked[0].body


@pytest.mark.parametrize(("name", "show"), [(NAME, REMOTE), ("glm:cloud", LOCAL)])
async def test_a_remote_model_that_may_be_asked_is_billed_as_the_world(
    http: Http, name: str, show: Reply
) -> None:
    async with playing(routes(show=show)) as server:
        events = await heard(Ollama(name, server, http=http), WORLD)
    assert only(Call, events).where is Clearance.WORLD
    assert only(Usage, events).where is Clearance.WORLD


async def test_a_server_that_does_not_say_where_gets_no_prompt(http: Http) -> None:
    async with playing(routes(show=Reply(b"<html>", framing="length"))) as server:
        with pytest.raises(Garbled, match="base_url"):
            await said(Ollama(NAME, server, http=http))
        assert len(server.asked) == 1


# ---------------------------------------------------------------- failures


async def test_a_model_that_is_not_there_names_the_command(http: Http) -> None:
    missing = answers({"error": f"model '{NAME}' not found"}, 404)
    async with playing(routes(show=missing)) as server:
        with pytest.raises(ModelMissing, match=f"ollama pull {NAME}"):
            await said(Ollama(NAME, server, http=http))


async def test_a_prompt_that_does_not_fit_is_an_error(http: Http) -> None:
    refusal = answers({"error": "the input length exceeds the context length"}, 400)
    async with playing(routes(refusal)) as server:
        with pytest.raises(TooLong):
            await said(Ollama(NAME, server, http=http))


async def test_a_prompt_that_filled_the_window_is_an_error_behind_the_words(http: Http) -> None:
    """Of a server that is too old for ``truncate``: the count that tells it comes last."""
    async with playing(routes(lines(piece("Hi"), last(prompt_eval_count=4096)))) as server:
        model = Ollama(NAME, server, num_ctx=4096, http=http)
        with pytest.raises(TooLong, match="raise num_ctx"):
            await heard(model)
        events = await until_failure(model)
    assert only(Text, events).text == "Hi"
    assert only(Usage, events).outcome == "failed"


async def test_an_error_after_the_first_words_fails(http: Http) -> None:
    chat = lines(piece("Hel"), {"error": "llama runner process has terminated"})
    async with playing(routes(chat)) as server:
        with pytest.raises(Failed, match="terminated"):
            await said(Ollama(NAME, server, http=http))


async def test_a_stream_without_its_end_is_garbled(http: Http) -> None:
    for chat in (lines(piece("Hel")), lines(piece("Hel"), cut=True)):
        async with playing(routes(chat)) as server:
            with pytest.raises(Garbled):
                await said(Ollama(NAME, server, http=http))


async def test_a_failed_answer_is_billed(http: Http) -> None:
    async with playing(routes(lines(piece("Hel")))) as server:
        events = await until_failure(Ollama(NAME, server, http=http))
    assert only(Usage, events).outcome == "failed"


async def test_a_request_whose_deadline_has_passed_is_not_asked(http: Http) -> None:
    async with playing(routes()) as server:
        with pytest.raises(TimedOut, match="deadline"):
            await said(Ollama(NAME, server, http=http), HELLO.with_(deadline=time.monotonic()))


async def test_nobody_listening_says_where() -> None:
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1"):
        await said(Ollama(NAME, "http://127.0.0.1:1"))


async def test_hanging_up_ends_the_answer_upstream(http: Http) -> None:
    async with playing(routes(lines(piece("Hel"), 60.0, last()))) as server:
        await check_hang_up(Ollama(NAME, server, http=http), server)


async def test_cancelling_ends_the_answer_upstream(http: Http) -> None:
    async with playing(routes(lines(60.0, last()))) as server:
        await check_cancel(Ollama(NAME, server, http=http), server, "/api/chat")


# ---------------------------------------------------------------- addresses and keys


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        (":8080", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://0.0.0.0:11434"),
        ("nas", "http://nas:11434"),
        ("nas:1", "http://nas:1"),
        ("http://nas", "http://nas"),
        ("https://ollama.example/behind/", "https://ollama.example/behind"),
        ("https://ollama.example:8443", "https://ollama.example:8443"),
        ("::1", "http://[::1]:11434"),
        ("[::1]:99", "http://[::1]:99"),
        ("[::1]", "http://[::1]:11434"),
        (" nas:x ", "http://nas:11434"),
    ],
)
def test_ollama_host_is_read_as_ollama_reads_it(host: str, url: str) -> None:
    assert address(host) == url


async def test_the_environment_says_where_and_with_which_key(
    http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "sk-secret")
    async with playing(routes()) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.removeprefix("http://"))
        assert await said(Ollama(NAME, http=http)) == "Hello"
        assert {a.headers["authorization"] for a in server.asked} == {"Bearer sk-secret"}


async def test_the_key_is_in_no_repr_and_no_error(http: Http) -> None:
    refusal = answers({"error": "unauthorized"}, 401)
    async with playing(routes(show=refusal)) as server:
        model = Ollama(NAME, server, api_key="sk-secret", http=http)
        with pytest.raises(Exception, match="key") as failure:
            await said(model)
    assert "sk-secret" not in repr(model) + str(failure.value)


async def test_the_whole_talk_is_sent(http: Http) -> None:
    talk = Request((Message("system", "Brief."), Message("user", "a"), Message("assistant", "b")))
    async with playing(routes()) as server:
        await said(Ollama(NAME, server, http=http), talk)
        roles = [message["role"] for message in asked_chat(server)["messages"]]
    assert roles == ["system", "user", "assistant"]


def test_an_address_that_is_none_is_told_when_the_leaf_is_made() -> None:
    with pytest.raises(ConfigError, match="is no address"):
        Ollama("m", base_url="nowhere")
