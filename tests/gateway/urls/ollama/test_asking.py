"""Ollama's own client asks: chats, prompts, vectors, and what goes wrong."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import ollama
import pytest

from homeward.backends.scripted import Journal, Scripted
from homeward.errors import Failed
from homeward.gateway.routes import Route
from homeward.model import Event, Finish, ImagePart, Logprob, Reasoning, Text, ToolCall
from tests.backends.servers import answers, lines, playing
from tests.gateway.running import Running, running
from tests.gateway.urls.ollama.clients import Clients, clients

ECHO = "models: {echo: {echo: {}}}"
HELLO = [{"role": "user", "content": "hello you"}]
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"  # its beginning, which tells the format


@pytest.fixture
async def house() -> AsyncIterator[Running]:
    async with running(ECHO) as gateway:
        yield gateway


@pytest.fixture
async def client() -> AsyncIterator[Clients]:
    async with clients() as client:
        yield client


def scripted(house: Running, *says: str | Event | Exception) -> Journal:
    """A route ``script`` that says this."""
    model = Scripted(says)
    house.gateway.routes["script"] = Route.of("script", model)
    return model.journal


# ---------------------------------------------------------------- chat


async def test_a_chat_is_answered(house: Running, client: Clients) -> None:
    answer = await client(house).chat("echo", HELLO)
    assert (answer.message.content, answer.done_reason) == ("hello you", "stop")
    assert answer.eval_count == 2


async def test_a_chat_is_streamed_by_lines_unless_it_says_otherwise(house: Running) -> None:
    answer = await house.ask("POST", "/api/chat", {"model": "echo", "messages": HELLO})
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.body.count(b'"done":false') == 2
    assert answer.body.splitlines()[-1].count(b'"done":true') == 1


async def test_a_stream_can_be_read_by_the_client(house: Running, client: Clients) -> None:
    parts = [part async for part in await client(house).chat("echo", HELLO, stream=True)]
    assert "".join(part.message.content or "" for part in parts) == "hello you"
    assert [part.done for part in parts] == [False, False, True]


@pytest.mark.parametrize("name", ["ECHO", "echo:latest", "Echo:LATEST", "library/echo"])
async def test_a_name_may_be_said_as_ollama_lets_it(
    house: Running, name: str, client: Clients
) -> None:
    assert (await client(house).chat(name, HELLO)).message.content == "hello you"


async def test_tools_are_called_whole_with_an_object(house: Running, client: Clients) -> None:
    journal = scripted(
        house,
        ToolCall(0, "", "add", '{"a":'),
        ToolCall(0, "", "", "1}"),
        Finish("tool_calls"),
    )

    def add(a: int) -> int:
        return a + 1

    parts = [p async for p in await client(house).chat("script", HELLO, tools=[add], stream=True)]
    [call] = parts[0].message.tool_calls or []
    assert (call.function.name, call.function.arguments) == ("add", {"a": 1})
    assert [getattr(tool, "name", "") for tool in journal.asked[0].tools] == ["add"]


async def test_a_schema_reaches_the_model(house: Running, client: Clients) -> None:
    journal = scripted(house, '{"a": 1}')
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    await client(house).chat("script", HELLO, format=schema)
    form = journal.asked[0].response_format
    assert form is not None
    assert form.schema == schema


async def test_thinking_and_logprobs_have_their_own_fields(house: Running, client: Clients) -> None:
    scripted(house, Reasoning("hm"), Text("yes", (Logprob("yes", -0.5),)))
    answer = await client(house).chat("script", HELLO, think=True, logprobs=True)
    assert answer.message.thinking == "hm"
    [token] = answer.logprobs or []
    assert (token.token, token.logprob, token.top_logprobs) == ("yes", -0.5, None)


# ---------------------------------------------------------------- what goes wrong


async def test_an_unknown_model_is_404_in_ollamas_words(house: Running, client: Clients) -> None:
    with pytest.raises(ollama.ResponseError, match="model 'nobody' not found") as raised:
        await client(house).chat("nobody", HELLO)
    assert raised.value.status_code == 404


async def test_a_failure_before_the_first_word_has_its_status(
    house: Running, client: Clients
) -> None:
    scripted(house, Failed("out of memory"))
    with pytest.raises(ollama.ResponseError, match="out of memory") as raised:
        [part async for part in await client(house).chat("script", HELLO, stream=True)]
    assert raised.value.status_code == 502


async def test_a_failure_after_the_first_word_is_the_last_line(
    house: Running, client: Clients
) -> None:
    scripted(house, "half", Failed("out of memory"))
    parts = await client(house).chat("script", HELLO, stream=True)
    assert (await anext(parts)).message.content == "half"
    with pytest.raises(ollama.ResponseError, match="out of memory"):
        await anext(parts)


async def test_an_option_of_a_wrong_kind_is_refused_in_ollamas_words(
    house: Running, client: Clients
) -> None:
    with pytest.raises(ollama.ResponseError, match='"top_k" must be of type integer') as raised:
        await client(house).chat("echo", HELLO, options={"top_k": "many"})
    assert raised.value.status_code == 400


async def test_an_option_that_nobody_knows_does_no_harm(house: Running, client: Clients) -> None:
    answer = await client(house).chat("echo", HELLO, options={"mirostat": 2, "num_predict": -1})
    assert answer.message.content == "hello you"


# ---------------------------------------------------------------- generate


async def test_a_prompt_is_answered(house: Running, client: Clients) -> None:
    answer = await client(house).generate("echo", "hello you")
    assert (answer.response, answer.done_reason, answer.eval_count) == ("hello you", "stop", 2)


async def test_a_prompts_answer_is_streamed(house: Running, client: Clients) -> None:
    parts = [part async for part in await client(house).generate("echo", "hello you", stream=True)]
    assert [part.response for part in parts] == ["hello", " you", ""]


async def test_a_prompt_brings_its_system_its_images_and_its_limits(
    house: Running, client: Clients
) -> None:
    journal = scripted(house, "seen")
    await client(house).generate(
        "script", "look", system="Be brief.", images=[PNG], options={"num_predict": 9}, think=False
    )
    [request] = journal.asked
    assert [message.role for message in request.messages] == ["system", "user"]
    assert [type(part) for part in request.messages[1].content][1:] == [ImagePart]
    assert (request.sampling.max_tokens, request.effort) == (9, "none")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"context": [1, 2]}, "/api/chat"),
        ({"template": "{{ .Prompt }}"}, "raw"),
        ({"raw": True, "system": "x"}, "raw mode does not support template, system, or context"),
        ({"suffix": "x", "system": "y"}, "take no"),
        ({"suffix": "end"}, "does not support insert"),
        ({"top_logprobs": 21}, "between 0 and 20"),
    ],
)
async def test_what_cannot_be_served_is_refused(
    house: Running, fields: dict[str, Any], words: str, client: Clients
) -> None:
    with pytest.raises(ollama.ResponseError, match=words) as raised:
        await client(house).generate("echo", "begin", **fields)
    assert raised.value.status_code == 400


# ---------------------------------------------------------------- an Ollama server behind it

SHOWN = answers({"capabilities": ["completion", "insert"], "model_info": {}})
SAID = [
    {"model": "coder", "created_at": "2026-01-01T00:00:00Z", "response": "mid", "done": False},
    {"model": "coder", "created_at": "2026-01-01T00:00:00Z", "response": "", "done": True}
    | {"done_reason": "stop", "prompt_eval_count": 3, "eval_count": 1},
]


def coder(url: str) -> str:
    server = f"{{ollama: {{model: coder, base_url: '{url}'}}}}"
    return f"models: {{coder: {server}, tree: {{fallback: [{server}, {{echo: {{}}}}]}}}}"


@pytest.mark.parametrize("options", [None, {"temperature": 0.5}])
async def test_a_middle_is_filled_in_by_the_server(options: Any, client: Clients) -> None:
    routes = {("POST", "/api/show"): SHOWN, ("POST", "/api/generate"): lines(*SAID)}
    async with playing(routes) as server, running(coder(server)) as house:
        stream = await client(house).generate(
            "coder", "begin", suffix="end", options=options, stream=True
        )
        assert "".join([part.response or "" async for part in stream]) == "mid"
        asked = [each.json for each in server.asked if each.path == "/api/generate"]
        assert [(each["prompt"], each["suffix"]) for each in asked] == [("begin", "end")]


@pytest.mark.parametrize(
    ("keep_alive", "reason"), [(None, "load"), (0, "unload"), ("0s", "unload")]
)
async def test_a_tree_loads_its_servers_models(
    keep_alive: Any, reason: str, client: Clients
) -> None:
    done = {"model": "coder", "message": {"role": "assistant", "content": ""}, "done": True}
    routes = {("POST", "/api/show"): SHOWN, ("POST", "/api/chat"): lines(done)}
    async with playing(routes) as server, running(coder(server)) as house:
        answer = await client(house).generate("tree", "", keep_alive=keep_alive)
        assert (answer.done, answer.done_reason) == (True, reason)
        [asked] = [each.json for each in server.asked if each.path == "/api/chat"]
        assert asked["messages"] == []
        assert asked.get("keep_alive") == (None if keep_alive is None else 0)


@pytest.mark.parametrize("path", ["/api/chat", "/api/generate"])
@pytest.mark.parametrize(
    ("headers", "block"),
    [({"x-homeward-clearance": "machine"}, {}), ({}, {"homeward": {"clearance": "machine"}})],
    ids=["header", "block"],
)
async def test_a_model_that_is_farther_than_was_wished_for_is_not_loaded(
    path: str, headers: dict[str, str], block: dict[str, Any]
) -> None:
    far = "models: {far: {ollama: {model: m, base_url: 'http://192.0.2.1'}}}"
    async with running(far) as house:
        assert (await house.ask("POST", path, {"model": "far", **block}, headers)).status == 403


async def test_a_block_is_not_for_the_server_that_loads(client: Clients) -> None:
    done = {"model": "coder", "message": {"role": "assistant", "content": ""}, "done": True}
    routes = {("POST", "/api/show"): SHOWN, ("POST", "/api/chat"): lines(done)}
    async with playing(routes) as server, running(coder(server)) as house:
        await house.ask("POST", "/api/chat", {"model": "coder", "homeward": {"explain": True}})
        assert not any("homeward" in each.json for each in server.asked)


async def test_a_duration_that_is_none_is_refused(house: Running, client: Clients) -> None:
    with pytest.raises(ollama.ResponseError, match="keep_alive"):
        await client(house).chat("echo", [], keep_alive="a while")


# ---------------------------------------------------------------- embeddings


def embedding(vectors: Sequence[Sequence[float]]) -> Any:
    made = answers({"model": "coder", "embeddings": vectors, "prompt_eval_count": 4})
    return {("POST", "/api/show"): SHOWN, ("POST", "/api/embed"): made}


async def test_vectors_have_the_length_1(client: Clients) -> None:
    vectors = [[3.0, 4.0], [0.0, 2.0]]
    async with playing(embedding(vectors)) as server, running(coder(server)) as house:
        answer = await client(house).embed("coder", ["a", "b"])
    assert [list(vector) for vector in answer.embeddings] == [[0.6, 0.8], [0.0, 1.0]]
    assert answer.prompt_eval_count == 4


async def test_the_older_url_gives_the_vector_as_it_is(client: Clients) -> None:
    async with playing(embedding([[3.0, 4.0]])) as server, running(coder(server)) as house:
        assert (await client(house).embeddings("coder", "a")).embedding == [3.0, 4.0]


async def test_no_text_has_no_vectors(house: Running, client: Clients) -> None:
    assert (await client(house).embed("echo", "")).embeddings == []


async def test_a_model_that_embeds_nothing_is_refused(house: Running, client: Clients) -> None:
    with pytest.raises(ollama.ResponseError, match="does not support embeddings") as raised:
        await client(house).embed("echo", "a")
    assert raised.value.status_code == 400


# ---------------------------------------------------------------- what answers here


async def test_it_says_that_it_runs_and_which_version_it_speaks(house: Running) -> None:
    assert (await house.ask("GET", "/")).text == "Ollama is running"
    said = (await house.ask("GET", "/api/version")).json
    assert int(said["version"].split(".")[1]) >= 30
    assert said["homeward"]
