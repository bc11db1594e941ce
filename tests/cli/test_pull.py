import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from homeward.backends.http import Http
from homeward.backends.ollama_stock import Step, pull
from homeward.errors import Failed, Unauthorized
from tests.backends import tiny_gguf
from tests.backends.hub_server import hub
from tests.backends.servers import NEVER, Reply, Routes, answers, lines, playing
from tests.cli.program import Program
from tests.cli.standing import standing
from tests.contract import PATIENCE

TINY = tiny_gguf.build()
VERSION: Routes = {("GET", "/api/version"): answers({"version": "0.30.0"})}
PULLED = lines(
    {"status": "pulling manifest"},
    {"status": "pulling aabbcc", "digest": "sha256:aabbcc", "total": 100, "completed": 40},
    {"status": "pulling aabbcc", "digest": "sha256:aabbcc", "total": 100, "completed": 100},
    {"status": "success"},
)
UNKNOWN = lines(
    {"status": "pulling manifest"}, {"error": "pull model manifest: file does not exist"}
)


@pytest.fixture(autouse=True)
def nothing_near(homeward: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")


# ---------------------------------------------------------------- from the hub


def test_a_pulled_model_can_be_asked_by_its_name(
    homeward: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with hub({"org/tiny": {"tiny-Q4_K_M.gguf": TINY}}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        told = homeward("pull", "org/tiny", "--json").json
    assert Path(told["path"]).read_bytes() == TINY
    names = [row["name"] for row in homeward("models", "--json").json["models"]]
    assert "org/tiny" in names
    assert homeward("ask", "-r", "org/tiny", "--max-tokens", 3, "hello").code == 0


def test_what_is_here_already_is_no_change(
    homeward: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub({"org/tiny": {"tiny-Q4_K_M.gguf": TINY}}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        told = [homeward("pull", "org/tiny", "--json").json["changed"] for _ in range(2)]
    assert told == [True, False]


def test_a_hub_that_is_not_there_is_one_sentence(homeward: Program) -> None:
    run = homeward("pull", "org/tiny")
    assert run.code == 1
    assert run.err.count("\n") == 1


def test_a_name_that_is_none_is_told_how_to_say_it(homeward: Program) -> None:
    run = homeward("pull", "two words")
    assert run.code == 3
    assert "ORG/REPO" in run.err


def test_one_that_fails_does_not_keep_the_others_from_coming(
    homeward: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub({"org/tiny": {"tiny-Q4_K_M.gguf": TINY}}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        run = homeward("pull", "two words", "org/tiny", "--json")
    failed, fetched = run.out.splitlines()
    assert run.code == 3
    assert "ConfigError" in failed
    assert "tiny-Q4_K_M.gguf" in fetched


# ---------------------------------------------------------------- through Ollama


def test_a_tag_is_fetched_by_ollama(homeward: Program) -> None:
    with standing({**VERSION, ("POST", "/api/pull"): PULLED}) as server:
        told = homeward("pull", "qwen3:4b", "--ollama", server, "--json").json
        body = next(asked.json for asked in server.asked if asked.path == "/api/pull")
    assert told == {"name": "qwen3:4b", "ollama": str(server), "changed": True}
    assert body == {"model": "qwen3:4b", "stream": True}


def test_what_ollama_has_already_is_no_change(homeward: Program) -> None:
    whole = {"status": "pulling aa", "digest": "sha256:aa", "total": 9, "completed": 9}
    here = lines({"status": "pulling manifest"}, whole, {"status": "success"})
    with standing({**VERSION, ("POST", "/api/pull"): here}) as server:
        told = homeward("pull", "qwen3:4b", "--ollama", server, "--json").json
    assert told["changed"] is False


def test_in_a_pipe_each_step_is_a_line(homeward: Program) -> None:
    with standing({**VERSION, ("POST", "/api/pull"): PULLED}) as server:
        err = homeward("pull", "unheard-of:4b", "--ollama", server).err
    assert [line for line in err.splitlines() if "pulling" in line] == [
        "unheard-of:4b: pulling manifest",
        "unheard-of:4b: pulling aabbcc, 100 bytes",
    ]


def test_the_licence_and_a_verdict_come_before_the_fetch(homeward: Program) -> None:
    with standing({**VERSION, ("POST", "/api/pull"): PULLED}) as server:
        licence, verdict, *_ = homeward("pull", "llama3.1:8b", "--ollama", server).err.splitlines()
    assert licence.startswith(
        "llama3.1:8b: Llama 3.1 Community License, commercial use: conditional"
    )
    assert "this machine" in verdict


def test_with_an_ollama_named_the_hub_s_models_go_there_too(homeward: Program) -> None:
    with standing({**VERSION, ("POST", "/api/pull"): PULLED}) as server:
        told = homeward("pull", "hf.co/org/tiny:Q4_0", "--ollama", server, "--json").json
    assert (told["name"], told["ollama"]) == ("hf.co/org/tiny:Q4_0", str(server))


def test_where_no_ollama_runs_the_other_way_is_told(homeward: Program) -> None:
    run = homeward("pull", "llama3.1:8b")
    assert (run.code, run.err.count("\n")) == (1, 1)
    assert "ollama serve" in run.err
    assert "homeward pull bartowski/Meta-Llama-3.1-8B-Instruct-GGUF" in run.err


def test_a_tag_that_the_library_has_not(homeward: Program) -> None:
    with standing({**VERSION, ("POST", "/api/pull"): UNKNOWN}) as server:
        run = homeward("pull", "Llama-3.1-8B", "--ollama", server, "--json")
    assert run.code == 1
    assert run.json["error"]["kind"] == "ModelMissing"
    assert "perhaps llama3.1:8b" in run.err


def test_a_policy_is_kept_before_anything_is_asked(homeward: Program, tmp_path: Path) -> None:
    (tmp_path / "homeward.yaml").write_text(
        "models: {a: {embedded: {model: box/arith}}}\npolicy: {licence: {commercial: ['yes']}}\n"
    )
    with standing({**VERSION, ("POST", "/api/pull"): PULLED}) as server:
        run = homeward("pull", "llama3.1:8b", "--ollama", server)
        assert [asked.path for asked in server.asked if asked.path == "/api/pull"] == []
    assert run.code == 3
    assert "Llama 3.1 Community License" in run.err


def test_an_interrupted_fetch_says_that_nothing_is_lost(tmp_path: Path) -> None:
    endless = lines({"status": "pulling manifest"}, NEVER)
    with standing({**VERSION, ("POST", "/api/pull"): endless}) as server:
        run = subprocess.Popen(
            [sys.executable, "-m", "homeward", "pull", "unheard-of:1b", "--ollama", str(server)],
            env={**os.environ, "HOMEWARD_HOME": str(tmp_path)},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert run.stderr is not None
        assert any("pulling manifest" in line for line in run.stderr)
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=PATIENCE)
    assert (run.returncode, "what came is kept" in err) == (130, True)


async def test_a_layer_is_told_apart_by_its_digest() -> None:
    async with playing({("POST", "/api/pull"): PULLED}) as server, Http() as http:
        steps = [step async for step in pull(str(server), "a", http)]
    assert steps[2] == Step("pulling aabbcc", 100, 100, "sha256:aabbcc")


async def test_a_server_that_breaks_off_is_told() -> None:
    broken = lines({"status": "pulling manifest"})
    async with playing({("POST", "/api/pull"): broken}) as server, Http() as http:
        with pytest.raises(Failed, match="what came is kept"):
            [step async for step in pull(str(server), "a", http)]


async def test_a_key_that_is_missing_is_told() -> None:
    refusal = Reply(b'{"error": "unauthorized"}', 401, framing="length")
    async with playing({("POST", "/api/pull"): refusal}) as server, Http() as http:
        with pytest.raises(Unauthorized):
            [step async for step in pull(str(server), "a", http)]
