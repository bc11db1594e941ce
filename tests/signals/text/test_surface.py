import math

from hypothesis import given
from hypothesis import strategies as st

from homeward.signals.text.surface import NAMES, surface


def named(text: str) -> dict[str, float]:
    return dict(zip(NAMES, surface(text), strict=True))


def test_what_is_counted_has_its_name() -> None:
    found = named("Is 12 + 3.5\nmore than 15? Is it?")
    assert found["words"] == math.log1p(9)
    assert found["numbers"] == math.log1p(3)
    assert found["questions"] == 2
    assert found["lines"] == 1
    assert found["signs"] == math.log1p(1)


def test_shares_are_of_the_words_and_characters() -> None:
    found = named("The Cat sat 42")
    assert found["capitals"] == 2 / 4
    assert found["digits"] == 2 / 14
    assert found["variety"] == 1


def test_an_empty_text_is_all_zeros() -> None:
    assert set(surface("")) == {0.0}


@given(st.text())
def test_every_number_is_finite_whatever_the_text(text: str) -> None:
    assert all(math.isfinite(value) for value in surface(text))


def test_a_text_of_a_megabyte_is_measured_as_long_as_it_is() -> None:
    found = named("word " * 200_000)
    assert found["characters"] == math.log1p(1_000_000)
    assert abs(math.expm1(found["words"]) / 200_000 - 1) < 0.01
