"""The engine of this package and a model of the box are real; how fast they are is not asserted."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from homeward import box
from homeward.cli.machine.measured_runs import runs
from homeward.machine.speed.measured import Run
from tests.backends.servers import Asked, Reply, answers
from tests.cli.background import served
from tests.cli.program import Program

TAG = "llama3.2:1b"
INFO = {
    "general.architecture": "llama",
    "llama.block_count": 16,
    "llama.context_length": 131072,
    "llama.embedding_length": 2048,
    "llama.feed_forward_length": 8192,
    "llama.attention.head_count": 32,
    "llama.attention.head_count_kv": 8,
    "llama.attention.key_length": 64,
    "llama.vocab_size": 128256,
    "general.parameter_count": 1235814432,
}


@pytest.fixture(autouse=True)
def _no_ollama(monkeypatch: pytest.MonkeyPatch, homeward: Program) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")


def test_a_model_of_the_box_is_run_and_kept(homeward: Program) -> None:
    made = homeward("fit", "box/draft", "--measure", "--json").json
    assert len(made) == 6
    assert all(run["decode"] > 0 for run in made)
    assert [run.id for run in asyncio.run(runs())] == [run["id"] for run in made]


def test_a_file_is_run_at_two_depths(homeward: Program) -> None:
    made = homeward("fit", box.path("draft"), "--measure", "--json").json
    assert made[0]["depth"] < made[-1]["depth"] <= 256
    assert made[0]["prefill"] == 0
    assert made[-1]["prefill"] > 0


def test_people_are_told_what_was_expected(homeward: Program) -> None:
    told = homeward("fit", "box/draft", "--measure")
    assert "tokens a second" in told.out
    assert "expected" in told.out


def test_people_are_told_which_models_it_corrects(homeward: Program) -> None:
    told = homeward("fit", "box/draft", "--measure").out
    assert "it corrects estimates of models that read from" in told


def test_nothing_is_opened_where_nothing_was_measured(homeward: Program) -> None:
    assert asyncio.run(runs()) == ()


def test_a_model_that_is_not_here_is_told_how_to_fetch(homeward: Program) -> None:
    told = homeward("fit", "Llama-3.1-8B", "--measure")
    assert told.code == 1
    assert "ollama pull llama3.1:8b" in told.err


def test_there_is_no_such_model_in_the_box(homeward: Program) -> None:
    told = homeward("fit", "box/none", "--measure")
    assert told.code == 3
    assert "general" in told.err


def generated(**told: Any) -> Reply:
    usual = {"response": "x", "done": True, "prompt_eval_count": 100, "eval_count": 50}
    usual |= {"prompt_eval_duration": 200_000_000, "eval_duration": 500_000_000}
    return answers(usual | told)


def ollama(reply: Reply, loaded: Mapping[str, Any] | None = None) -> dict[tuple[str, str], Reply]:
    here = {"name": TAG, "size": 100, "size_vram": 0} | dict(loaded or {})
    return {
        ("POST", "/api/show"): answers(
            {"model_info": INFO, "details": {"quantization_level": "Q8_0"}, "capabilities": []}
        ),
        ("GET", "/api/tags"): answers({"models": [{"name": TAG, "size": 1_321_098_329}]}),
        ("POST", "/api/generate"): reply,
        ("GET", "/api/ps"): answers({"models": [here]}),
    }


@pytest.fixture
def measured(homeward: Program, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    with served(ollama(generated())) as url:
        monkeypatch.setenv("OLLAMA_HOST", url)
        assert homeward("fit", TAG, "--measure").code == 0
    return list(asyncio.run(runs()))


def test_ollamas_own_durations_count(measured: list[Run]) -> None:
    assert {run.decode for run in measured} == {100.0}
    assert {run.prefill for run in measured} == {0.0, 500.0}
    assert {run.runtime for run in measured} == {"Ollama"}


def test_what_ollama_did_without_a_gpu_is_the_processors(measured: list[Run]) -> None:
    assert len({run.device for run in measured}) == 1
    assert all(run.expected_decode > 0 for run in measured)


def test_an_ollama_that_tells_no_durations_is_too_old(
    homeward: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(ollama(generated(eval_duration=0))) as url:
        monkeypatch.setenv("OLLAMA_HOST", url)
        told = homeward("fit", TAG, "--measure")
    assert told.code == 1
    assert "upgrade" in told.err
    assert asyncio.run(runs()) == ()


async def test_ollama_is_asked_without_a_template_in_one_window() -> None:
    from homeward.backends.http import Http
    from homeward.cli.machine.timed import InOllama
    from tests.backends.servers import playing

    async with playing(ollama(generated())) as server, Http() as http:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("OLLAMA_HOST", server)
            timed = await InOllama(http, TAG, 4096).ask("the river", 8)
        asked: list[Asked] = server.asked
    assert asked[-1].json["options"]["num_ctx"] == 4096
    assert asked[-1].json["raw"] is True
    assert (timed.decode, timed.prefill) == (100.0, 500.0)
