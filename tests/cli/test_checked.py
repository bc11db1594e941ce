from pathlib import Path

import pytest

from homeward.outcomes import read
from tests.cli.program import Program
from tests.cli.sums import tables

CHECKS = ("evaluate", "later.jsonl", "--checks", "small")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tables(tmp_path)
    return tmp_path


def test_every_check_is_graded_beside_the_baselines(homeward: Program, folder: Path) -> None:
    told = homeward(*CHECKS, "--json").json
    assert (told["model"], told["rows"], told["folds"]) == ("small", 400, 5)
    assert set(told["checks"]) == {"arithmetic", "format", "heuristic"}
    assert told["checks"]["arithmetic"]["auroc"] == 1.0
    assert told["checks"]["format"] == {"auroc": None, "share": 0.0, "auroc_all": None}
    assert told["baselines"]["random"]["auroc"] == 0.5
    assert 0.0 < told["baselines"]["length"]["auroc"] < 1.0
    assert told["combined"]["auroc"] > 0.95


def test_agreement_is_graded_with_all_checkers_and_with_each(
    homeward: Program, folder: Path
) -> None:
    told = homeward(*CHECKS, "--checkers", "other,large", "--json").json
    assert told["checkers"] == ["other", "large"]
    assert told["type"] == "number"
    names = ("agreement:other", "agreement:large", "agreement")
    poorest, better, best = (told["checks"][name]["auroc"] for name in names)
    assert 0.8 < poorest < better < best


def test_people_see_a_table_the_best_check_first(homeward: Program, folder: Path) -> None:
    lines = homeward(*CHECKS, "--checkers", "other").out.splitlines()
    assert "% right on 400 rows" in lines[0]
    assert [line.split()[0] for line in lines[2:6]] == [
        "arithmetic",
        "agreement",
        "heuristic",
        "format",
    ]
    assert any(line.startswith("baseline: at random") for line in lines)


def test_what_is_written_and_shown_works_in_a_cascade(homeward: Program, folder: Path) -> None:
    shown = homeward(*CHECKS, "--checkers", "other,large", "--out", "checks.json").out
    node = shown.strip().splitlines()[-1]
    assert node.startswith("{combined: {path: checks.json, checks: {")
    (folder / "homeward.yaml").write_text(
        "models:\n"
        + "".join(
            f"  {name}: {{recorded: {{table: later.jsonl, model: {name}}}}}\n"
            for name in ("small", "other", "large")
        )
        + f"  auto: {{cascade: {{drafts: [small], final: large, accept: {node}}}}}\n"
        "default: auto\n"
    )
    assert homeward("check").code == 0
    right = next(row for row in read(folder / "later.jsonl") if row.answers["small"].score == 1)
    [decision] = homeward("ask", right.prompt, "--json").json["decisions"]
    assert decision["chose"] == "small"
    assert decision["because"].startswith("p(right) = ")
    plan = homeward("explain", right.prompt, "--json").json
    assert "accept.checks.agreement.with.other" in [step["edge"] for step in plan["children"]]


def test_each_checker_is_asked_once_by_what_is_written(homeward: Program, folder: Path) -> None:
    shown = homeward(*CHECKS, "--checkers", "other,large", "--out", "checks.json").out
    assert "agreement:other" not in shown.strip().splitlines()[-1]
    assert "agreement:other" not in (folder / "checks.json").read_text()


def test_only_so_many_rows_are_read(homeward: Program, folder: Path) -> None:
    assert homeward(*CHECKS, "--limit", "60", "--json").json["rows"] == 60


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--checks", "nobody"), "no row has an answer of 'nobody'; there are small, large, other"),
        (("--checks", "small", "--checkers", "x"), "no row has an answer of 'x'"),
        (("--checks", "small", "--checkers", "small"), "agrees with itself"),
        (("--checks", "small", "--checkers", "other", "--type", "sum"), "is no type of answer"),
        (("--checks", "small", "--limit", "10"), "10 rows are too few"),
        (("--checks", "small", "--route", "auto"), "leave out the route"),
        (("--checks", "small", "--router", "r"), "--router or --checks, not both"),
        (("--checkers", "other"), "belong to --checks"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    homeward: Program, folder: Path, words: tuple[str, ...], told: str
) -> None:
    done = homeward("evaluate", "later.jsonl", *words)
    assert done.code == 3
    assert told in " ".join(done.err.split())
