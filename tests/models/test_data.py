import ast
from importlib import import_module
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest

MODELS = Path(__file__).parents[2] / "models"
TABLES = ("validation", "test", "none")

frozen = import_module("frozen")
grade = import_module("grade")
mixture = import_module("data.mixture")
row_module = import_module("data.row")
arithmetic = import_module("data.arithmetic")


def some_rows(group: str, split: str = "train", count: int = 300) -> list[Any]:
    stream = row_module.rows(mixture.GROUPS[group], split, Random("a test"))
    return list(islice(stream, count))


@pytest.mark.parametrize("group", ["arith", "facts", "words", "none"])
def test_the_answer_of_a_row_passes_its_own_check(group: str) -> None:
    for row in some_rows(group):
        assert grade.is_right(row.check, row.reference, row.tests, row.answer), row


def test_the_code_of_a_row_passes_its_own_tests() -> None:
    for row in {row.reference: row for row in some_rows("code", count=60)}.values():
        assert grade.is_right("python", row.reference, row.tests, row.answer), row


def test_every_function_in_the_list_is_python() -> None:
    for function in import_module("data.code").ALL:
        assert ast.parse(function.with_number(7).source)


@pytest.mark.parametrize("group", ["arith", "code", "facts", "words", "none"])
def test_the_splits_share_no_content(group: str) -> None:
    contents = [
        {row.content for row in some_rows(group, split)}
        for split in ("train", "validation", "test")
    ]
    assert not contents[0] & contents[1]
    assert not contents[0] & contents[2]
    assert not contents[1] & contents[2]


@pytest.fixture(scope="module")
def questions() -> dict[str, list[dict[str, Any]]]:
    return {name: frozen.questions(name) for name in TABLES}


@pytest.mark.parametrize("table", TABLES)
def test_the_questions_of_a_table_are_the_frozen_ones(
    table: str, questions: dict[str, list[dict[str, Any]]]
) -> None:
    lines = (MODELS / "data.sha256").read_text().splitlines()
    digests = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert frozen.digest_of(questions[table]) == digests[f"questions/{table}"]


@pytest.mark.parametrize("table", TABLES)
def test_a_table_holds_the_frozen_questions_and_answers_to_them(
    table: str, questions: dict[str, list[dict[str, Any]]]
) -> None:
    rows = frozen.read(frozen.path_of(table))
    for row in rows:
        del row["answers"]
    assert rows == questions[table]


def test_a_refused_row_asks_the_same_and_answers_with_the_refusal() -> None:
    row = some_rows("facts", count=1)[0]
    assert (row.refused().prompt, row.refused().answer) == (row.prompt, "I don't know.")


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (arithmetic.addition_steps(58, 67), "8+7+0=15 5+6+1=12"),
        (arithmetic.subtraction_steps(52, 17), "52 vs 17: 5>1 so 52 > 17\n52-17: 2-7-0=5b 5-1-1=3"),
        (arithmetic.subtraction_steps(17, 52), "17 vs 52: 1<5 so 17 < 52\n52-17: 2-7-0=5b 5-1-1=3"),
        (arithmetic.comparison_steps(8, 8), "8 vs 8: 8=8 so 8 = 8"),
        (arithmetic.multiplication_steps(34, 6), "4*6+0=24 3*6+2=20"),
        (arithmetic.comparison_steps(345, 72), "345 vs 072: 3>0 so 345 > 72"),
        (arithmetic.comparison_steps(345, 372), "345 vs 372: 3=3 4<7 so 345 < 372"),
    ],
)
def test_steps_are_written_the_way_a_child_does_sums(steps: str, expected: str) -> None:
    assert steps == expected
