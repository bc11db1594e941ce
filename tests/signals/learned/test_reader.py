import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from homeward.signals.learned.reader import FAR, fitted
from homeward.signals.text.words import ends, terms, words

TEXTS = ["red boat", "red bread", "red boat 12", "blue bread?", ""]
READER = fitted(TEXTS)


def test_a_term_of_one_text_alone_is_not_kept() -> None:
    assert "boat" in READER.vocabulary
    assert "blue" not in READER.vocabulary


@pytest.mark.parametrize("text", TEXTS)
def test_values_are_the_tf_idf_of_scikit_learn(text: str) -> None:
    theirs = TfidfVectorizer(
        analyzer=lambda t: terms(words(ends(t))), min_df=2, sublinear_tf=True
    ).fit(TEXTS)
    wanted = theirs.transform([text]).toarray()[0]
    read = READER.read(text)
    mine = np.zeros(len(READER.vocabulary))
    mine[read.columns] = read.values
    place = [READER.vocabulary[term] for term in theirs.get_feature_names_out()]
    assert mine[place] == pytest.approx(wanted, abs=1e-6)


def test_terms_have_the_same_places_in_every_order_of_the_texts() -> None:
    assert fitted(TEXTS[::-1]).vocabulary == READER.vocabulary


def test_surface_is_standardised_on_the_texts() -> None:
    values = np.array([READER.read(text).surface for text in TEXTS])
    assert values.mean(axis=0) == pytest.approx(np.zeros(11), abs=1e-5)


def test_surface_is_cut_far_from_the_texts() -> None:
    read = READER.read("What?! " * 10_000)
    assert float(np.abs(read.surface).max()) == FAR


def test_share_is_how_many_words_are_known() -> None:
    assert READER.read("red boat zebra").share == pytest.approx(2 / 3)


def test_a_text_of_unknown_words_alone_has_no_terms() -> None:
    read = READER.read("zebra giraffe")
    assert (len(read.columns), len(read.values), read.share) == (0, 0, 0)


@given(st.text())
def test_every_text_can_be_read(text: str) -> None:
    read = READER.read(text)
    for numbers in (read.values, read.surface, read.vector):
        assert np.isfinite(numbers).all()
    assert 0 <= read.share <= 1


def test_a_text_of_a_megabyte_is_read_as_its_two_ends() -> None:
    read = READER.read("red boat " + "x" * 1_000_000 + " blue bread")
    known = {term for term, place in READER.vocabulary.items() if place in read.columns}
    assert {"red", "boat", "bread"} <= known


def test_what_is_the_same_in_all_texts_counts_in_its_own_unit() -> None:
    same = fitted(["red boat"] * 7)
    assert not same.read("red boat").surface.any()
    assert same.read("red boat?").surface[9] == 1
