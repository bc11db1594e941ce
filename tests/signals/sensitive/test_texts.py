import pytest

from homeward.signals.sensitivity import Sensitivity
from tests.signals.sensitive.texts import POSITIVE, PUBLIC, lines


@pytest.mark.parametrize(
    ("text", "label"), [(text, label) for label, block in POSITIVE.items() for text in lines(block)]
)
def test_what_is_sensitive_is_found(text: str, label: str) -> None:
    found = Sensitivity().find(text)
    assert found, text
    assert found[0].label == label


@pytest.mark.parametrize("text", lines(PUBLIC))
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert Sensitivity().find(text) == []


def test_a_number_is_counted_once() -> None:
    found = Sensitivity().find("IBAN DE89 3704 0044 0532 0130 00, card 4111 1111 1111 1111")
    assert sorted(one.kind for one in found) == ["card", "iban"]


def test_a_place_is_where_it_stands() -> None:
    text = "write to jane@example.com today"
    (found,) = Sensitivity().find(text)
    assert text[found.start : found.end] == "jane@example.com"


@pytest.mark.parametrize(
    ("number", "word"),
    [("111222333", "BSN"), ("44051401359", "PESEL"), ("943 476 5919", "NHS number")],
)
def test_digits_alone_are_an_id_only_where_a_word_says_so(number: str, word: str) -> None:
    assert Sensitivity().find(f"the value is {number}") == []
    assert [one.label for one in Sensitivity().find(f"{word} {number}")] == ["id"]


@pytest.mark.parametrize(
    "text",
    ["BSN 111222334", "4111 1111 1111 1112", "DE89 3704 0044 0532 0130 01", "ref 54362315L"],
)
def test_a_wrong_check_digit_is_no_number_of_somebody(text: str) -> None:
    assert Sensitivity().find(text) == []
