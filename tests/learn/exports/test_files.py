"""Each form, as the tool that reads it wants it."""

import gzip
import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from homeward import outcomes
from homeward.errors import ConfigError
from homeward.learn.exports import inspect_ai, lm_eval, promptfoo, tables, writing
from homeward.model import ImagePart, Message, TextPart, ToolCall
from homeward.outcomes import Given, RecordedAnswer, Row

PLAIN = Row(
    "Capital of France?",
    id="a",
    group="question",
    answers={
        "small": RecordedAnswer(0.25, "Lyon"),
        "large": RecordedAnswer(1.0, "Paris"),
        "other": RecordedAnswer(None, "Nice"),
    },
    conversation="c1",
    given=Given("auto", "large", score=1.0),
)
REFERENCED = Row("17 + 25?", id="b", reference="# 42")
TURNS = Row(
    "and now?",
    id="c",
    messages=(
        Message("developer", "be brief"),
        Message("user", (TextPart("hello "), TextPart("there"))),
        Message("assistant", "hi"),
        Message("user", "and now?"),
    ),
)
SEEN = Row("p", id="d", messages=(Message("user", (ImagePart("data:,"),)),))
CALLED = Row("p", id="e", messages=(Message("assistant", tool_calls=(ToolCall(name="f"),)),))
ROWS = [PLAIN, REFERENCED, TURNS, SEEN, CALLED]


def read(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


# ---------------------------------------------------------------- all of them


@pytest.mark.parametrize("form", [tables, promptfoo, inspect_ai, lm_eval])
class TestEachForm:
    def test_every_row_is_written_or_counted(self, form: Any, tmp_path: Path) -> None:
        written = form.export(ROWS, tmp_path / "it.jsonl")
        assert written.rows + sum(written.left_out.values()) == len(ROWS)
        assert len((tmp_path / "it.jsonl").read_text().splitlines()) == written.rows

    def test_no_file_is_written_over(self, form: Any, tmp_path: Path) -> None:
        (tmp_path / "it.jsonl").write_text("mine")
        with pytest.raises(ConfigError, match="there already"):
            form.export(ROWS, tmp_path / "it.jsonl")
        assert (tmp_path / "it.jsonl").read_text() == "mine"

    def test_only_its_owner_can_read_it(self, form: Any, tmp_path: Path) -> None:
        written = form.export(ROWS, tmp_path / "it.jsonl")
        assert {stat.S_IMODE(Path(file).stat().st_mode) for file in written.files} == {0o600}

    def test_nothing_else_is_left(self, form: Any, tmp_path: Path) -> None:
        written = form.export(ROWS, tmp_path / "it.jsonl")
        assert {str(path) for path in tmp_path.iterdir()} == set(written.files)

    def test_no_rows_make_an_empty_file(self, form: Any, tmp_path: Path) -> None:
        assert form.export([], tmp_path / "it.jsonl").rows == 0


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be written"):
        tables.export(ROWS, tmp_path / "file" / "it.jsonl")


# ---------------------------------------------------------------- outcomes


@pytest.mark.parametrize("name", ["it.jsonl", "it.jsonl.gz"])
def test_a_table_is_read_as_it_was_written(name: str, tmp_path: Path) -> None:
    tables.export(ROWS, tmp_path / name)
    assert list(outcomes.read(tmp_path / name)) == ROWS


def test_a_table_is_zipped_where_its_name_says_so(tmp_path: Path) -> None:
    tables.export(ROWS, tmp_path / "it.jsonl.gz")
    assert gzip.decompress((tmp_path / "it.jsonl.gz").read_bytes()).count(b"\n") == len(ROWS)


# ---------------------------------------------------------------- what is right


def test_the_reference_is_what_is_right() -> None:
    assert writing.target(REFERENCED) == ("42", "reference")


def test_without_one_it_is_the_answer_with_the_best_grade() -> None:
    assert writing.target(PLAIN) == ("Paris", "graded answer of large")


@pytest.mark.parametrize("score", [None, 0.0, 0.5])
def test_an_answer_that_is_not_good_is_not_right(score: float | None) -> None:
    assert writing.target(Row("p", answers={"m": RecordedAnswer(score, "x")})) is None


# ---------------------------------------------------------------- Inspect


def test_a_sample_has_the_fields_that_inspect_reads(tmp_path: Path) -> None:
    inspect_ai.export([PLAIN], tmp_path / "it.jsonl")
    assert read(tmp_path / "it.jsonl") == [
        {
            "id": "a",
            "input": "Capital of France?",
            "target": "Paris",
            "metadata": {
                "group": "question",
                "conversation": "c1",
                "route": "auto",
                "model": "large",
                "target_from": "graded answer of large",
                "scores": {"small": 0.25, "large": 1.0},
            },
        }
    ]


def test_a_conversation_is_a_list_of_messages(tmp_path: Path) -> None:
    inspect_ai.export([TURNS], tmp_path / "it.jsonl")
    [sample] = read(tmp_path / "it.jsonl")
    assert [(each["role"], each["content"]) for each in sample["input"]] == [
        ("system", "be brief"),
        ("user", "hello there"),
        ("assistant", "hi"),
        ("user", "and now?"),
    ]
    assert sample["target"] == ""


def test_tools_and_images_are_left_out_and_counted(tmp_path: Path) -> None:
    written = inspect_ai.export(ROWS, tmp_path / "it.jsonl")
    assert written.left_out == {inspect_ai.NOT_WORDS: 2}


def test_inspect_itself_reads_it(tmp_path: Path) -> None:
    dataset = pytest.importorskip("inspect_ai.dataset")
    written = inspect_ai.export(ROWS, tmp_path / "it.jsonl")
    samples = list(dataset.json_dataset(written.files[0]))
    assert [sample.id for sample in samples] == ["a", "b", "c"]
    assert [sample.target for sample in samples] == ["Paris", "42", ""]
    assert samples[2].input[0].role == "system"
    assert samples[0].metadata["group"] == "question"


# ---------------------------------------------------------------- promptfoo


def test_a_test_case_has_the_fields_that_promptfoo_reads(tmp_path: Path) -> None:
    promptfoo.export([REFERENCED], tmp_path / "it.jsonl")
    [test] = read(tmp_path / "it.jsonl")
    assert json.loads(test.pop("vars")["messages"]) == [{"role": "user", "content": "17 + 25?"}]
    assert test == {
        "metadata": {"id": "b", "target_from": "reference"},
        "assert": [{"type": "icontains", "value": "42"}],
    }


def test_a_letter_has_to_be_the_whole_answer(tmp_path: Path) -> None:
    promptfoo.export([Row("p", id="1", reference="B")], tmp_path / "it.jsonl")
    assert read(tmp_path / "it.jsonl")[0]["assert"] == [{"type": "equals", "value": "B"}]


def test_what_people_liked_is_no_assertion(tmp_path: Path) -> None:
    promptfoo.export([PLAIN], tmp_path / "it.jsonl")
    assert "assert" not in read(tmp_path / "it.jsonl")[0]


@pytest.mark.parametrize(
    "text",
    [
        "{{ range.constructor('return process')() }}",
        "{% include 'x' %}",
        "{# x #}",
        "a {{b}}",
    ],
)
def test_what_promptfoo_would_run_is_left_out_and_counted(text: str, tmp_path: Path) -> None:
    rows = [
        Row(text, id="1"),
        Row("p", id="2", reference=text),
        Row("p", id="3", group=text),
        Row("p", id="4"),
    ]
    written = promptfoo.export(rows, tmp_path / "it.jsonl")
    assert written.left_out == {promptfoo.A_PROGRAM: 3}
    assert [test["metadata"]["id"] for test in read(tmp_path / "it.jsonl")] == ["4"]


@pytest.mark.parametrize("text", ["file:///etc/passwd", "package:x:y"])
def test_what_promptfoo_would_load_is_left_out(text: str, tmp_path: Path) -> None:
    written = promptfoo.export([Row("p", id="1", reference=text)], tmp_path / "it.jsonl")
    assert written.rows == 0


# ---------------------------------------------------------------- lm-eval


def test_documents_have_texts_alone_in_the_same_fields(tmp_path: Path) -> None:
    lm_eval.export(ROWS, tmp_path / "mine.jsonl")
    documents = read(tmp_path / "mine.jsonl")
    assert [(each["prompt"], each["target"]) for each in documents] == [
        ("Capital of France?", "Paris"),
        ("17 + 25?", "42"),
    ]
    assert {tuple(each) for each in documents} == {
        ("id", "prompt", "target", "target_from", "group")
    }
    assert {type(value) for each in documents for value in each.values()} == {str}


def test_the_task_reads_the_file_beside_it(tmp_path: Path) -> None:
    written = lm_eval.export(ROWS, tmp_path / "mine.jsonl")
    assert written.files == (str(tmp_path / "mine.jsonl"), str(tmp_path / "mine.yaml"))
    task = yaml.safe_load((tmp_path / "mine.yaml").read_text())
    assert task["task"] == "mine"
    assert task["dataset_path"] == "json"
    assert task["dataset_kwargs"] == {"data_files": {"test": str(tmp_path / "mine.jsonl")}}
    assert task["test_split"] == "test"
    assert (task["doc_to_text"], task["doc_to_target"]) == ("{{prompt}}", "{{target}}")
    assert task["output_type"] == "generate_until"


def test_conversations_and_rows_without_a_target_are_left_out_and_counted(tmp_path: Path) -> None:
    written = lm_eval.export([*ROWS, Row("p", id="f")], tmp_path / "mine.jsonl")
    assert written.left_out == {lm_eval.MANY_TURNS: 3, lm_eval.NO_TARGET: 1}


def test_a_task_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("mine")
    with pytest.raises(ConfigError, match=r"mine\.yaml is there already"):
        lm_eval.export(ROWS, tmp_path / "mine.jsonl")
    assert not (tmp_path / "mine.jsonl").exists()


def test_its_loader_wants_a_name_that_it_knows(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"end with \.jsonl"):
        lm_eval.export(ROWS, tmp_path / "mine.jsonl.gz")
