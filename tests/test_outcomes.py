from pathlib import Path

import pytest

from homeward import outcomes
from homeward.errors import ConfigError
from tests.learn.tables import SUM, table


def test_reads_gzipped_and_plain_tables_alike(tmp_path: Path) -> None:
    zipped = list(outcomes.read(table(tmp_path)))
    assert zipped == list(outcomes.read(table(tmp_path, name="t.jsonl")))
    assert [row.id for row in zipped] == ["sum", "capital"]


def test_gzip_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    zipped = table(tmp_path)
    renamed = zipped.rename(tmp_path / "t.jsonl")
    assert len(list(outcomes.read(renamed))) == 2


def test_fields_that_are_not_read_are_allowed(tmp_path: Path) -> None:
    [row] = outcomes.read(table(tmp_path, [{"prompt": "p", "kind": "story", "source": 7}]))
    assert row == outcomes.Row("p", id="line 1")


def test_empty_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"prompt": "a"}\n\n{"prompt": "b"}\n')
    assert [row.prompt for row in outcomes.read(path)] == ["a", "b"]


def test_rows_before_a_wrong_line_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"prompt": "a"}\n{"prompt": \n')
    rows = outcomes.read(path)
    assert next(rows).prompt == "a"
    with pytest.raises(ConfigError, match="line 2 of"):
        next(rows)


@pytest.mark.parametrize("line", [b'{"prompt": "\xff"}', b'{"prompt": "a", "x": ' + b"[" * 100_000])
def test_a_line_that_no_reader_can_take_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(line)
    with pytest.raises(ConfigError, match="line 1 of"):
        list(outcomes.read(path))


def test_a_line_with_a_wrong_type_names_the_field(tmp_path: Path) -> None:
    wrong = {**SUM, "answers": {"small": {"score": "high"}}}
    with pytest.raises(ConfigError, match=r"line 1 of .*answers.*score"):
        list(outcomes.read(table(tmp_path, [wrong])))


def test_a_cut_file_says_so(tmp_path: Path) -> None:
    path = table(tmp_path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ConfigError, match="damaged"):
        list(outcomes.read(path))


def test_a_missing_file_says_which_path_to_check(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no outcome table at .*nowhere.*; check its path"):
        list(outcomes.read(tmp_path / "nowhere.jsonl"))


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        list(outcomes.read(tmp_path))


def test_a_row_without_an_id_is_called_by_its_line(tmp_path: Path) -> None:
    rows = outcomes.read(table(tmp_path, [{"prompt": "a", "id": "x"}, {"prompt": "a"}]))
    assert [row.id for row in rows] == ["x", "line 2"]


def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"prompt": "a"}\n', encoding="utf-8-sig")
    assert [row.prompt for row in outcomes.read(path)] == ["a"]


@pytest.mark.parametrize("wrong", [{"score": 5}, {"score": -0.1}, {"score": 1, "cost_usd": -1}])
def test_a_number_that_cannot_be_is_no_outcome(wrong: dict[str, float], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"line 1 of .* - at"):
        list(outcomes.read(table(tmp_path, [{"prompt": "p", "answers": {"m": wrong}}])))


def test_a_line_that_is_no_json_is_told_with_a_row_that_is(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("prompt,answer\na,b\n")
    with pytest.raises(ConfigError, match=r'line 1 of .*; a row is {"prompt": "...", "answers"'):
        list(outcomes.read(path))


@pytest.mark.parametrize("meant", ["Smal", "SMALL", "small-instruct"])
def test_the_nearest_model_is_offered_for_one_that_no_row_has(meant: str) -> None:
    row = outcomes.Row("?", answers={name: outcomes.RecordedAnswer(1) for name in ("xx", "Small")})
    with pytest.raises(ConfigError, match="did you mean 'Small'"):
        outcomes.insist([row], [meant])


def test_rows_without_answers_are_told_with_a_row_that_has_some() -> None:
    with pytest.raises(ConfigError, match=r'a row is {"prompt"'):
        outcomes.insist([outcomes.Row("?")], ["small"])
