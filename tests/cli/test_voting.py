import asyncio
import random
from pathlib import Path

import pytest

from homeward.store.experiments import ExperimentTables, Vote
from homeward.store.sqlite import Sqlite
from tests.cli.program import Program

FILE = """
models:
  auto: {scripted: {says: the control says this, model: model-a}}
  next: {scripted: {says: the treatment says that, model: model-b}}
  large: {scripted: {says: T}}
  broken: {scripted: {fails: boom}}
default: auto
"""


@pytest.fixture(autouse=True)
def experiment(tmp_path: Path, homeward: Program) -> None:
    (tmp_path / "homeward.yaml").write_text(FILE)
    start = ("experiment", "start", "trial", "--route", "auto", "--against", "next")
    assert homeward(*start, "--measure", "votes", "--judge", "large").code == 0


def votes(tmp_path: Path) -> list[Vote]:
    async def read() -> list[Vote]:
        async with Sqlite(tmp_path / "homeward.db") as store:
            return await ExperimentTables(store).votes("trial")

    return asyncio.run(read())


@pytest.mark.parametrize("first", ["control", "treatment"])
def test_the_first_is_whichever_chance_chose(
    homeward: Program, tmp_path: Path, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "choice", lambda _: first)
    run = homeward("experiment", "vote", "trial", stdin="which?\n1\n")
    assert run.out.index("the " + first) < run.out.index(
        "the treatment" if first == "control" else "the control"
    )
    [own] = [vote for vote in votes(tmp_path) if vote.by == "people"]
    assert (own.choice, own.first) == (first, first)


def test_chance_chooses_both(homeward: Program, tmp_path: Path) -> None:
    prompts = "".join(f"{n}\nt\n" for n in range(40))
    homeward("experiment", "vote", "trial", stdin=prompts)
    assert {vote.first for vote in votes(tmp_path) if vote.by == "people"} == {
        "control",
        "treatment",
    }


def test_nobody_sees_whose_they_are(homeward: Program) -> None:
    out = homeward("experiment", "vote", "trial", stdin="which?\nt\n").out
    assert "model-a" not in out
    assert "next" not in out


@pytest.mark.parametrize(("key", "choice"), [("t", "tie"), ("b", "bad"), ("T ", "tie")])
def test_neither_can_be_better(homeward: Program, tmp_path: Path, key: str, choice: str) -> None:
    homeward("experiment", "vote", "trial", stdin=f"which?\n{key}\n")
    [own] = [vote for vote in votes(tmp_path) if vote.by == "people"]
    assert own.choice == choice


def test_the_judge_votes_on_the_same_pair(homeward: Program, tmp_path: Path) -> None:
    homeward("experiment", "vote", "trial", stdin="which?\n1\n")
    assert len({vote.pair for vote in votes(tmp_path)}) == 1
    assert {vote.by for vote in votes(tmp_path)} == {"people", "judge"}


def test_another_key_is_asked_again(homeward: Program, tmp_path: Path) -> None:
    homeward("experiment", "vote", "trial", stdin="which?\nx\n2\n")
    assert len(votes(tmp_path)) == 2


def test_a_pair_can_be_skipped_and_left(homeward: Program, tmp_path: Path) -> None:
    run = homeward("experiment", "vote", "trial", stdin="one?\ns\ntwo?\nq\nthree?\n1\n")
    assert run.code == 0
    assert "0 votes" in run.out
    assert votes(tmp_path) == []


def test_prompts_can_come_from_a_file(homeward: Program, tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_text("one?\n\ntwo?\n")
    run = homeward("experiment", "vote", "trial", "--prompts", "prompts.txt", stdin="1\n1\n")
    assert "2 votes" in run.out


def test_a_file_that_cannot_be_read_is_told(homeward: Program) -> None:
    run = homeward("experiment", "vote", "trial", "--prompts", "gone.txt")
    assert run.code == 3
    assert "gone.txt cannot be read" in run.err


def test_a_model_that_fails_costs_its_prompt_only(homeward: Program, tmp_path: Path) -> None:
    start = ("experiment", "start", "other", "--route", "auto", "--against", "broken")
    homeward(*start, "--measure", "votes")
    run = homeward("experiment", "vote", "other", stdin="one?\ntwo?\n")
    assert run.code == 0
    assert run.err.count("boom") == 2
