from pathlib import Path

import pytest

import homeward
from homeward.errors import ConfigError, ModelMissing
from homeward.house import configuration, open_house
from homeward.model import Clearance, Request, collect
from tests.backends.servers import Asked, Reply, Routes, answers, lines, playing

HELLO = lines(
    {"model": "large:9b", "message": {"role": "assistant", "content": "hi"}, "done": False},
    {"model": "large:9b", "done": True, "done_reason": "stop", "eval_count": 1},
)
OLLAMA: Routes = {
    ("GET", "/"): Reply(b"Ollama is running"),
    ("GET", "/v1/models"): answers({"object": "list", "data": []}),
    ("GET", "/api/version"): answers({"version": "0.33.0"}),
    ("GET", "/api/ps"): answers({"models": []}),
    ("GET", "/api/tags"): answers(
        {
            "models": [
                {"name": "small:1b", "size": 10, "details": {}},
                {"name": "large:9b", "size": 90, "details": {}},
                {
                    "name": "far:cloud",
                    "size": 1,
                    "remote_host": "https://ollama.com",
                    "details": {},
                },
            ]
        }
    ),
    ("POST", "/api/show"): answers({"capabilities": ["completion"]}),
    ("POST", "/api/chat"): HELLO,
}


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No configuration and no model of this machine."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOMEWARD_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("HOMEWARD_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)


async def test_a_running_ollama_is_found_and_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with playing(OLLAMA) as server:
        monkeypatch.setenv("OLLAMA_HOST", str(server))
        async with open_house() as house:
            answer = await collect(house["auto"].chat(Request.of("hello")))
    assert (str(answer), answer.usage[0].model) == ("hi", "large:9b")


async def test_a_model_that_goes_on_to_a_cloud_is_not_used_unasked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with playing(OLLAMA) as server:
        monkeypatch.setenv("OLLAMA_HOST", str(server))
        config = await configuration()
    assert {"small:1b", "large:9b"} <= set(config.models)
    assert not any("cloud" in name for name in config.models)


async def test_what_was_found_may_not_leave_the_machine() -> None:
    assert (await configuration()).clearance is Clearance.MACHINE


async def test_a_file_decides_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "homeward.yaml").write_text("models: {mine: {echo: {}}}")
    async with open_house() as house:
        assert list(house.models) == ["mine"]


async def test_further_models_can_be_added(tmp_path: Path) -> None:
    (tmp_path / "homeward.yaml").write_text("models: {mine: {echo: {}}}")
    async with open_house(extra={"both": {"fallback": ["mine"]}}) as house:
        assert str(await collect(house["both"].chat(Request.of("hello")))) == "hello"


async def test_a_name_that_is_not_there_gets_a_suggestion() -> None:
    async with open_house() as house:
        with pytest.raises(ModelMissing, match="did you mean 'auto'"):
            house["autoo"]


def test_the_blocking_door_answers() -> None:
    Path("homeward.yaml").write_text("models: {mine: {echo: {}}}")
    assert str(homeward.ask("hello")) == "hello"


async def test_the_blocking_door_does_not_block_a_running_loop() -> None:
    with pytest.raises(ConfigError, match="open_house"):
        homeward.ask("hello")


async def test_a_model_that_is_called_like_a_route_does_not_take_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    routes = dict(OLLAMA)
    routes["GET", "/api/tags"] = answers({"models": [{"name": "auto", "size": 1, "details": {}}]})
    async with playing(routes) as server:
        monkeypatch.setenv("OLLAMA_HOST", str(server))
        async with open_house() as house:
            answer = await collect(house["auto"].chat(Request.of("hello")))
    assert "ollama/auto" in house.models
    assert str(answer) == "hi"


async def test_where_the_largest_does_not_load_the_next_answers_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chats: list[Asked] = []

    def chat(asked: Asked) -> Reply:
        chats.append(asked)
        full = answers({"error": "model requires more system memory"}, status=500)
        return full if len(chats) == 1 else HELLO

    async with playing(dict(OLLAMA) | {("POST", "/api/chat"): chat}) as server:
        monkeypatch.setenv("OLLAMA_HOST", str(server))
        async with open_house() as house:
            answer = await collect(house["auto"].chat(Request.of("hello")))
    decisions = [event for event in answer.events if isinstance(event, homeward.Decision)]
    assert [decision.chose for decision in decisions] == ["small:1b"]
    assert "more system memory" in decisions[0].because


async def test_a_server_that_has_gone_meanwhile_is_told_and_the_demonstration_does_not_step_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with playing(OLLAMA) as server:
        monkeypatch.setenv("OLLAMA_HOST", str(server))
        config = await configuration()
    async with open_house(config) as house:
        with pytest.raises(homeward.ModelError, match="is the server running"):
            await collect(house["auto"].chat(Request.of("hello")))
