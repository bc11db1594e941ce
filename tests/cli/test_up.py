from pathlib import Path

import pytest

from homeward.backends.http import Http
from homeward.cli.provision.pulling import Step, through_ollama
from homeward.config import load
from homeward.errors import Failed, Garbled, ModelError, ModelMissing
from homeward.machine.hardware import Hardware
from tests.backends.servers import Asked, Reply, Routes, Server, answers, lines, playing
from tests.cli.program import Program
from tests.cli.standing import standing
from tests.machine.machines import GIB, LAPTOP, with_gpu

PULLED = lines(
    {"status": "pulling manifest"},
    {"status": "pulling aabbcc", "digest": "sha256:aabbcc", "total": 100, "completed": 40},
    {"status": "pulling aabbcc", "digest": "sha256:aabbcc", "total": 100, "completed": 100},
    {"status": "verifying sha256 digest"},
    {"status": "success"},
)


def ollama(pull: Reply = PULLED, *installed: str) -> Routes:
    models = [{"name": name, "size": 1, "capabilities": ["completion"]} for name in installed]
    return {
        ("GET", "/"): Reply(b"Ollama is running", headers={"content-type": "text/plain"}),
        ("GET", "/v1/models"): answers({"object": "list", "data": []}),
        ("GET", "/api/version"): answers({"version": "0.30.0"}),
        ("GET", "/api/ps"): answers({"models": []}),
        ("GET", "/api/tags"): answers({"models": models}),
        ("POST", "/api/pull"): pull,
    }


def pulled(server: Server) -> list[str]:
    return [asked.json["model"] for asked in server.asked if asked.path == "/api/pull"]


@pytest.fixture(autouse=True)
def nothing_near(homeward: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("homeward.backends.llama_devices.offers_gpu", lambda: False)
    on(monkeypatch, with_gpu(24, ram=64))


def on(monkeypatch: pytest.MonkeyPatch, hardware: Hardware) -> None:
    """The machine to start on is no matter of that which runs the tests."""
    monkeypatch.setattr("homeward.cli.provision.starting.scanned", lambda: hardware)


def test_a_dry_run_says_what_would_be_done(homeward: Program) -> None:
    told = homeward("up", "--dry-run", "--json").json
    assert told["set"][0]["role"] == "general"
    assert told["through"] == "hub"
    assert all(one["weights_bytes"] > 0 and one["licence"] for one in told["set"])


def test_a_dry_run_writes_nothing(homeward: Program, tmp_path: Path) -> None:
    before = list(tmp_path.rglob("*"))
    homeward("up", "--dry-run")
    assert list(tmp_path.rglob("*")) == before


def test_people_are_told_sizes_before_they_are_asked(homeward: Program) -> None:
    run = homeward("up", "--dry-run")
    assert "to fetch)" in run.err
    assert "written to homeward.yaml" in run.err


def test_a_file_that_is_there_is_not_written_over(homeward: Program, tmp_path: Path) -> None:
    (tmp_path / "homeward.yaml").write_text("models: {mine: {echo: {}}}\n")
    run = homeward("up", "--yes", "--no-serve")
    assert run.code == 3
    assert "--config" in run.err
    assert "--force" in run.err
    assert "mine" in (tmp_path / "homeward.yaml").read_text()


def test_nobody_to_ask_is_wrong_usage(homeward: Program) -> None:
    run = homeward("up")
    assert run.code == 2
    assert "--yes" in run.err


def test_ollama_fetches_the_set_and_the_file_names_it(
    homeward: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with standing(ollama()) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.removeprefix("http://"))
        told = homeward("up", "--yes", "--no-serve", "--json").json
        assert pulled(server) == [one["source"] for one in told["set"]]
    written = (tmp_path / "homeward.yaml").read_text()
    assert all(one["source"] in written for one in told["set"])
    assert homeward("check", "homeward.yaml").code == 0


def test_what_ollama_has_is_not_fetched_again(
    homeward: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    with standing(ollama()) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.removeprefix("http://"))
        first = homeward("up", "--dry-run", "--json").json["set"][0]["source"]
    with standing(ollama(PULLED, first)) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.removeprefix("http://"))
        assert homeward("up", "--yes", "--no-serve").code == 0
        assert first not in pulled(server)


def test_a_model_that_cannot_be_fetched_is_left_out(
    homeward: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []

    def pull(question: Asked) -> Reply:
        asked.append(question.json["model"])
        missing = len(asked) > 1
        return lines({"error": "pull model manifest: file does not exist"}) if missing else PULLED

    with standing({**ollama(), ("POST", "/api/pull"): pull}) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.removeprefix("http://"))
        told = homeward("up", "--yes", "--no-serve", "--json").json
    assert len(told["failed"]) == len(asked) - 1 > 0
    written = (tmp_path / "homeward.yaml").read_text()
    assert asked[0] in written
    assert all(name not in written for name in asked[1:])


def test_offline_without_a_server_it_ends_with_a_sentence(
    homeward: Program, tmp_path: Path
) -> None:
    run = homeward("up", "--yes", "--no-serve")
    assert run.code == 1
    assert "the small models in the package" in run.err
    assert "homeward.yaml is not written" in run.err
    assert not (tmp_path / "homeward.yaml").exists()
    assert homeward("ask", "What is 17 + 25?").code == 0


def test_offline_the_models_in_the_package_are_served(
    homeward: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[object] = []
    monkeypatch.setattr("homeward.cli.serve.serve", lambda file, **_: served.append(file))
    assert homeward("up", "--yes").code == 0
    assert served == [None]


def test_a_machine_that_is_too_small_for_any_is_told_so(homeward: Program) -> None:
    run = homeward("up", "--yes", "--no-serve", "--vram", "0", "--ram", "512MiB")
    assert run.code == 1
    assert "no model of the catalogue runs here" in run.err
    assert homeward("up", "--dry-run", "--vram", "0", "--ram", "512MiB").code == 0


# ---------------------------------------------------------------- what may be used


def test_without_ollama_the_processor_is_planned_for(homeward: Program) -> None:
    told = homeward("up", "--dry-run", "--json").json
    assert "start Ollama to use the GPU" in " ".join(told["notes"])
    assert all("in main memory" in one["why"] for one in told["set"])


def test_an_engine_with_a_gpu_is_planned_for(
    homeward: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homeward.backends.llama_devices.offers_gpu", lambda: True)
    told = homeward("up", "--dry-run", "--json").json
    assert all("on the GPU" in one["why"] for one in told["set"])
    assert "Ollama is not running" not in " ".join(told["notes"])


def test_with_ollama_the_gpu_is_planned_for(
    homeward: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    with standing(ollama()) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.removeprefix("http://"))
        told = homeward("up", "--dry-run", "--json").json
    assert all("on the GPU" in one["why"] for one in told["set"])


def test_a_gpu_that_is_not_there_is_not_planned_for(
    homeward: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(monkeypatch, LAPTOP)
    without = homeward("up", "--dry-run", "--json").json
    told = homeward("up", "--dry-run", "--vram", "24GiB", "--json").json
    assert told["set"] == without["set"]
    assert "no GPU here" in " ".join(told["notes"])


def test_no_more_of_the_gpu_is_used_than_said(
    homeward: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    with standing(ollama()) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.removeprefix("http://"))
        told = homeward("up", "--dry-run", "--vram", "8GiB", "--ram", "8GiB", "--json").json
    assert sum(one["total_bytes"] for one in told["set"]) <= 16 * GIB
    assert told["machine"]["gpus"][0]["free"] == 8 * GIB


# ---------------------------------------------------------------- the policy


FORBIDS = "models: {a: {echo: {}}}\npolicy: {licence: {forbid: [%s]}}\n"


def test_a_model_that_the_file_forbids_is_not_picked(homeward: Program, tmp_path: Path) -> None:
    licence = homeward("up", "--dry-run", "--json").json["set"][0]["licence"]
    (tmp_path / "other.yaml").write_text(FORBIDS % licence)
    told = homeward("up", "--dry-run", "-c", "other.yaml", "--json").json
    assert licence not in [one["licence"] for one in told["set"]]
    assert "the policy of other.yaml leaves" in " ".join(told["notes"])


def test_the_policy_in_force_holds_for_a_new_file_and_stands_in_it(
    homeward: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "homeward.yaml").write_text(FORBIDS % "apache-2.0")
    with standing(ollama()) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.removeprefix("http://"))
        told = homeward("up", "--yes", "--no-serve", "-c", "new.yaml", "--json").json
    assert "apache-2.0" not in [one["licence"] for one in told["set"]]
    assert load(tmp_path / "new.yaml").policy == load(tmp_path / "homeward.yaml").policy


def test_a_file_that_is_written_over_keeps_its_policy(
    homeward: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "homeward.yaml"
    file.write_text(FORBIDS % "gemma")
    before = load(file).policy
    with standing(ollama()) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.removeprefix("http://"))
        assert homeward("up", "--yes", "--no-serve", "--force").code == 0
    assert load(file).policy == before
    assert "general" in load(file).models


# ---------------------------------------------------------------- Ollama's stream


async def steps(reply: Reply) -> list[Step]:
    async with playing(ollama(reply)) as server, Http() as http:
        return [step async for step in through_ollama(server, "qwen3:4b", http)]


async def test_how_far_it_is_comes_from_ollamas_lines() -> None:
    assert (40, 100) in [(step.done, step.total) for step in await steps(PULLED)]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (lines({"error": "pull model manifest: file does not exist"}), ModelMissing),
        (lines({"error": "dial tcp: no such host"}), Failed),
        (lines({"status": "pulling manifest"}), Failed),
        (Reply(b"<html>\n"), Garbled),
        (answers({"error": "not today"}, 500), Failed),
    ],
)
async def test_what_can_go_wrong_with_a_pull(reply: Reply, error: type[ModelError]) -> None:
    with pytest.raises(error):
        await steps(reply)
