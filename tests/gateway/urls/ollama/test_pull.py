"""Models are fetched, made and deleted through Ollama's URLs."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import ollama
import pytest

from homeward.backends.shelf import installed
from homeward.store.records import Key, hashed, new_secret
from tests.backends import tiny_gguf
from tests.backends.hub_server import Hub, hub
from tests.backends.servers import Reply, answers, lines, playing
from tests.contract import PATIENCE
from tests.gateway.running import Running, running
from tests.gateway.urls.ollama.clients import Clients, clients

ECHO = "models: {echo: {echo: {}}}"
TINY = tiny_gguf.build()
PROGRESS: list[dict[str, Any]] = [
    {"status": "pulling manifest"},
    {"status": "pulling abc", "digest": "sha256:abc", "total": 9, "completed": 9},
    {"status": "success"},
]
SHORT = {"num_predict": 3}
DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def hugging_face(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with hub({"org/tiny": {"tiny-Q4_K_M.gguf": TINY}}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


def behind(*servers: str, clearance: str = "world") -> str:
    models = [f"m{place}: {{ollama: {{model: x, base_url: '{url}'}}}}" for place, url in
              enumerate(servers)]  # fmt: skip
    return f"clearance: {clearance}\nmodels: {{{', '.join(models)}}}"


@pytest.fixture
async def client() -> AsyncIterator[Clients]:
    async with clients() as client:
        yield client


def with_key(house: Running, **fields: Any) -> str:
    """A secret; from now on one is needed."""
    key_id, secret = new_secret()
    house.gateway.keyring.replace([Key(key_id, hashed(secret), **fields)])
    return secret


# ---------------------------------------------------------------- from the hub


@pytest.mark.usefixtures("hugging_face")
@pytest.mark.parametrize("name", ["hf.co/org/tiny", "org/tiny:Q4_K_M", "org/tiny"])
async def test_a_pulled_model_can_be_asked_at_once(name: str, client: Clients) -> None:
    async with running(ECHO) as house:
        asks = client(house)
        told = [step async for step in await asks.pull(name, stream=True)]
        assert [told[0].status, told[-1].status] == ["pulling manifest", "success"]
        reached = [step for step in told if step.digest]
        assert (reached[-1].completed, reached[-1].total) == (len(TINY), len(TINY))
        answer = await asks.chat(name, [{"role": "user", "content": "hi"}], options=SHORT)
        assert answer.eval_count == 3
        assert len((await asks.list()).models) == 2


@pytest.mark.usefixtures("hugging_face")
async def test_a_pull_that_is_not_streamed_tells_only_its_end(client: Clients) -> None:
    async with running(ECHO) as house:
        assert (await client(house).pull("org/tiny")).status == "success"


async def test_two_who_pull_the_same_fetch_it_once(hugging_face: Hub, client: Clients) -> None:
    async with running(ECHO) as house:
        asks = client(house)
        told = await asyncio.gather(asks.pull("org/tiny"), asks.pull("org/tiny"))
    assert [step.status for step in told] == ["success", "success"]
    assert len([asked for asked in hugging_face.asked if "/bytes" in asked.path]) == 1


@pytest.mark.usefixtures("hugging_face")
async def test_what_the_hub_does_not_have_is_404_before_the_first_line(client: Clients) -> None:
    async with running(ECHO) as house:
        with pytest.raises(ollama.ResponseError, match="no repository org/other") as raised:
            [step async for step in await client(house).pull("org/other", stream=True)]
    assert raised.value.status_code == 404


async def test_a_hub_beyond_the_clearance_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, client: Clients
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://10.0.0.1:9")
    async with running(f"clearance: machine\n{ECHO}") as house:
        with pytest.raises(ollama.ResponseError, match="clearance") as raised:
            await client(house).pull("org/tiny")
    assert raised.value.status_code == 403


async def test_a_caller_who_leaves_stops_the_download(hugging_face: Hub, client: Clients) -> None:
    hugging_face.cuts += [1000] * 19
    hugging_face.pause = 0.3  # nobody who left is noticed sooner
    async with running(ECHO) as house:
        async for _ in await client(house).pull("org/tiny", stream=True):
            break
        async with asyncio.timeout(PATIENCE), house.gateway.pulling:
            assert len(house.gateway.routes) == 1


@pytest.mark.usefixtures("hugging_face")
async def test_a_deleted_model_is_gone_with_its_file(client: Clients) -> None:
    async with running(ECHO) as house:
        secret = with_key(house, admin=True)
        asks = client(house, secret)
        await asks.pull("org/tiny")
        await asks.chat("org/tiny", [])
        assert (await asks.delete("hf.co/org/tiny")).status == "success"
        assert [model.model for model in (await asks.list()).models] == ["echo:latest"]
        assert house.gateway.llamas.loaded == []
    assert installed() == []


# ---------------------------------------------------------------- who may


@pytest.mark.usefixtures("hugging_face")
async def test_where_keys_are_needed_only_an_admins_pulls(client: Clients) -> None:
    async with running(ECHO) as house:
        secret = with_key(house)
        with pytest.raises(ollama.ResponseError, match="admin") as raised:
            await client(house, secret).pull("org/tiny")
        assert raised.value.status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/create"),
        ("POST", "/api/copy"),
        ("POST", "/api/push"),
        ("DELETE", "/api/delete"),
        ("POST", f"/api/blobs/{DIGEST}"),
    ],
)
async def test_without_an_admins_key_nothing_is_changed(method: str, path: str) -> None:
    async with playing({}) as server, running(behind(server)) as house:
        answer = await house.ask(method, path, {"model": "m0"})
        assert (answer.status, "admin" in answer.json["error"]) == (403, True)
        assert server.asked == []


# ---------------------------------------------------------------- what is here


@pytest.mark.parametrize("name", ["auto", "Auto:latest", "box/draft"])
async def test_for_what_is_here_nobody_is_asked(
    name: str, hugging_face: Hub, client: Clients
) -> None:
    models = "models: {box/draft: {embedded: {model: box/draft}}, auto: {fallback: [box/draft]}}"
    async with running(models) as house:
        told = [step.status async for step in await client(house).pull(name, stream=True)]
        assert (await client(house).pull(name)).status == "success"
    assert (told, hugging_face.asked) == (["success"], [])


# ---------------------------------------------------------------- by an Ollama server


async def test_any_other_name_is_pulled_by_the_server_behind(client: Clients) -> None:
    async with playing({("POST", "/api/pull"): lines(*PROGRESS)}) as server:
        async with running(behind(server)) as house:
            told = [step async for step in await client(house).pull("qwen3:4b", stream=True)]
        assert [step.status for step in told] == [step["status"] for step in PROGRESS]
        assert server.asked[0].json == {"model": "qwen3:4b", "stream": True, "insecure": False}


async def test_a_servers_refusal_is_passed_on(client: Clients) -> None:
    refusal = answers({"error": "pull model manifest: file does not exist"}, 500)
    async with (
        playing({("POST", "/api/pull"): refusal}) as server,
        running(behind(server)) as house,
    ):
        with pytest.raises(ollama.ResponseError, match="does not exist") as raised:
            await client(house).pull("nothing")
    assert raised.value.status_code == 500


async def test_a_server_that_breaks_off_is_an_error_in_the_last_line(client: Clients) -> None:
    async with (
        playing({("POST", "/api/pull"): lines(PROGRESS[0], cut=True)}) as server,
        running(behind(server)) as house,
    ):
        steps = await client(house).pull("qwen3", stream=True)
        assert (await anext(steps)).status == "pulling manifest"
        with pytest.raises(ollama.ResponseError, match="cut off"):
            await anext(steps)


async def test_a_server_does_not_pull_beyond_the_clearance(client: Clients) -> None:
    async with playing({}) as server:
        async with running(behind(server, clearance="machine")) as house:
            with pytest.raises(ollama.ResponseError, match="clearance: world") as raised:
                await client(house).pull("qwen3")
        assert (raised.value.status_code, server.asked) == (403, [])


@pytest.mark.parametrize("fields", [{"insecure": True}, {"model": "10.0.0.1:80/library/x"}])
async def test_registries_of_ones_own_are_for_admins(fields: dict[str, Any]) -> None:
    async with playing({}) as server, running(behind(server)) as house:
        answer = await house.ask("POST", "/api/pull", {"model": "x", **fields})
        assert (answer.status, server.asked) == (403, [])


async def test_without_a_server_a_pull_says_what_can_be_pulled(client: Clients) -> None:
    async with running(f"clearance: world\n{ECHO}") as house:
        with pytest.raises(ollama.ResponseError, match="ORG/REPO") as raised:
            await client(house).pull("qwen3")
    assert raised.value.status_code == 400


async def test_of_several_servers_one_must_be_named() -> None:
    pulls = {("POST", "/api/pull"): lines(*PROGRESS)}
    async with playing(pulls) as first, playing(pulls) as second:
        async with running(behind(first, second)) as house:
            refused = await house.ask("POST", "/api/pull", {"model": "x"})
            assert refused.status == 400
            assert [url in refused.text for url in (first, second)] == [True, True]
            named = {"x-homeward-server": str(second)}
            assert (await house.ask("POST", "/api/pull", {"model": "x"}, named)).status == 200
        assert (len(first.asked), len(second.asked)) == (0, 1)


async def test_an_admins_work_is_passed_on_without_the_admins_key() -> None:
    done = Reply(b"", 200, framing="length")
    routes = {
        ("POST", "/api/create"): lines({"status": "success"}),
        ("POST", "/api/copy"): done,
        ("DELETE", "/api/delete"): done,
        ("POST", f"/api/blobs/{DIGEST}"): Reply(b"", 201, framing="length"),
    }
    async with playing(routes) as server, running(behind(server)) as house:
        key = {"authorization": f"Bearer {with_key(house, admin=True)}"}
        for method, path, body in [
            ("POST", "/api/create", b'{"model":"new","from":"m0"}'),
            ("POST", "/api/copy", b'{"source":"a","destination":"b"}'),
            ("DELETE", "/api/delete", b'{"model":"a"}'),
            ("POST", f"/api/blobs/{DIGEST}", b"GGUF\0"),
        ]:
            answer = await house.ask(method, path, body, key)
            assert answer.status == (201 if "blobs" in path else 200)
            assert (server.asked[-1].path, server.asked[-1].body) == (path, body)
        assert not any("authorization" in asked.headers for asked in server.asked)


@pytest.mark.parametrize("digest", ["sha256:short", "../create", "sha256:" + "G" * 64])
async def test_a_blob_is_named_by_its_checksum(digest: str) -> None:
    async with playing({}) as server, running(behind(server)) as house:
        key = {"authorization": f"Bearer {with_key(house, admin=True)}"}
        answer = await house.ask("POST", f"/api/blobs/{digest}", b"x", key)
        assert (answer.status, server.asked) == (400, [])
