from pathlib import Path

import pytest

from tests.backends import tiny_gguf
from tests.backends.hub_server import hub
from tests.cli.program import Program

TINY = tiny_gguf.build()


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


def test_a_hub_that_is_not_there_is_one_sentence(
    homeward: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    run = homeward("pull", "org/tiny")
    assert run.code == 1
    assert run.err.count("\n") == 1


def test_a_name_that_is_none_is_told_how_to_say_it(homeward: Program) -> None:
    run = homeward("pull", "tiny")
    assert run.code == 3
    assert "ORG/REPO" in run.err
