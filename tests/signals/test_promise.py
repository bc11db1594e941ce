from pathlib import Path

import pytest

from homeward.errors import ConfigError
from homeward.signals.promise import Part, read
from tests.signals.promises import promise


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    made = promise(0.1 + 0.2, by="task", groups={"code": Part(None, 90)}, shared=("", "chat"))
    made.write(tmp_path / "new" / "p.json")
    assert read(tmp_path / "new" / "p.json") == made


def test_nothing_but_the_promise_is_left_in_its_folder(tmp_path: Path) -> None:
    for _ in range(2):
        promise().write(tmp_path / "p.json")
    assert [path.name for path in tmp_path.iterdir()] == ["p.json"]


def test_a_promise_that_is_not_there_says_how_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"homeward calibrate .*--out"):
        read(tmp_path / "p.json")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        f'{{"a": {"[" * 100_000}',
        '{"target": 2, "confidence": 0.9, "rest": {"threshold": 1, "rows": 1}}',
    ],
)
def test_a_file_that_is_no_promise_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(ConfigError, match=r"is no promise .*calibrate anew"):
        read(tmp_path / "p.json")


def test_a_promise_of_another_version_is_not_believed(tmp_path: Path) -> None:
    promise().write(tmp_path / "p.json")
    text = (tmp_path / "p.json").read_text()
    (tmp_path / "p.json").write_text(text.replace('"version": 1', '"version": 2'))
    with pytest.raises(ConfigError, match="version"):
        read(tmp_path / "p.json")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        promise().write(tmp_path / "file" / "p.json")


def test_without_groups_every_question_is_of_the_rest() -> None:
    made = promise()
    assert made.part("code") is made.part(None) is made.rest


def test_a_group_has_its_own_part_a_small_one_the_rests_and_a_new_one_none() -> None:
    code = Part(0.9, 200)
    made = promise(by="task", groups={"code": code}, shared=("chat",))
    assert made.part("code") is code
    assert made.part("chat") is made.rest
    assert made.part("translation") is None
    assert made.part(None) is None


@pytest.mark.parametrize(
    ("target", "words"),
    [(0.95, "right 95 in 100"), (0.9, "right 90 in 100"), (0.995, "right 995 in 1000")],
)
def test_the_target_in_words(target: float, words: str) -> None:
    made = promise()
    assert type(made)(target, 0.9, made.rest, made.date).words == words
