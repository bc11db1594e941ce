import numpy as np
import pytest

from homeward.signals.text.vectors import DIMENSIONS, vector
from homeward.signals.text.words import words


def likeness(a: str, b: str) -> float:
    return float(vector(words(a)) @ vector(words(b)))


def test_a_vector_has_length_one() -> None:
    found = vector(words("the cat sat on the mat"))
    assert found.shape == (DIMENSIONS,)
    assert found.dtype == np.float32
    assert float(np.linalg.norm(found)) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("text", ["", "zzqxv qqqqzz", "\N{SNOWMAN}"])
def test_a_text_without_a_known_word_is_zeros(text: str) -> None:
    assert not vector(words(text)).any()


def test_what_means_nearly_the_same_lies_nearer() -> None:
    near = likeness("bake the bread in the oven", "cook a cake")
    assert near > likeness("bake the bread in the oven", "the stock market crash")


def test_the_order_of_words_does_not_count() -> None:
    assert likeness("cake bread", "bread cake") == pytest.approx(1, abs=1e-5)


def test_unknown_words_beside_known_ones_do_not_count() -> None:
    assert likeness("bread zzqxv", "bread") == pytest.approx(1, abs=1e-5)
