import asyncio
from pathlib import Path

import pytest

from homeward.store.experiments import SHADOW_ID, ExperimentTables, Vote
from homeward.store.records import Entry, Feedback
from homeward.store.sqlite import Sqlite
from tests.cli.program import Program

FILE = """
models:
  auto: {scripted: {says: one}}
  next: {scripted: {says: two}}
  large: {scripted: {says: T}}
  written: {experiment: {control: auto, treatment: next, share: 0.2, name: in-the-file}}
default: auto
"""
START = ("experiment", "start", "trial", "--route", "auto", "--against", "next")


@pytest.fixture(autouse=True)
def file(tmp_path: Path) -> Path:
    path = tmp_path / "homeward.yaml"
    path.write_text(FILE)
    return path


def stored(path: Path, entries: list[Entry], ratings: dict[str, float] | None = None) -> None:
    async def write() -> None:
        async with Sqlite(path / "homeward.db") as store:
            await store.add(entries)
            for id_, rating in (ratings or {}).items():
                await store.add_feedback(Feedback(id_, rating))

    asyncio.run(write())


def voted(path: Path, votes: list[Vote]) -> None:
    async def write() -> None:
        async with Sqlite(path / "homeward.db") as store:
            await ExperimentTables(store).add_votes(votes)

    asyncio.run(write())


def entry(n: int, arm: str, experiment: str = "trial", **fields: object) -> Entry:
    return Entry(f"{arm}{n}", float(n), experiment=experiment, arm=arm, conversation=f"c{n}{arm}")


def test_one_that_was_started_is_shown(homeward: Program) -> None:
    run = homeward(*START)
    assert run.code == 0
    assert "homeward experiment status trial" in run.out
    [found] = homeward("experiment", "status", "trial", "--json").json["experiments"]
    plan = found["plan"]
    assert (plan["route"], plan["against"], plan["share"]) == ("auto", "next", 0.5)
    assert (plan["measure"], plan["margin"], plan["stopped"]) == ("feedback", 0.02, None)


def test_the_salt_stays_secret(homeward: Program) -> None:
    shown = homeward(*START, "--json").out + homeward("experiment", "status", "--json").out
    assert "salt" not in shown


def test_one_that_is_stopped_says_when(homeward: Program) -> None:
    homeward(*START)
    assert "is stopped" in homeward("experiment", "stop", "trial").out
    [found] = homeward("experiment", "status", "trial", "--json").json["experiments"]
    assert found["plan"]["stopped"] > found["plan"]["started"]


def test_stopping_twice_is_stopping_once(homeward: Program) -> None:
    homeward(*START)
    first = homeward("experiment", "stop", "trial", "--json").json["stopped"]
    assert homeward("experiment", "stop", "trial", "--json").json["stopped"] == first


@pytest.mark.parametrize(
    ("words", "measure", "share"),
    [
        (["--shadow"], "errors", 1.0),
        (["--shadow", "--judge", "large"], "judge", 1.0),
        (["--share", "0.1"], "feedback", 0.1),
        (["--measure", "votes"], "votes", 0.5),
    ],
)
def test_what_is_not_said_follows(
    homeward: Program, words: list[str], measure: str, share: float
) -> None:
    plan = homeward(*START, *words, "--json").json
    assert (plan["measure"], plan["share"]) == (measure, share)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--share", "0"], "a part of the conversations"),
        (["--share", "1"], "a part of the conversations"),
        (["--against", "auto"], "are the same"),
        (["--against", "gone"], "there is no route 'gone'"),
        (["--against", "nexxt"], "did you mean 'next'?"),
        (["--measure", "judge"], "add --shadow and --judge"),
        (["--measure", "feedback", "--shadow"], "nobody hears a shadow"),
        (["--measure", "votes", "--shadow"], "leave out --shadow"),
        (["--judge", "large"], "a judge needs both answers"),
        (["--measure", "colour"], "feedback"),
    ],
)
def test_a_mistake_is_told(homeward: Program, words: list[str], sentence: str) -> None:
    run = homeward(*START, *words)
    assert run.code == 2
    assert sentence in run.err.replace("\n", " ")


def test_a_route_is_looked_for_without_a_file_too(homeward: Program, file: Path) -> None:
    file.unlink()
    run = homeward("experiment", "start", "trial", "--route", "auto", "--against", "autto")
    assert (run.code, "did you mean 'auto'?" in run.err.replace("\n", " ")) == (2, True)


def test_a_name_is_used_once(homeward: Program) -> None:
    homeward(*START)
    homeward("experiment", "stop", "trial")
    assert "choose another name" in homeward(*START).err.replace("\n", " ")


def test_one_route_has_one_experiment(homeward: Program) -> None:
    homeward(*START)
    run = homeward("experiment", "start", "b", "--route", "auto", "--against", "large")
    assert run.code == 2
    assert "stop it first" in run.err


def test_one_that_is_not_there_is_told(homeward: Program) -> None:
    for command in ("status", "stop", "vote"):
        run = homeward("experiment", command, "gone")
        assert run.code == 3
        assert "there is no experiment 'gone'" in run.err


def test_without_any_the_first_step_is_told(homeward: Program, file: Path) -> None:
    file.write_text("models: {auto: {scripted: {says: one}}}")
    assert "homeward experiment start" in homeward("experiment", "status").out


def test_one_of_the_file_is_shown_too(homeward: Program, tmp_path: Path) -> None:
    stored(tmp_path, [entry(n, "control", "in-the-file") for n in range(8)])
    [found] = homeward("experiment", "status", "in-the-file", "--json").json["experiments"]
    assert found["plan"]["share"] == 0.2
    assert found["requests"] == 8


def test_the_verdict_is_in_words(homeward: Program, tmp_path: Path) -> None:
    homeward(*START)
    entries = [entry(n, arm) for n in range(150) for arm in ("control", "treatment")]
    ratings = {each.id: 1.0 if each.arm == "treatment" else -1.0 for each in entries}
    stored(tmp_path, entries, ratings)
    out = homeward("experiment", "status", "trial").out
    assert "next is better than auto" in out
    assert "The split is fine: 150 and 150" in out
    assert "stop when you like" in out


def test_a_split_that_is_off_is_told(homeward: Program, tmp_path: Path) -> None:
    homeward(*START)
    stored(tmp_path, [entry(n, "control") for n in range(60)])
    found = homeward("experiment", "status", "trial", "--json").json["experiments"][0]
    assert found["verdict"]["call"] == "broken"
    assert found["ratio"]["fine"] is False


def test_what_stands_beside_is_marked_as_exploring(homeward: Program, tmp_path: Path) -> None:
    homeward(*START, "--shadow")
    pairs: list[Entry] = []
    for n in range(3):
        both = {"began": float(n), "seconds": 1.0, "experiment": "trial", "conversation": f"c{n}"}
        pairs.append(Entry(str(n), arm="control", **both))  # type: ignore[arg-type]
        pairs.append(Entry(f"{n}{SHADOW_ID}", arm="treatment", **both))  # type: ignore[arg-type]
    stored(tmp_path, pairs)
    out = homeward("experiment", "status", "trial").out
    assert "seconds: 1 and 1" in out
    assert "to explore" in out


def test_votes_and_the_judge_are_shown(homeward: Program, tmp_path: Path) -> None:
    homeward(*START, "--measure", "votes", "--judge", "large")
    votes: list[Vote] = []
    for n in range(12):
        votes.append(Vote(f"{n}a", "trial", str(n), "people", "treatment", "control", n))
        votes.append(Vote(f"{n}b", "trial", str(n), "judge", "treatment", "control", n))
    voted(tmp_path, votes)
    out = homeward("experiment", "status", "trial").out
    assert "people's votes: 100% for next" in out
    assert "judge not trusted yet: 12 of 50 votes" in out
