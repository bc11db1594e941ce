"""One context window for each model, whoever asks, and no prompt that is cut in silence."""

from pathlib import Path
from typing import Any

import pytest
from msgspec import json

from homeward.backends.http import Http
from homeward.backends.ollama import Ollama
from homeward.backends.ollama_windows import Windows
from homeward.config import parse
from homeward.errors import TooLong
from homeward.model import Decision, Request
from tests.backends.leaves import only
from tests.backends.servers import Reply, Routes, Server, answers, lines, playing
from tests.contract import heard, said
from tests.gateway.running import running

NAME = "qwen3:4b"
SHOW, CHAT, PS = ("POST", "/api/show"), ("POST", "/api/chat"), ("GET", "/api/ps")
INFO = {"general.architecture": "qwen3", "qwen3.context_length": 20000}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway's data folder."""
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))


def routes(*, loaded: int | None = None, read: int = 7, trained: bool = True) -> Routes:
    words = {"model": NAME, "message": {"role": "assistant", "content": "Hi"}}
    rows = [] if loaded is None else [{"name": NAME, "context_length": loaded}]
    return {
        SHOW: answers({"capabilities": ["completion"], "model_info": INFO if trained else {}}),
        CHAT: lines({**words, "done": True, "prompt_eval_count": read, "eval_count": 1}),
        PS: answers({"models": rows}),
    }


def asks(**options: Any) -> Request:
    return Request.of("Hi", extra={"options": options}, dialect="ollama")


def sent(server: Server) -> list[dict[str, Any]]:
    return [asked.json.get("options", {}) for asked in server.asked if asked.path == "/api/chat"]


async def test_the_largest_window_that_was_asked_for_holds_for_all() -> None:
    async with playing(routes()) as server, Http() as http:
        model = Ollama(NAME, server, http=http)
        for wanted in (6000, 5000, 9000, 100):
            await said(model, asks(num_ctx=wanted))
        await said(model)
        windows = [options.get("num_ctx") for options in sent(server)]
    assert windows == [8192, 8192, 16384, 16384, 16384]


async def test_it_is_no_larger_than_what_the_model_was_trained_for() -> None:
    async with playing(routes()) as server:
        await said(Ollama(NAME, server), asks(num_ctx=100_000))
        assert sent(server) == [{"num_ctx": 20000}]


async def test_a_window_that_is_loaded_and_large_enough_is_kept() -> None:
    async with playing(routes(loaded=12000)) as server:
        await said(Ollama(NAME, server), asks(num_ctx=6000))
        assert sent(server) == [{"num_ctx": 12000}]


@pytest.mark.parametrize("wanted", [1024, 4096, "many", None, True])
async def test_ollamas_own_window_is_left_where_it_is_enough(wanted: Any) -> None:
    async with playing(routes()) as server:
        await said(Ollama(NAME, server), asks(num_ctx=wanted))
        assert sent(server) == [{}]


async def test_the_leafs_own_window_wins() -> None:
    async with playing(routes()) as server:
        await said(Ollama(NAME, server, num_ctx=2048), asks(num_ctx=6000))
        await said(Ollama(NAME, server, options={"num_ctx": 1024}), asks(num_ctx=6000))
        assert sent(server) == [{"num_ctx": 2048}, {"num_ctx": 1024}]


async def test_no_option_of_the_runner_is_a_requests_to_set() -> None:
    options = {"num_batch": 1, "num_gpu": 0, "main_gpu": 1, "use_mmap": False, "num_thread": 1}
    async with playing(routes()) as server:
        await said(Ollama(NAME, server), asks(**options, draft_num_predict=2, top_k=3))
        assert sent(server) == [{"top_k": 3}]


async def test_leaves_of_one_file_share_the_window_of_a_model() -> None:
    async with playing(routes()) as server:
        leaf = f'{{ollama: {{model: "{NAME}", base_url: "{server}"}}}}'
        async with parse(f"models: {{a: {leaf}, b: {leaf}}}").open() as models:
            await said(models["a"], asks(num_ctx=6000))
            await said(models["b"])
        assert sent(server) == [{"num_ctx": 8192}] * 2


async def test_what_is_passed_on_gets_the_window_as_it_is_by_then() -> None:
    windows = Windows()
    async with playing(routes()) as server:
        model = Ollama(NAME, server, options={"top_k": 3}, windows=windows)
        passage = model.passage("ollama")
        assert passage is not None
        assert json.decode(passage.adds["options"]) == {"top_k": 3}
        await said(model, asks(num_ctx=6000))
        assert json.decode(passage.adds["options"]) == {"top_k": 3, "num_ctx": 8192}
        assert "options" in passage.reads
        bare = Ollama(NAME, server, windows=windows).passage("ollama")
        assert bare is not None
        assert dict(bare.adds)["options"] == b'{"num_ctx":8192}'


# ---------------------------------------------------------------- prompts that were cut


async def test_a_window_beyond_the_trained_one_is_filled_at_the_trained_one() -> None:
    async with playing(routes(read=20000)) as server:
        with pytest.raises(TooLong, match="20000"):
            await said(Ollama(NAME, server, num_ctx=40000))


async def test_far_more_words_than_tokens_that_were_read_are_told() -> None:
    async with playing(routes(read=600)) as server:
        request = Request.of("word " * 3000)
        told = only(Decision, await heard(Ollama(NAME, server, num_ctx=1024), request))
    assert (told.by, told.chose) == ("ollama", "cut")
    assert told.numbers["input_tokens"] == 600


async def test_a_long_prompt_that_was_read_is_no_cause_for_alarm() -> None:
    async with playing(routes(read=3000)) as server:
        events = await heard(Ollama(NAME, server, num_ctx=4096), Request.of("word " * 3000))
    assert not [e for e in events if isinstance(e, Decision)]


def at_gateway(server: str) -> str:
    return f'models: {{m: {{ollama: {{model: "{NAME}", base_url: "{server}", num_ctx: 1024}}}}}}'


async def test_the_client_of_a_cut_prompt_gets_an_error_instead_of_an_answer() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    async with playing(routes(read=1024)) as server, running(at_gateway(server)) as gateway:
        answer = await gateway.ask("POST", "/v1/chat/completions", body)
        assert answer.status == 400
        assert answer.json["error"]["code"] == "context_length_exceeded"


async def test_a_stream_of_a_cut_prompt_ends_with_the_error() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    async with playing(routes(read=1024)) as server, running(at_gateway(server)) as gateway:
        answer = await gateway.ask("POST", "/v1/chat/completions", body)
        assert "context_length_exceeded" in answer.text
        assert "[DONE]" not in answer.text
        assert '"Hi"' in answer.text


async def test_a_server_that_refuses_it_is_believed() -> None:
    refusal = answers({"error": "the input length exceeds the context length"}, 400)
    played = {**routes(), CHAT: refusal}
    async with playing(played) as server, running(at_gateway(server)) as gateway:
        body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
        answer = await gateway.ask("POST", "/v1/chat/completions", body)
        assert (answer.status, answer.json["error"]["code"]) == (400, "context_length_exceeded")


async def test_a_broken_list_of_what_is_loaded_is_none() -> None:
    played = {**routes(), PS: Reply(b"<html>", framing="length")}
    async with playing(played) as server:
        await said(Ollama(NAME, server), asks(num_ctx=6000))
        assert sent(server) == [{"num_ctx": 8192}]
