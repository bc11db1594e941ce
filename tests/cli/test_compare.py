"""``homeward compare``."""

from pathlib import Path

import pytest

from tests.cli import past
from tests.cli.program import Program

RECORDED = """
models:
  small: {recorded: {table: t.jsonl, model: small}}
  large: {recorded: {table: t.jsonl, model: large}}
  mixed: {router: {by: {rules: {hard: [prove]}}, hard: large, else: small}}
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "homeward.yaml").write_text(RECORDED)
    past.table(tmp_path)


def test_two_routes_are_compared_row_by_row(homeward: Program) -> None:
    told = homeward("compare", "small", "large", "--table", "t.jsonl", "--json").json
    assert (told["a"]["accuracy"], told["b"]["accuracy"]) == (0.375, 1.0)
    assert (told["a"]["cost_usd"], told["b"]["cost_usd"]) == (0.0, 20.0)
    assert (told["difference"], told["b_better"], told["a_better"]) == (0.625, 40, 0)
    assert told["verdict"]["word"] == "better"


def test_the_second_stands_in_the_place_of_the_first(homeward: Program) -> None:
    told = homeward("compare", "large", "small", "--table", "t.jsonl", "--json").json
    assert told["verdict"]["word"] == "worse"


def test_a_route_is_not_worse_than_itself(homeward: Program) -> None:
    told = homeward("compare", "mixed", "mixed", "--table", "t.jsonl", "--json").json
    assert (told["interval95"], told["verdict"]["word"]) == ([0.0, 0.0], "not worse")


def test_few_rows_tell_nothing(homeward: Program) -> None:
    run = homeward("compare", "small", "large", "--table", "t.jsonl", "--limit", 5, "--json")
    assert (run.json["rows"], run.json["verdict"]["word"]) == (5, "cannot tell")


def test_people_are_told_both_sides_and_a_verdict(homeward: Program) -> None:
    lines = homeward("compare", "small", "large", "--table", "t.jsonl").out.splitlines()
    assert "37.50%" in lines[1]
    assert "100.00%" in lines[2]
    assert lines[-1].startswith("better: ")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("small", "--table", "t.jsonl"), 2, "Missing argument"),
        (("small", "larg", "--table", "t.jsonl"), 1, "did you mean 'large'?"),
        (("small", "large", "--table", "no.jsonl"), 3, "no outcome table"),
        (("small", "large", "--table", "t.jsonl", "--margin", "2"), 2, "--margin"),
    ],
)
def test_a_mistake_is_told(
    homeward: Program, words: tuple[str, ...], code: int, sentence: str
) -> None:
    run = homeward("compare", *words)
    assert (run.code, sentence in run.err) == (code, True)
