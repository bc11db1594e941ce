"""``homeward learn`` without a table."""

from pathlib import Path

import pytest

from tests.cli import past
from tests.cli.program import Program
from tests.learn.loop import asked

SINCE = ("--since", "9999d")  # the synthetic history lies at a fixed time


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "homeward.db"


@pytest.fixture
def learned(homeward: Program, store: Path) -> Program:
    asked.write(store, 200)
    homeward("learn", *SINCE)
    return homeward


def test_a_history_becomes_a_router_in_use(homeward: Program, store: Path, tmp_path: Path) -> None:
    asked.write(store, 200)
    told = homeward("learn", *SINCE, "--json").json
    [step] = told["steps"]
    assert (told["name"], told["in_use"], step["version"], step["state"]) == (
        "router",
        1,
        1,
        "promoted",
    )
    assert (tmp_path / "routers" / "router" / "1" / "card.json").exists()


def test_people_are_told_what_was_measured_and_what_is_in_use(
    homeward: Program, store: Path
) -> None:
    asked.write(store, 200)
    lines = homeward("learn", *SINCE).out.splitlines()
    assert lines[0].startswith("200 of 200 kept requests have a grade of each model's answer")
    assert lines[1].startswith("judged on the latest part of the history: 50 requests")
    assert [line.split("  ")[1] for line in lines[2:5]] == [
        "this version",
        "single models at random",
        "large alone",
    ]
    assert lines[-3].startswith("version 1 is promoted: better")
    assert lines[-1] == "version 1 of router is in use"


def test_the_models_and_the_name_can_be_said(homeward: Program, store: Path) -> None:
    asked.write(store, 200)
    told = homeward("learn", *SINCE, "--name", "mine", "--models", "small, large", "--json").json
    assert (told["name"], told["in_use"]) == ("mine", 1)


def test_a_second_version_is_compared_with_the_first(learned: Program, store: Path) -> None:
    asked.write(store, 60, first=200)
    run = learned("learn", *SINCE)
    assert "  version 1 " in run.out
    assert "another model is chosen for" in run.out
    assert "version 2 is in the shadow" in run.out
    assert run.out.endswith("version 1 of router is in use\n")


def test_nothing_new_is_said(learned: Program) -> None:
    run = learned("learn", *SINCE)
    assert (run.code, "there are 0 new graded requests" in run.out) == (0, True)


def test_a_dry_run_says_so_and_writes_nothing(
    homeward: Program, store: Path, tmp_path: Path
) -> None:
    asked.write(store, 200)
    lines = homeward("learn", *SINCE, "--dry-run").out.splitlines()
    assert lines[-2:] == ["dry run: nothing was written", "no version of router is in use"]
    assert not (tmp_path / "routers").exists()


def test_the_versions_are_shown(learned: Program) -> None:
    lines = learned("learn", "--status").out.splitlines()
    assert lines[0].startswith("1  ")
    assert "in use  (150 requests, small, large): better" in lines[0]
    told = learned("learn", "--status", "--json").json
    assert (told["in_use"], told["before"], told["versions"][0]["labels"]) == (1, [], 150)


def test_without_versions_that_is_said(homeward: Program) -> None:
    assert homeward("learn", "--status").out == "no version of router is in use\n"


def test_it_is_rolled_back(learned: Program, store: Path) -> None:
    asked.write(store, 600, first=200)
    assert learned("learn", *SINCE, "--promote", "--json").json["in_use"] == 2
    run = learned("learn", "--rollback")
    assert run.out == "version 1 of router is in use again, instead of version 2\n"
    assert learned("learn", "--status", "--json").json["in_use"] == 1


def test_a_rollback_is_told_to_programs_too(learned: Program, store: Path) -> None:
    asked.write(store, 600, first=200)
    learned("learn", *SINCE, "--promote")
    told = learned("learn", "--rollback", "--json").json
    assert told == {"name": "router", "in_use": 1, "was": 2}


def test_the_first_is_not_rolled_back(learned: Program) -> None:
    run = learned("learn", "--rollback")
    assert (run.code, "is the first that is in use" in run.err) == (3, True)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--rollback",), 3, "nothing to roll back"),
        (("--rollback", "--status"), 3, "--rollback stands alone"),
        (("--status", "--name", "../x"), 3, "cannot be the name of a router"),
        (("--since", "yesterday"), 2, "say 30d"),
        ((), 3, "the ledger has no requests of that time"),
    ],
)
def test_a_mistake_is_told(
    homeward: Program, words: tuple[str, ...], code: int, sentence: str
) -> None:
    run = homeward("learn", *words)
    assert (run.code, sentence in run.err) == (code, True)


def test_too_short_a_history_says_how_to_get_more(homeward: Program, store: Path) -> None:
    asked.write(store, 30)
    run = homeward("learn", *SINCE)
    assert (run.code, run.out) == (3, "")
    assert "30 graded requests are too few to learn from, 100 are needed" in run.err


def test_a_history_whose_models_were_never_heard_together_is_told(
    homeward: Program, tmp_path: Path
) -> None:
    past.ledger(tmp_path)
    run = homeward("learn")
    assert (run.code, "name them from cheap to dear" in run.err) == (3, True)


def test_what_was_not_kept_is_counted(homeward: Program, tmp_path: Path) -> None:
    past.ledger(tmp_path)
    run = homeward("learn", "--models", "small,large", "--dry-run")
    assert "0 graded requests are too few" in run.err
    assert "39 have all answers, 20 of them a grade" in run.err
