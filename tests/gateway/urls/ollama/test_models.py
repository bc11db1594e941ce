"""What there is to ask, as Ollama's clients list it."""

from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import ollama
import pytest

from homeward.store.records import Key, hashed, new_secret
from tests.backends import tiny_gguf
from tests.backends.servers import Server, answers, playing
from tests.gateway.running import Running, running
from tests.gateway.urls.ollama.clients import Clients, clients

SERVED = {
    "name": "qwen3:4b",
    "model": "qwen3:4b",
    "modified_at": "2026-02-03T04:05:06.789Z",
    "size": 2_500_000_000,
    "digest": "ab" * 32,
    "details": {"format": "gguf", "family": "qwen3", "parameter_size": "4.0B"},
    "capabilities": ["completion", "tools", "thinking"],
}
SHOWN = {
    "template": "{{ .Prompt }} and more",
    "parameters": "temperature                    0.6\nnum_ctx                        2048",
    "details": SERVED["details"],
    "model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40960},
    "capabilities": ["completion", "tools", "thinking"],
    "modified_at": SERVED["modified_at"],
}
LOADED = {"name": "qwen3:4b", "model": "qwen3:4b", "size": 3_000_000_000, "size_vram": 9}
SERVER = {
    ("GET", "/api/tags"): answers({"models": [SERVED]}),
    ("POST", "/api/show"): answers(SHOWN),
    ("GET", "/api/ps"): answers({"models": [LOADED | {"expires_at": "2026-02-03T05:00:00Z"}]}),
}


@pytest.fixture
async def client() -> AsyncIterator[Clients]:
    async with clients() as client:
        yield client


def qwen(server: Server | str, more: str = "") -> str:
    return f"{{ollama: {{model: 'qwen3:4b', base_url: '{server}'{more}}}}}"


async def listed(house: Running) -> dict[str, Any]:
    models = (await house.ask("GET", "/api/tags")).json["models"]
    return {model["name"]: model for model in models}


async def test_every_route_is_in_the_list_with_a_tag(client: Clients) -> None:
    models = "models: {auto: {fallback: [echo]}, echo: {echo: {}}, 'a/b:c': {echo: {}}}"
    async with running(models) as house:
        names = [model.model for model in (await client(house).list()).models]
    assert names == ["auto:latest", "echo:latest", "a/b:c"]


async def test_a_server_says_what_its_model_is() -> None:
    async with playing(SERVER) as server, running(f"models: {{fast: {qwen(server)}}}") as house:
        found = (await listed(house))["fast:latest"]
    assert (found["size"], found["digest"]) == (SERVED["size"], SERVED["digest"])
    assert found["details"]["parameter_size"] == "4.0B"
    assert found["capabilities"] == ["completion", "thinking", "tools"]


async def test_a_model_that_a_server_passes_on_says_so() -> None:
    far = answers({"models": [SERVED | {"remote_host": "https://ollama.com"}]})
    async with playing({("GET", "/api/tags"): far}) as server:
        models = f"models: {{far: {qwen(server)}, tree: {{fallback: [far, {{echo: {{}}}}]}}}}"
        async with running(models) as house:
            found = await listed(house)
    assert {model["remote_host"] for model in found.values()} == {"https://ollama.com"}


async def test_a_server_that_is_away_spoils_no_list() -> None:
    async with running(
        f"models: {{fast: {qwen('http://127.0.0.1:9')}, echo: {{echo: {{}}}}}}"
    ) as g:
        found = await listed(g)
    assert list(found) == ["fast:latest", "echo:latest"]
    assert found["fast:latest"]["size"] == 0


async def test_a_digest_stays_as_long_as_the_route_is_the_same() -> None:
    digests = []
    for models in ("models: {a: {echo: {}}}", "models: {a: {echo: {}}}", "models: {a: box}"):
        async with running(models.replace("box", "{embedded: {model: box/arith}}")) as house:
            digests.append((await listed(house))["a:latest"]["digest"])
    assert digests[0] == digests[1] != digests[2]
    assert len(digests[0]) == 64


async def test_a_key_lists_and_shows_only_what_it_may_call() -> None:
    key_id, secret = new_secret()
    async with running("models: {mine: {echo: {}}, theirs: {echo: {}}}") as house:
        house.gateway.keyring.replace([Key(key_id, hashed(secret), models=("mine",))])
        headers = {"authorization": f"Bearer {secret}"}
        tags = await house.ask("GET", "/api/tags", headers=headers)
        assert [model["name"] for model in tags.json["models"]] == ["mine:latest"]
        show = await house.ask("POST", "/api/show", {"model": "theirs"}, headers)
        assert show.status == 403


# ---------------------------------------------------------------- show


async def test_a_file_says_what_its_model_is(tmp_path: Path, client: Clients) -> None:
    file = tiny_gguf.write(tmp_path / "tiny.gguf", context=512)
    async with running(f"models: {{tiny: {{embedded: {{model: {file}}}}}}}") as house:
        shown = await client(house).show("tiny")
    assert shown.modelinfo is not None
    assert shown.details is not None
    assert shown.modelinfo["llama.context_length"] == 512
    assert (shown.details.format, shown.details.quantization_level) == ("gguf", "F32")
    assert set(shown.capabilities or ()) == {"completion", "tools", "insert"}
    assert ".Suffix" in (shown.template or "")


async def test_the_window_that_is_set_goes_before_what_the_model_was_trained_for(
    client: Clients,
) -> None:
    async with (
        playing(SERVER) as server,
        running(f"models: {{fast: {qwen(server, ', num_ctx: 8192')}}}") as house,
    ):
        shown = await client(house).show("fast")
    assert shown.modelinfo == {"general.architecture": "qwen3", "qwen3.context_length": 8192}
    assert shown.template == SHOWN["template"]
    parameters = [line.split() for line in (shown.parameters or "").splitlines()]
    assert parameters == [["temperature", "0.6"], ["num_ctx", "8192"]]


async def test_a_tree_takes_and_can_what_all_of_its_models_do(
    tmp_path: Path, client: Clients
) -> None:
    file = tiny_gguf.write(tmp_path / "tiny.gguf", context=512)
    async with playing(SERVER) as server:
        tiny = f"{{embedded: {{model: {file}}}}}"
        async with running(
            f"models: {{tree: {{fallback: [{qwen(server, ', num_ctx: 8192')}, {tiny}]}}}}"
        ) as house:
            shown = await client(house).show("tree")
    assert shown.modelinfo is not None
    assert shown.modelinfo["homeward.context_length"] == 512
    assert shown.capabilities == ["completion", "tools"]


async def test_a_model_of_which_nobody_says_more_has_a_usual_window() -> None:
    async with running("models: {echo: {echo: {}}}") as house:
        shown = (await house.ask("POST", "/api/show", {"name": "echo"})).json
    assert shown["model_info"]["homeward.context_length"] == 32768
    assert shown["capabilities"] == ["completion"]


async def test_a_model_that_is_not_there_cannot_be_shown(client: Clients) -> None:
    async with running("models: {echo: {echo: {}}}") as house:
        with pytest.raises(ollama.ResponseError, match="model 'llama3' not found") as raised:
            await client(house).show("llama3")
    assert raised.value.status_code == 404


# ---------------------------------------------------------------- ps


async def test_what_is_loaded_is_told_until_it_is_unloaded(tmp_path: Path, client: Clients) -> None:
    file = tiny_gguf.write(tmp_path / "tiny.gguf", context=512)
    tree = "{fallback: [tiny, {echo: {}}]}"
    models = f"models: {{tiny: {{embedded: {{model: {file}}}}}, tree: {tree}}}"
    async with running(models) as house:
        asks = client(house)
        assert (await asks.ps()).models == []
        assert (await asks.chat("tiny", [])).done_reason == "load"
        [loaded] = (await asks.ps()).models
        assert (loaded.model, loaded.context_length) == ("tiny:latest", 512)
        assert (await asks.generate("tiny", "", keep_alive=0)).done_reason == "unload"
        assert (await asks.ps()).models == []


async def test_a_model_at_work_is_not_unloaded(tmp_path: Path, client: Clients) -> None:
    file = tiny_gguf.write(tmp_path / "tiny.gguf", context=16384)
    async with running(f"models: {{tiny: {{embedded: {{model: {file}}}}}}}") as house:
        asks = client(house)
        long = {"num_predict": 15000}  # seconds of work: it has not ended when it is unloaded
        parts = await asks.generate("tiny", "hello", options=long, stream=True)
        assert isinstance(parts, AsyncGenerator)
        await anext(parts)
        await asks.generate("tiny", "", keep_alive=0)
        assert len((await asks.ps()).models) == 1
        assert not (await anext(parts)).done
        await parts.aclose()


async def test_a_servers_loaded_models_are_told_by_their_routes(client: Clients) -> None:
    async with playing(SERVER) as server:
        models = f"models: {{fast: {qwen(server)}, also: {qwen(server)}}}"
        async with running(models) as house:
            running_ = (await client(house).ps()).models
    assert [model.model for model in running_] == ["fast:latest", "also:latest"]
    assert running_[0].size == LOADED["size"]
