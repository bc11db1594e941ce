import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from homeward.backends.http import Http
from homeward.cli.pulling import Step, through_ollama
from homeward.errors import Failed, Garbled, ModelError, ModelMissing
from tests.backends.servers import Asked, Reply, Routes, Server, answers, lines, playing
from tests.cli.program import Program

CARD = ("--vram", "24GiB", "--ram", "64GiB")
PULLED = lines(
    {"status": "pulling manifest"},
    {"status": "pulling aabbcc", "digest": "sha256:aabbcc", "total": 100, "completed": 40},
    {"status": "pulling aabbcc", "digest": "sha256:aabbcc", "total": 100, "completed": 100},
    {"status": "verifying sha256 digest"},
    {"status": "success"},
)


@contextmanager
def standing(routes: Routes) -> Iterator[Server]:
    """A server for a program that has an event loop of its own: it plays in another thread."""
    ready, stop = threading.Event(), asyncio.Event()
    found: list[Any] = []

    async def play() -> None:
        async with playing(routes) as server:
            found.extend((server, asyncio.get_running_loop()))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(play(),))
    thread.start()
    ready.wait()
    server, loop = found
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


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


def test_a_dry_run_says_what_would_be_done(homeward: Program) -> None:
    told = homeward("up", "--dry-run", *CARD, "--json").json
    assert told["set"][0]["role"] == "general"
    assert told["through"] == "hub"
    assert all(one["weights_bytes"] > 0 and one["licence"] for one in told["set"])


def test_a_dry_run_writes_nothing(homeward: Program, tmp_path: Path) -> None:
    before = list(tmp_path.rglob("*"))
    homeward("up", "--dry-run", *CARD)
    assert list(tmp_path.rglob("*")) == before


def test_people_are_told_sizes_before_they_are_asked(homeward: Program) -> None:
    run = homeward("up", "--dry-run", *CARD)
    assert "to fetch)" in run.err
    assert "written to homeward.yaml" in run.err


def test_a_file_that_is_there_is_not_written_over(homeward: Program, tmp_path: Path) -> None:
    (tmp_path / "homeward.yaml").write_text("models: {mine: {echo: {}}}\n")
    run = homeward("up", "--yes", "--no-serve", *CARD)
    assert run.code == 3
    assert "--config" in run.err
    assert "--force" in run.err
    assert "mine" in (tmp_path / "homeward.yaml").read_text()


def test_nobody_to_ask_is_wrong_usage(homeward: Program) -> None:
    run = homeward("up", *CARD)
    assert run.code == 2
    assert "--yes" in run.err


def test_ollama_fetches_the_set_and_the_file_names_it(
    homeward: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with standing(ollama()) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.removeprefix("http://"))
        told = homeward("up", "--yes", "--no-serve", *CARD, "--json").json
        assert pulled(server) == [one["source"] for one in told["set"]]
    written = (tmp_path / "homeward.yaml").read_text()
    assert all(one["source"] in written for one in told["set"])
    assert homeward("check", "homeward.yaml").code == 0


def test_what_ollama_has_is_not_fetched_again(
    homeward: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    with standing(ollama()) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.removeprefix("http://"))
        first = homeward("up", "--dry-run", *CARD, "--json").json["set"][0]["source"]
    with standing(ollama(PULLED, first)) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.removeprefix("http://"))
        assert homeward("up", "--yes", "--no-serve", *CARD).code == 0
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
        told = homeward("up", "--yes", "--no-serve", *CARD, "--json").json
    assert len(told["failed"]) == len(asked) - 1 > 0
    written = (tmp_path / "homeward.yaml").read_text()
    assert asked[0] in written
    assert all(name not in written for name in asked[1:])


def test_offline_nothing_is_written_and_the_box_answers(homeward: Program, tmp_path: Path) -> None:
    run = homeward("up", "--yes", "--no-serve", *CARD)
    assert run.code == 0
    assert "the small models in the package" in run.err
    assert not (tmp_path / "homeward.yaml").exists()


def test_a_machine_that_is_too_small_for_any_is_told_so(homeward: Program) -> None:
    run = homeward("up", "--yes", "--no-serve", "--vram", "0", "--ram", "512MiB")
    assert run.code == 0
    assert "the small models in the package" in run.err


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
