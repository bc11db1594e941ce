import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.model import Request
from homeward.signals import task_model
from homeward.signals.task import CLUES, Task, rules
from homeward.signals.task_model import packed, probabilities, shipped

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parent / "task_prompts.jsonl").read_text().splitlines()
]


@given(st.text())
def test_shares_add_up_to_one(text: str) -> None:
    shares = probabilities(text.lower())
    assert sum(shares.values()) == pytest.approx(1)
    assert all(share >= 0 for share in shares.values())


def test_it_knows_the_tasks_of_the_rules_and_two_more() -> None:
    assert set(shipped().tasks) == {*CLUES, "reasoning", "planning"}


def test_the_file_is_small_and_comes_back_as_it_was() -> None:
    path = Path(task_model.__file__).with_name("task_model.json")
    assert path.stat().st_size < 300_000
    assert packed(shipped()) == path.read_text()


def test_there_are_prompts_of_every_task() -> None:
    assert len(ROWS) > 150
    assert {row["label"] for row in ROWS} == set(shipped().tasks)


async def test_it_is_much_better_than_the_rules_on_prompts_it_was_not_made_from() -> None:
    by_rules, right = 0, 0
    for row in ROWS:
        evidence = rules(row["prompt"].strip().lower())
        by_rules += max(evidence, key=evidence.__getitem__, default="chat") == row["label"]
        right += (await Task()(Request.of(row["prompt"]))).label == row["label"]
    assert by_rules / len(ROWS) < 0.3
    assert right / len(ROWS) > 0.85


@pytest.mark.parametrize(
    ("prompt", "label"),
    [
        ("Fasse diesen Artikel in drei Sätzen zusammen.", "summary"),
        ("Écris un poème sur la mer.", "creative"),
        ("Traduce este texto al inglés", "translation"),
        ("If all wugs are daxes and no dax is a zab, can a wug be a zab?", "reasoning"),
        ("Plan a weekend in Vienna with two kids.", "planning"),
    ],
)
async def test_it_knows_what_no_rule_does(prompt: str, label: str) -> None:
    assert (await Task()(Request.of(prompt))).label == label
