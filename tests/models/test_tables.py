import gzip
import json
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from homeward import box

MODELS = Path(__file__).parents[2] / "models"
DOMAINS = ("arith", "code", "facts", "words")
TABLES = ("validation", "test", "none")

grade = import_module("grade")
mixture = import_module("data.mixture")


def table(name: str) -> list[dict[str, Any]]:
    with gzip.open(MODELS / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


ROWS = {name: table(name) for name in TABLES}
EVERY_ROW = [row for rows in ROWS.values() for row in rows]


@pytest.mark.parametrize("name", ["validation", "test"])
def test_a_table_has_two_hundred_rows_of_every_domain(name: str) -> None:
    assert Counter(row["group"] for row in ROWS[name]) == dict.fromkeys(DOMAINS, 200)


def test_there_are_two_hundred_prompts_for_nobody() -> None:
    assert Counter(row["check"] for row in ROWS["none"]) == {"refusal": 200}


@pytest.mark.parametrize("name", TABLES)
def test_no_two_rows_share_an_id_or_a_prompt(name: str) -> None:
    rows = ROWS[name]
    assert len({row["id"] for row in rows}) == len(rows)
    assert len({mixture.plain(row["prompt"]) for row in rows}) == len(rows)


def test_every_member_has_answered_every_row() -> None:
    members = [f"box/{member}" for member in box.MEMBERS]  # as routes call them
    assert all(list(row["answers"]) == members for row in EVERY_ROW)


def test_an_answer_says_how_long_it_is() -> None:
    answers = [answer for row in EVERY_ROW for answer in row["answers"].values()]
    assert all(answer["chars"] == len(answer["text"]) for answer in answers)


def test_only_code_has_tests() -> None:
    assert {"tests" in row for row in EVERY_ROW if row["check"] == "python"} == {True}
    assert {"tests" in row for row in EVERY_ROW if row["check"] != "python"} == {False}


def test_validation_and_test_share_no_prompt() -> None:
    prompts = [{mixture.plain(row["prompt"]) for row in ROWS[name]} for name in TABLES]
    assert not prompts[0] & prompts[1]


def test_no_tested_prompt_is_among_the_first_training_rows_of_any_member() -> None:
    tested = {mixture.plain(row["prompt"]) for row in EVERY_ROW}
    for member in box.MEMBERS:
        trained = mixture.training_rows(member)
        seen = {mixture.plain(next(trained).prompt) for _ in range(2000)}
        assert not tested & seen


@pytest.mark.parametrize("member", box.MEMBERS)
def test_scores_other_than_of_code_follow_from_the_text(member: str) -> None:
    for row in EVERY_ROW:
        if row["check"] != "python":
            answer = row["answers"][f"box/{member}"]
            right = grade.is_right(row["check"], row["reference"], [], answer["text"])
            assert answer["score"] == right, row["id"]
