"""``homeward fit --fleet``, on a machine that the command line describes."""

from pathlib import Path

import pytest
import yaml

from homeward.config import parse
from tests.cli.program import Program, Run

THREE = "Llama-3.1-8B,Qwen3-14B,nomic-embed-text"
LARGE = "Llama-3.1-8B,Qwen3-14B,Gemma-3-27B,nomic-embed-text"


@pytest.fixture(autouse=True)
def no_ollama(homeward: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing answers there."""
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")


def asked(homeward: Program, names: str, *words: str, vram: str = "24GiB") -> Run:
    return homeward("fit", "--fleet", names, "--vram", vram, "--ram", "64GiB", *words)


def test_the_three_verdicts_are_said(homeward: Program) -> None:
    done = asked(homeward, THREE, "--context", "4096")
    assert done.code == 0
    assert "They fit together." in done.out
    assert "keeps all of them loaded, whichever is asked first" in done.out
    assert "Nobody has to take turns." in done.out


def test_what_takes_turns_is_said_with_its_cost(homeward: Program) -> None:
    done = asked(homeward, LARGE)
    assert "These take turns" in done.out
    assert "A panel over 100 prompts" in done.out


def test_json_has_the_three_verdicts(homeward: Program) -> None:
    found = asked(homeward, THREE, "--context", "4096", "--json").json
    assert found["memory"]["fits_together"] is True
    assert found["ollama"]["together"] == "always"
    assert found["turns"]["groups"] == []


def test_without_a_context_it_is_ollamas_own_for_that_memory(homeward: Program) -> None:
    contexts = [
        asked(homeward, "Llama-3.1-8B", "--json", vram=vram).json["models"][0]["context"]
        for vram in ("16GiB", "24GiB")
    ]
    assert contexts == [4096, 32768]


def test_no_model_has_more_context_than_it_was_trained_for(homeward: Program) -> None:
    found = asked(homeward, "nomic-embed-text", "--context", "65536", "--json").json
    assert found["models"][0]["context"] <= 8192


def test_ollamas_variables_hold(homeward: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_MAX_LOADED_MODELS", "1")
    found = asked(homeward, THREE, "--context", "4096", "--json").json
    assert found["ollama"]["together"] == "never"
    assert found["settings"]["environment"]["OLLAMA_MAX_LOADED_MODELS"] == "3"


def test_the_output_of_write_is_the_file_alone(homeward: Program) -> None:
    done = asked(homeward, LARGE, "--write", "homeward")
    assert len(parse(done.out, origin="written").models) == 4
    swap = asked(homeward, LARGE, "--write", "llama-swap")
    assert len(yaml.safe_load(swap.out)["models"]) == 4


def test_an_unknown_form_is_refused(homeward: Program) -> None:
    done = asked(homeward, THREE, "--write", "docker")
    assert done.code == 3
    assert "ollama, systemd, llama-swap, homeward" in done.err


def test_a_model_that_is_named_twice_is_one(homeward: Program) -> None:
    assert len(asked(homeward, "Qwen3-14B,Qwen3-14B", "--json").json["models"]) == 1


def test_a_route_stands_for_its_leaves(homeward: Program) -> None:
    Path("homeward.yaml").write_text(
        "models:\n"
        '  a: {ollama: {model: "llama3.1:8b", num_ctx: 4096}}\n'
        '  b: {ollama: {model: "qwen3:14b", num_ctx: 8192}}\n'
        "  auto: {fallback: [a, b]}\n"
    )
    found = asked(homeward, "auto", "--json").json
    assert [(m["name"], m["context"]) for m in found["models"]] == [
        ("llama3.1:8b", 4096),
        ("qwen3:14b", 8192),
    ]


def test_a_route_without_a_model_of_this_machine_is_refused(homeward: Program) -> None:
    Path("homeward.yaml").write_text("models:\n  a: {echo: {}}\n")
    done = asked(homeward, "a")
    assert done.code == 3
    assert "asks no model of this machine" in done.err


def test_without_a_file_the_routes_of_the_box_are_known(homeward: Program) -> None:
    found = asked(homeward, "auto", "--json", vram="0").json
    assert {"box/general", "box/arith"} <= {member["name"] for member in found["models"]}


def test_a_model_of_the_box_is_written_by_its_name(homeward: Program) -> None:
    written = parse(asked(homeward, "box/arith", "--write", "homeward").out, origin="written")
    assert "'box/arith'" in str(written.models)


def test_that_ollama_keeps_what_does_not_fit_is_a_warning(homeward: Program) -> None:
    words = ("--vram", "0", "--ram", "32GiB")
    done = homeward("fit", "--fleet", "Gemma-3-27B,Qwen3-14B,Qwen3-30B-A3B", *words)
    told = " ".join(done.out.split())
    assert "keeps all of them loaded although they do not fit together" in told
    assert "whichever is asked first" not in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--fleet", "qwen3:4b", "qwen3:8b"), "'qwen3:8b' stands beside it"),
        (("--fleet", "qwen3:4b", "--measure"), "measures nothing"),
        (("qwen3:4b", "--write", "ollama"), "name the set of models with --fleet"),
    ],
)
def test_what_would_be_passed_over_is_refused(
    homeward: Program, words: tuple[str, ...], told: str
) -> None:
    done = homeward("fit", *words)
    assert done.code == 2
    assert told in " ".join(done.err.split())


def test_it_says_the_same_twice(homeward: Program) -> None:
    assert asked(homeward, LARGE).out == asked(homeward, LARGE).out
