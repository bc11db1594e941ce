import pytest

from homeward.errors import ConfigError
from homeward.learn.grade import grade
from homeward.model import Answer, Finish, Text
from homeward.outcomes import Check, RecordedAnswer, Row


def said(text: str, model: str = "m") -> Answer:
    return Answer((Text(text), Finish(model=model)))


def right(text: str, reference: str, check: Check | None = None) -> bool:
    return grade(Row("p", reference=reference, check=check), said(text)) == 1.0


RECORDED = Row("p", reference="42", answers={"m": RecordedAnswer(0.25, text="42")})


def test_a_recorded_answer_keeps_its_recorded_score() -> None:
    assert grade(RECORDED, said("42")) == 0.25


def test_an_answer_in_another_voice_is_graded_by_the_reference() -> None:
    assert grade(RECORDED, said("42", model="other")) == 1.0


def test_changed_words_are_graded_by_the_reference() -> None:
    assert grade(RECORDED, said("It is 42.")) == 1.0
    assert grade(RECORDED, said("It is 41.")) == 0.0


def test_a_row_without_reference_and_recording_says_what_it_lacks() -> None:
    with pytest.raises(ConfigError, match="reference"):
        grade(Row("p", id="row-3"), said("42"))


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("17 + 25 = 42", "42"),
        ("It costs $65,960.00 in all.", "# 65,960"),
        ('{"reasoning": "9 eggs * $2", "answer": "18"}', "# 18"),
        ("a loss of -3", "-3"),
        ("a loss of −3", "-3"),
        ("from 3-5", "5"),
        ("1/2 of it", "0.5"),
        (".5", "0.5"),
    ],
)
def test_a_number_may_be_written_in_many_ways(text: str, reference: str) -> None:
    assert right(text, reference)
    assert right(text, reference, "number")


@pytest.mark.parametrize("text", ["41", "42.01", "no idea", "42 is not 43", "1/0", ""])
def test_another_number_is_wrong(text: str) -> None:
    assert not right(text, "# 42")


@pytest.mark.parametrize(
    "text", ["Paris", "paris.", "The capital is “Paris”.", "Let me think.\n\n**Paris**\n"]
)
def test_a_line_may_end_with_the_reference(text: str) -> None:
    assert right(text, "Paris", "line")


@pytest.mark.parametrize("text", ["Comparis", "Paris, Texas", "Paris\nor Lyon", ""])
def test_a_line_that_ends_otherwise_is_wrong(text: str) -> None:
    assert not right(text, "Paris", "line")


@pytest.mark.parametrize("text", ["B", "b", "(B)", "The answer is (B).", "B. Paris"])
def test_a_choice_is_told_by_its_letter(text: str) -> None:
    assert right(text, "B")


@pytest.mark.parametrize("text", ["A", "Bananas", ""])
def test_another_choice_is_wrong(text: str) -> None:
    assert not right(text, "B")


def test_other_references_are_compared_as_words() -> None:
    assert right("  'Hello   World' ", "hello world")
    assert not right("hello worlds", "hello world")


@pytest.mark.parametrize(
    "text", ["I don't know.", "I don’t know that.", "Sorry, I cannot answer this question."]
)
def test_a_refusal_says_that_it_does_not_know(text: str) -> None:
    assert right(text, "", "refusal")


@pytest.mark.parametrize("text", ["Paris.", "You know that I can.", ""])
def test_an_answer_is_no_refusal(text: str) -> None:
    assert not right(text, "", "refusal")


def test_code_is_run_against_the_tests_of_its_row() -> None:
    row = Row("p", check="python", tests=("assert f(3) == 6",))
    assert grade(row, said("def twice(n):\n    return n * 2")) == 1.0
    assert grade(row, said("def twice(n):\n    return n + 2")) == 0.0
