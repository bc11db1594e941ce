import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from homeward.backends.http import Http
from homeward.backends.ollama_stock import Step, pull
from homeward.cli.provision.fetched_as import plain
from homeward.config import load
from homeward.errors import Failed, Unauthorized
from tests.backends import tiny_gguf
from tests.backends.hub_server import hub
from tests.backends.servers import NEVER, Reply, Routes, answers, lines, playing
from tests.cli.program import Program
from tests.cli.standing import standing
from tests.contract import PATIENCE
from tests.machine.machines import with_gpu

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
        run = homeward("pull", "llama3.1:8b-it", "--ollama", server, "--json")
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


# ---------------------------------------------------------------- a plain name


def test_a_plain_name_is_the_tag_that_the_catalogue_has(homeward: Program) -> None:
    with standing({**VERSION, ("POST", "/api/pull"): PULLED}) as server:
        run = homeward("pull", "Llama-3.1-8B", "--ollama", server)
        body = next(asked.json for asked in server.asked if asked.path == "/api/pull")
    assert body["model"] == "llama3.1:8b"
    assert run.err.startswith("Llama-3.1-8B: it is llama3.1:8b in Ollama's library\n")


def test_a_plain_name_with_a_quantisation_is_a_repository_for_ollama(homeward: Program) -> None:
    with standing({**VERSION, ("POST", "/api/pull"): PULLED}) as server:
        told = homeward("pull", "Llama-3.1-8B-Q8_0", "--ollama", server, "--json").json
    assert told["name"] == "hf.co/bartowski/Meta-Llama-3.1-8B-Instruct-GGUF:Q8_0"


def test_a_plain_name_without_ollama_comes_from_the_hub(
    homeward: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = "bartowski/Meta-Llama-3.1-8B-Instruct-GGUF"
    with hub({repository: {"Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf": TINY}}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        run = homeward("pull", "Llama-3.1-8B")
    assert run.code == 0
    assert f"it is {repository} of the hub" in run.err
    assert f"homeward ask --route {repository} " in run.out


@pytest.mark.parametrize("name", ["qwen3", "qwen3:4b", "mario", "qwen3:99b", "org/repo"])
def test_a_name_of_ollamas_is_asked_for_as_it_is(name: str) -> None:
    assert plain(name) is None


# ---------------------------------------------------------------- what is said to ask it


def hinted(out: str) -> str:
    """The route that the hint names."""
    match = re.search(r"homeward ask --route '?([^ ']+)'? ", out)
    assert match is not None
    return match[1]


def with_the_line(out: str, text: str) -> str:
    """The file with the line that the hint tells to add."""
    line = out.partition("the line\n")[2].partition("\nand ask it")[0]
    return text.replace("models:\n", f"models:\n{line}\n")


def test_what_is_said_to_ask_it_works_without_a_file(
    homeward: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub({"org/tiny": {"tiny-Q4_K_M.gguf": TINY}}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        out = homeward("pull", "hf.co/org/tiny:Q4_K_M").out
    assert homeward("ask", "--route", hinted(out), "--max-tokens", 3, "hello").code == 0


def test_what_is_said_to_ask_it_works_with_a_file(
    homeward: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file, text = tmp_path / "homeward.yaml", "models:\n    a: {embedded: {model: box/arith}}\n"
    file.write_text(text)
    with hub({"org/tiny": {"tiny-Q4_K_M.gguf": TINY}}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        out = homeward("pull", "org/tiny:Q4_K_M").out
        file.write_text(with_the_line(out, text))
        again = homeward("pull", "org/tiny:Q4_K_M").out
    assert homeward("ask", "--route", hinted(out), "--max-tokens", 3, "hello").code == 0
    assert "add below" not in again
    assert hinted(again) == hinted(out)


def test_what_is_said_of_one_in_ollama_goes_into_the_file(
    homeward: Program, tmp_path: Path
) -> None:
    file, text = tmp_path / "homeward.yaml", "models:\n  a: {embedded: {model: box/arith}}\n"
    file.write_text(text)
    with standing({**VERSION, ("POST", "/api/pull"): PULLED}) as server:
        out = homeward("pull", "unheard-of", "--ollama", server).out
    file.write_text(with_the_line(out, text))
    assert ("unheard-of:latest", "ollama", "unheard-of:latest") in load(file).outline()
    assert server in file.read_text()
    assert hinted(out) == "unheard-of:latest"


def test_of_one_in_ollama_the_route_has_its_tag(
    homeward: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    with standing({**VERSION, ("POST", "/api/pull"): PULLED}) as server:
        monkeypatch.setenv("OLLAMA_HOST", server)
        assert hinted(homeward("pull", "unheard-of").out) == "unheard-of:latest"
        monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
        elsewhere = homeward("pull", "unheard-of", "--ollama", server).out
    assert f"OLLAMA_HOST={server} homeward ask" in elsewhere


@pytest.mark.parametrize(
    "policy",
    [
        "policy: {licence: {commercial: ['yes']}}",
        '"policy": {licence: {commercial: ["yes"]}}',
    ],
)
def test_a_policy_is_kept_however_it_is_written(
    homeward: Program, tmp_path: Path, policy: str
) -> None:
    models = '"models": {a: {embedded: {model: box/arith}}}'
    (tmp_path / "homeward.yaml").write_text(f"{{{models}, {policy}}}")
    with standing({**VERSION, ("POST", "/api/pull"): PULLED}) as server:
        assert homeward("pull", "llama3.1:8b", "--ollama", server).code == 3


def test_a_machine_of_the_engine_is_its_processor(
    homeward: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homeward.cli.machine.scanned.scanned", lambda given=None: with_gpu(24))
    monkeypatch.setattr("homeward.backends.llama_devices.offers_gpu", lambda: False)
    run = homeward("pull", "bartowski/Meta-Llama-3.1-8B-Instruct-GGUF:Q4_K_M")
    assert "on this machine's processor" in run.err


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
