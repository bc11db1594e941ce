from importlib import import_module

import pytest

grade = import_module("grade")

DOUBLE = "def double(x):\n    return x * 2"


@pytest.mark.parametrize(
    ("check", "reference", "text"),
    [
        ("number", "83", "5+8+0=13\n45 + 38 = 83"),
        ("number", "-7", "47-40: 7-0-0=7\n40 - 47 = -7"),
        ("number", "1023", "It is 1,023."),
        ("line", "Paris", "The capital of France is Paris."),
        ("line", "Mexico City", "The capital of Mexico is Mexico City."),
        ("line", "tac", "c a t\ntac"),
        ("line", "tac", '"tac"\n\n'),
        ("line", "bob@example.com", "bob@example.com"),
        ("refusal", "", "I don't know."),
    ],
)
def test_a_right_answer_is_right(check: str, reference: str, text: str) -> None:
    assert grade.is_right(check, reference, [], text)


@pytest.mark.parametrize(
    ("check", "reference", "text"),
    [
        ("number", "83", "45 + 38 = 84"),
        ("number", "83", "I don't know."),
        ("number", "7", "40 - 47 = -7"),
        ("line", "Paris", "Paris is the capital of Germany."),
        ("line", "Paris", "The capital of France is paris."),
        ("line", "on", "Lemon"),
        ("line", "tac", ""),
        ("refusal", "", "I don't know, Paris?"),
    ],
)
def test_a_wrong_answer_is_wrong(check: str, reference: str, text: str) -> None:
    assert not grade.is_right(check, reference, [], text)


def test_an_unknown_check_is_an_error() -> None:
    with pytest.raises(ValueError, match="no check called 'taste'"):
        grade.is_right("taste", "", [], "")


def test_code_may_call_its_function_whatever_it_likes() -> None:
    assert grade.passes(DOUBLE, ["assert f(2) == 4"])


def test_the_last_function_is_the_one_that_counts() -> None:
    assert grade.passes("def one(x):\n    return 1\n\n" + DOUBLE, ["assert f(2) == 4"])


@pytest.mark.parametrize(
    "text", ["", "I don't know.", "x = 1", "def f(x) return", DOUBLE + "\n1/0"]
)
def test_what_defines_no_function_or_fails_does_not_pass(text: str) -> None:
    assert not grade.passes(text, ["assert f(2) == 4"])


def test_code_that_never_ends_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grade, "TIME_LIMIT", 0.3)
    assert not grade.passes("def f(x):\n    while True:\n        pass", ["assert f(1) == 1"])


def test_a_refusal_has_no_gist_and_abstains() -> None:
    assert grade.gist("line", "I don't know.") is None


def test_two_ways_to_the_same_number_agree() -> None:
    assert grade.gist("number", "2 + 2 = 4") == grade.gist("number", "4")


def test_code_agrees_whatever_its_spaces() -> None:
    assert grade.gist("python", DOUBLE) == grade.gist("python", DOUBLE.replace(" * ", "*"))
