import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.signals.text.words import ends, terms, words


def test_words_numbers_and_signs_are_told_apart_in_lower_case() -> None:
    assert words("Add 12,5 to X_1!") == ["add", "12", ",", "5", "to", "x", "1", "!"]


def test_words_of_every_script_are_words() -> None:
    assert words("Grüße, 世界 и мир") == ["grüße", ",", "世界", "и", "мир"]


@pytest.mark.parametrize("text", ["", " \n\t ", "___"])
def test_a_text_of_nothing_has_no_words(text: str) -> None:
    assert words(text) == []


def test_pairs_of_neighbours_are_terms() -> None:
    assert "red house" in terms(["the", "red", "house"])


def test_the_beginning_of_a_long_word_is_a_term() -> None:
    assert "~trans" in terms(["translation"])
    assert "~trans" not in terms(["trans"])


def test_a_number_is_its_length_in_words_and_pairs_and_itself_once() -> None:
    assert list(terms(["year", "1987"])) == ["year", "####", "year ####", "=1987"]


def test_a_number_is_no_longer_than_four_digits() -> None:
    assert list(terms(["123456789"])) == ["####", "=123456789"]


def test_a_short_text_is_read_whole() -> None:
    assert ends("a b c") == "a b c"


def test_of_a_long_text_both_ends_are_read() -> None:
    read = ends("first " + "x" * 1_000_000 + " last")
    assert read.startswith("first")
    assert read.endswith("last")
    assert len(read) < 10_000


@given(st.text())
def test_every_term_can_be_stored_on_a_line_of_its_own(text: str) -> None:
    assert not any("\n" in term or not term for term in terms(words(text)))
