"""The forms that people write, as they stand in the documentation, each asked a question."""

import json
from pathlib import Path

import pytest

from homeward.config import parse
from tests.contract import said

LEAVES = {
    "a": {"scripted": {"says": "It is 42."}},
    "b": {"scripted": {"says": "41"}},
    "c": {"scripted": {"says": "6 * 7 = 42"}},
}


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ("{fallback: [a, b]}", "It is 42."),
        ("{hedge: {models: [a, b], after: 2s}}", "It is 42."),
        ("{router: {by: task, code: a, else: b}}", "41"),
        ("{router: {by: {complexity: {simple: 0.9}}, simple: c, else: b}}", "6 * 7 = 42"),
        ("{ensemble: {models: [a, b, c], merge: {vote: {type: number}}}}", "It is 42."),
        ("{ensemble: {models: [b, a], merge: weighted}}", "41"),
        ("{ensemble: {models: [a, b], merge: concat}}", "## a\n\nIt is 42.\n\n## b\n\n41\n"),
        ("{ensemble: {models: [a, b], merge: {fuse: {judge: c}}}}", "6 * 7 = 42"),
        ("{ensemble: {models: [b, a], merge: {rank: {judge: c}}}}", "41"),
        (
            "{cascade: {drafts: [a], final: b, accept: {agreement: {with: c, type: number}}}}",
            "It is 42.",
        ),
        (
            "{cascade: {drafts: [b], final: c, accept: {agreement: {with: a, type: number}}}}",
            "6 * 7 = 42",
        ),
    ],
)
async def test_a_form_answers_as_it_is_written(form: str, answer: str) -> None:
    async with parse(f"models: {{it: {form}, {json.dumps(LEAVES)[1:-1]}}}").open() as models:
        assert await said(models["it"]) == answer


async def test_a_table_plays_back(tmp_path: Path) -> None:
    row = {"prompt": "hello", "answers": {"NAME": {"score": 1, "text": "hi"}}}
    (tmp_path / "t.jsonl").write_text(json.dumps(row))
    file = "models: {it: {recorded: {table: t.jsonl, model: NAME}}}"
    async with parse(file, base=tmp_path).open() as models:
        assert await said(models["it"]) == "hi"


async def test_a_vote_on_code_takes_its_tests() -> None:
    file = """
    models:
      a: {scripted: {says: "def f(x): return x + 3"}}
      b: {scripted: {says: "def g(x): return 2 * x"}}
      it: {ensemble: {models: [a, b], merge: {vote: {type: {code: {tests: ["assert f(4) == 8"]}}}}}}
    """
    async with parse(file).open() as models:
        assert await said(models["it"]) == "def g(x): return 2 * x"
