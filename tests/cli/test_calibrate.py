from pathlib import Path
from typing import Any

import pytest

from homeward.signals.promise import read
from tests.cli.program import Program
from tests.learn.tables import table


def rows(count: int = 200) -> list[dict[str, Any]]:
    """Model b agrees with a wherever a is right; a is wrong in every fifth row."""
    return [
        {
            "id": str(place),
            "prompt": f"What is {place} + 1?",
            "group": "even" if place % 2 == 0 else "odd",
            "reference": f"# {place + 1}",
            "answers": {
                "a": {"score": float(place % 5 > 0), "text": f"{place + (place % 5 > 0)}"},
                "b": {"score": 1, "text": f"It is {place + 1}."},
            },
        }
        for place in range(count)
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return table(tmp_path, rows())


def test_a_promise_is_made_shown_and_written(homeward: Program, path: Path, tmp_path: Path) -> None:
    out = tmp_path / "p.json"
    done = homeward("calibrate", path, "--cheap", "a", "--checkers", "b", "--out", out)
    assert done.code == 0
    assert "score >= 1 keeps 160 of 200, 0 of them wrong" in done.out
    made = read(out)
    assert (made.rest.threshold, made.rest.kept, made.about) == (1.0, 160, "a, agreement with b")


def test_json_has_the_promise_and_the_halves(homeward: Program, path: Path) -> None:
    done = homeward(
        *("calibrate", path, "--cheap", "a", "--checkers", "b", "--splits", "20", "--json")
    )
    assert done.json["promise"]["target"] == 0.95
    assert done.json["splits"]["splits"] == 20
    assert done.json["splits"]["kept"] == 1.0
    assert 0.7 < done.json["splits"]["share"] < 0.9


def test_people_hear_of_the_halves_too(homeward: Program, path: Path) -> None:
    done = homeward("calibrate", path, "--cheap", "a", "--checkers", "b", "--splits", "5")
    assert "on 5 random halves the promise was kept in 100.0%" in done.out


def test_labels_are_the_most_rows_that_are_used(homeward: Program, path: Path) -> None:
    words = ("calibrate", path, "--cheap", "a", "--checkers", "b", "--json", "--labels", "70")
    made = homeward(*words).json["promise"]
    assert made["rows"] == 70
    assert homeward(*words, "--seed", "0").json["promise"] == made


def test_thresholds_by_group_are_told_apart(homeward: Program, path: Path) -> None:
    words = ("calibrate", path, "--cheap", "a", "--checkers", "b", "--by", "group")
    done = homeward(*words, "--promise", "0.8")
    assert "even: score >= " in done.out
    assert "odd: score >= " in done.out


def test_a_promise_that_cannot_be_made_says_so(homeward: Program, path: Path) -> None:
    done = homeward("calibrate", path, "--cheap", "a", "--checkers", "b", "--labels", "20")
    assert done.code == 0
    assert "nothing can be promised on 20 rows; about " in done.out


def test_the_check_of_a_route_is_calibrated_as_it_runs(
    homeward: Program, path: Path, tmp_path: Path
) -> None:
    (tmp_path / "homeward.yaml").write_text(
        "models:\n"
        f"  a: {{recorded: {{table: '{path}', model: a}}}}\n"
        f"  b: {{recorded: {{table: '{path}', model: b}}}}\n"
        "  auto: {cascade: {drafts: [a], final: b, "
        "accept: {agreement: {with: b, type: number}}}}\n"
    )
    done = homeward("calibrate", path, "--route", "auto", "--json")
    assert done.json["promise"]["about"] == "the check of route auto"
    assert done.json["promise"]["rest"]["kept"] == 160


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--cheap", "a"], "one of --checkers, --router and --route"),
        (["--checkers", "b"], "with --cheap"),
        (["--cheap", "a", "--router", "none"], "there is no router in none"),
        (["--cheap", "a", "--checkers", "z"], "no row has an answer of 'z'"),
        (["--cheap", "a", "--checkers", "a"], "name others in --checkers"),
        (["--cheap", "a", "--checkers", "b", "--strong", "z"], "no row has an answer of 'z'"),
        (["--cheap", "a", "--route", "auto"], "leave out --cheap"),
        (["--cheap", "a", "--checkers", "b", "--promise", "95"], "between 0 and 1"),
        (["--cheap", "a", "--checkers", "b", "--type", "sum"], "is no type of answer"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    homeward: Program, path: Path, words: list[str], told: str
) -> None:
    done = homeward("calibrate", path, *words)
    assert done.code == 3
    assert told in done.err.replace("\n", " ")


def test_rows_that_nobody_graded_are_told(homeward: Program, tmp_path: Path) -> None:
    answers = {"a": {"text": "1"}, "b": {"text": "1"}}
    ungraded = table(tmp_path, [{"prompt": "1?", "reference": "1", "answers": answers}])
    done = homeward("calibrate", ungraded, "--cheap", "a", "--checkers", "b")
    assert (done.code, "--strong MODEL" in done.err.replace("\n", " ")) == (3, True)


def test_an_empty_table_is_told(homeward: Program, tmp_path: Path) -> None:
    done = homeward("calibrate", table(tmp_path, []), "--cheap", "a", "--checkers", "b")
    assert done.code == 3
    assert "has no rows" in done.err
