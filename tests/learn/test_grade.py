import os
import time

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


def passes(text: str, *tests: str) -> bool:
    return grade(Row("p", check="python", tests=tests), said(text)) == 1.0


DOUBLES = "assert f(3) == 6"


def test_code_is_run_against_its_tests() -> None:
    assert passes("def twice(n):\n    return n * 2", DOUBLES, "assert f(0) == 0")
    assert not passes("def twice(n):\n    return n + 3", DOUBLES, "assert f(0) == 0")


def test_the_last_function_is_f_and_may_call_the_others() -> None:
    assert passes(
        "def add(a, b):\n    return a + b\n\ndef twice(n):\n    return add(n, n)", DOUBLES
    )


def test_code_may_stand_in_a_fence_among_words() -> None:
    assert passes("Sure:\n```python\ndef g(n):\n    return 2 * n\n```\nHope it helps!", DOUBLES)
    assert passes("```\nimport math\ndef g(n):\n    return math.prod((2, n))", DOUBLES)
    assert passes("Here it is:\ndef g(n):\n    return 2 * n", DOUBLES)


def test_what_is_no_code_is_wrong() -> None:
    assert not passes("Double it.", DOUBLES)
    assert not passes("def g(n:", DOUBLES)
    assert not passes("def g(n): return 2 * n")


def test_code_that_leaves_early_has_not_passed() -> None:
    assert not passes("import os\ndef g(n):\n    os._exit(0)", DOUBLES)


def test_code_sees_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    code = "import os\ndef g(n):\n    return 0 if 'OPENAI_API_KEY' in os.environ else 2 * n"
    assert passes(code, DOUBLES)


def test_code_that_does_not_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homeward.learn.grade.RUN_SECONDS", 1)
    began = time.monotonic()
    assert not passes("def g(n):\n    while True: pass", DOUBLES)
    assert time.monotonic() - began < 5


@pytest.mark.skipif(os.name != "posix", reason="needs the module resource")
def test_code_cannot_take_all_the_memory() -> None:
    assert not passes("def g(n):\n    return len(bytearray(2**30)) and 2 * n", DOUBLES)
