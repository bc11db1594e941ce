"""A route that is one leaf of the caller's own dialect: bytes in, the same bytes out."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from homeward.store.records import Limit
from tests.backends.servers import NEVER, Reply, Server, answers, lines, playing, sse
from tests.gateway.answers.test_answering import asking
from tests.gateway.running import Running, running
from tests.gateway.standing import key

CHAT = ("POST", "/v1/chat/completions")
# Odd spacing, an unknown field, a number that no decoder keeps: all of it must come through.
ANSWER = (
    b'{ "id":"x1","object":"chat.completion","created":1, "model":"upstream-name",'
    b'"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10},"odd":1.00}'
)
WORD = '{"choices":[{"index":0,"delta":{"content":"hi"}}]}'
END = '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'
USAGE = '{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}'
QUESTION: dict[str, Any] = {"model": "leaf", "messages": [{"role": "user", "content": "hello"}]}


@asynccontextmanager
async def before(reply: Reply) -> AsyncGenerator[tuple[Running, Server]]:
    """A gateway before a server that gives one answer to everything."""
    async with playing({CHAT: reply}) as server:
        leaf = f'{{openai: {{model: upstream-name, at: vllm, base_url: "{server}/v1"}}}}'
        async with running(f"models: {{leaf: {leaf}}}") as gateway:
            yield gateway, server


async def test_only_the_models_name_is_rewritten() -> None:
    async with before(Reply(ANSWER, framing="length")) as (gateway, server):
        body = b'{"messages": [ {"role":"user","content":"h\\u00e9"} ], "model":"leaf","odd":1.00}'
        await gateway.ask(*CHAT, body)
        expected = (
            b'{"messages":[ {"role":"user","content":"h\\u00e9"} ],'
            b'"model":"upstream-name","odd":1.00}'
        )
        assert server.asked[0].body == expected


async def test_the_answer_is_given_byte_for_byte() -> None:
    async with before(Reply(ANSWER, framing="length")) as (gateway, _):
        assert (await gateway.ask(*CHAT, QUESTION)).body == ANSWER


async def test_what_it_took_is_in_the_ledger() -> None:
    async with before(Reply(ANSWER, framing="length")) as (gateway, _):
        made = (await gateway.ask(*CHAT, QUESTION)).headers["x-homeward-id"]
        found = gateway.gateway.decisions.find(made)
        assert found is not None
        entry = found[0]
        assert (entry.input_tokens, entry.output_tokens, entry.outcome) == (7, 3, "finished")


async def test_a_stream_is_given_byte_for_byte() -> None:
    async with before(sse(WORD, END, USAGE, "[DONE]")) as (gateway, _):
        body = {**QUESTION, "stream": True, "stream_options": {"include_usage": True}}
        given = await gateway.ask(*CHAT, body)
        whole = "".join(f"data: {each}\n\n" for each in (WORD, END, USAGE, "[DONE]"))
        assert given.text == whole


async def test_counts_that_the_client_did_not_ask_for_are_asked_for_and_kept_back() -> None:
    async with before(sse(WORD, END, USAGE, "[DONE]")) as (gateway, server):
        given = await gateway.ask(*CHAT, {**QUESTION, "stream": True})
        found = gateway.gateway.decisions.find(given.headers["x-homeward-id"])
        assert found is not None
        asked = server.asked[0].json["stream_options"]
        assert (asked, "usage" in given.text, found[0].output_tokens) == (
            {"include_usage": True},
            False,
            3,
        )


@pytest.mark.parametrize(
    ("options", "kept"), [({"include_usage": False, "own": 1}, {"own": 1}), (None, {}), ([], {})]
)
async def test_counts_that_the_client_does_not_want_are_asked_for_all_the_same(
    options: Any, kept: dict[str, Any]
) -> None:
    async with before(sse(WORD, END, USAGE, "[DONE]")) as (gateway, server):
        given = await gateway.ask(*CHAT, {**QUESTION, "stream": True, "stream_options": options})
        found = gateway.gateway.decisions.find(given.headers["x-homeward-id"])
    assert found is not None
    assert (found[0].output_tokens, "usage" in given.text) == (3, False)
    assert server.asked[0].json["stream_options"] == {**kept, "include_usage": True}


@pytest.mark.parametrize(
    "fields",
    [
        {"max_tokens": 100, "n": 9},
        {"max_completion_tokens": 1, "max_tokens": 900},
        {"max_completion_tokens": None, "max_tokens": 900},
    ],
)
async def test_what_an_answer_may_take_at_most_is_reserved(fields: dict[str, Any]) -> None:
    mine, secret = key("mine", limits=(Limit("tokens", "day", 500),))
    async with before(Reply(ANSWER, framing="length")) as (gateway, server):
        gateway.gateway.keyring.replace([mine])
        headers = {"x-api-key": secret}
        assert (await gateway.ask(*CHAT, {**QUESTION, **fields}, headers)).status == 429
        assert (await gateway.ask(*CHAT, {**QUESTION, "max_tokens": 100}, headers)).status == 200
        assert len(server.asked) == 1


async def test_a_stream_without_its_end_mark_is_a_failure() -> None:
    async with before(sse(WORD)) as (gateway, _):
        given = await gateway.ask(*CHAT, {**QUESTION, "stream": True})
        found = gateway.gateway.decisions.find(given.headers["x-homeward-id"])
        assert found is not None
        assert ("end mark" in given.text, found[0].outcome) == (True, "failed")


async def test_a_stream_that_gave_its_reason_to_stop_is_whole_without_done() -> None:
    async with before(sse(WORD, END)) as (gateway, _):
        given = await gateway.ask(*CHAT, {**QUESTION, "stream": True})
        assert given.text == f"data: {WORD}\n\ndata: {END}\n\n"


async def test_an_answer_in_one_piece_is_told_as_the_stream_that_was_asked_for() -> None:
    async with before(Reply(ANSWER, framing="length")) as (gateway, _):
        given = await gateway.ask(*CHAT, {**QUESTION, "stream": True})
        found = gateway.gateway.decisions.find(given.headers["x-homeward-id"])
        assert found is not None
        told = ('"content":"hi"' in given.text, given.text.endswith("data: [DONE]\n\n"))
        assert (told, found[0].output_tokens) == ((True, True), 3)


async def test_an_error_in_one_piece_has_a_status_in_a_stream() -> None:
    async with before(answers({"error": {"message": "out of memory"}})) as (gateway, _):
        given = await gateway.ask(*CHAT, {**QUESTION, "stream": True})
        assert (given.status, "out of memory" in given.text) == (502, True)


async def test_a_body_without_an_answer_is_none() -> None:
    async with before(answers({"message": "try again"})) as (gateway, _):
        assert (await gateway.ask(*CHAT, QUESTION)).status == 502


async def test_a_stream_that_is_cut_is_a_failure() -> None:
    async with before(sse(WORD, cut=True)) as (gateway, _):
        given = await gateway.ask(*CHAT, {**QUESTION, "stream": True})
        assert (given.status, '"error"' in given.text, "[DONE]" in given.text) == (200, True, False)


async def test_an_error_as_the_first_frame_has_a_status() -> None:
    error = '{"error":{"message":"out of memory","type":"server_error"}}'
    async with before(sse(error)) as (gateway, _):
        given = await gateway.ask(*CHAT, {**QUESTION, "stream": True})
        assert (given.status, "out of memory" in given.text) == (502, True)


async def test_comments_are_no_beginning() -> None:
    slow = Reply(
        [b": wait\n\n", NEVER, b"data: [DONE]\n\n"], headers={"content-type": "text/event-stream"}
    )
    async with before(slow) as (gateway, _), asking(gateway, "openai_chat", "leaf") as reader:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)


async def test_a_key_that_our_server_refuses_is_not_the_clients_fault() -> None:
    async with before(answers({"error": {"message": "bad key"}}, 401)) as (gateway, _):
        assert (await gateway.ask(*CHAT, QUESTION)).status == 502


async def test_an_overloaded_server_says_when_to_come_again() -> None:
    busy = answers({"error": {"message": "busy"}}, 429, retry_after="7")
    async with before(busy) as (gateway, _):
        given = await gateway.ask(*CHAT, QUESTION)
        assert (given.status, given.headers["retry-after"]) == (429, "7")


async def test_a_client_that_leaves_is_told_to_the_server() -> None:
    steps: list[bytes | float] = [f"data: {WORD}\n\n".encode(), NEVER]
    slow = Reply(steps, headers={"content-type": "text/event-stream"})
    async with before(slow) as (gateway, server):
        async with asking(gateway, "openai_chat", "leaf") as reader:
            await reader.read(1)
        await server.until(lambda s: s.hung_up)


@pytest.mark.parametrize("name", ["Model", "MODEL", "Stream"])
async def test_a_field_that_another_parser_would_read_as_ours_is_refused(name: str) -> None:
    async with before(Reply(ANSWER, framing="length")) as (gateway, server):
        given = await gateway.ask(*CHAT, {**QUESTION, name: "another"})
        assert (given.status, server.asked) == (400, [])


async def test_of_a_field_that_comes_twice_the_server_sees_one() -> None:
    async with before(Reply(ANSWER, framing="length")) as (gateway, server):
        body = b'{"model":"secret","model":"leaf","messages":[]}'
        await gateway.ask(*CHAT, body)
        assert server.asked[0].body == b'{"model":"upstream-name","messages":[]}'


async def test_frames_cut_anywhere_come_out_whole() -> None:
    whole = "".join(f"data: {each}\n\n" for each in (WORD, END, USAGE, "[DONE]")).encode()
    pieces: list[bytes | float] = []
    for place in range(0, len(whole), 7):
        pieces += [whole[place : place + 7], 0.001]
    async with before(Reply(pieces, headers={"content-type": "text/event-stream"})) as (gateway, _):
        given = await gateway.ask(*CHAT, {**QUESTION, "stream": True})
        assert json.loads(given.text.splitlines()[0][6:]) == json.loads(WORD)
        assert given.text.endswith("data: [DONE]\n\n")


OLLAMA = ("POST", "/api/chat")
SHOWN = answers({"capabilities": ["completion"], "model_info": {}})
LINES = lines(
    {"model": "m", "message": {"role": "assistant", "content": "hi"}, "done": False},
    {
        "model": "m",
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 7,
        "eval_count": 3,
    },
)


@asynccontextmanager
async def before_ollama(shown: Reply = SHOWN) -> AsyncGenerator[tuple[Running, Server]]:
    async with playing({OLLAMA: LINES, ("POST", "/api/show"): shown}) as server:
        leaf = f'{{ollama: {{model: "qwen3:4b", base_url: "{server}", num_ctx: 8192}}}}'
        async with running(f"clearance: machine\nmodels: {{leaf: {leaf}}}") as gateway:
            yield gateway, server


async def test_ollamas_lines_are_given_byte_for_byte() -> None:
    async with before_ollama() as (gateway, _):
        given = await gateway.ask(*OLLAMA, QUESTION)
        found = gateway.gateway.decisions.find(given.headers["x-homeward-id"])
        assert found is not None
        whole = b"".join(step for step in LINES.steps if isinstance(step, bytes))
        assert (given.body, found[0].output_tokens) == (whole, 3)


async def test_ollama_is_told_not_to_cut_and_its_window() -> None:
    async with before_ollama() as (gateway, server):
        await gateway.ask(*OLLAMA, QUESTION)
        body = next(asked.json for asked in server.asked if asked.path == "/api/chat")
        told = (body["truncate"], body["shift"], body["options"]["num_ctx"])
        assert told == (False, False, 8192)


async def test_a_cloud_model_behind_ollama_is_not_passed_to() -> None:
    async with before_ollama(answers({"remote_host": "https://ollama.com"})) as (gateway, server):
        given = await gateway.ask(*OLLAMA, QUESTION)
        asked = [one.path for one in server.asked]
        assert (given.status, "/api/chat" in asked) == (403, False)


async def test_a_capital_letter_does_not_hide_a_field_from_us() -> None:
    async with before_ollama() as (gateway, server):
        await gateway.ask(*OLLAMA, {**QUESTION, "Options": {"num_ctx": 99}})
        body = next(asked.json for asked in server.asked if asked.path == "/api/chat")
        assert ("Options" in body, body["options"]["num_ctx"]) == (False, 8192)


async def test_anthropics_stream_is_given_byte_for_byte() -> None:
    events = (
        '{"type":"message_start","message":{"usage":{"input_tokens":7,"output_tokens":1}}}',
        '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"message_stop"}}',
        '{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}',
        '{"type":"message_stop"}',
    )
    async with playing({("POST", "/v1/messages"): sse(*events)}) as server:
        leaf = f'{{anthropic: {{model: claude, base_url: "{server}"}}}}'
        async with running(f"models: {{leaf: {leaf}}}") as gateway:
            body = {**QUESTION, "max_tokens": 9, "stream": True}
            given = await gateway.ask("POST", "/v1/messages", body)
            found = gateway.gateway.decisions.find(given.headers["x-homeward-id"])
            assert found is not None
            assert (given.text, found[0].outcome, found[0].output_tokens) == (
                "".join(f"data: {event}\n\n" for event in events),
                "finished",
                3,
            )


async def test_a_models_words_are_no_end_mark() -> None:
    word = '{"choices":[{"index":0,"delta":{"content":"data: [DONE] and \\"usage\\": all"}}]}'
    async with before(sse(word, WORD, END, "[DONE]")) as (gateway, _):
        given = await gateway.ask(*CHAT, {**QUESTION, "stream": True})
        assert given.text.count("data: ") == 5
