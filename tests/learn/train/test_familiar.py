import numpy as np
import pytest

from homeward.learn.train.familiar import MOST, familiar
from homeward.signals.learned.familiar import Familiar
from homeward.signals.learned.reader import Reader, fitted
from tests.learn.train.drawn import ELSEWHERE, prompt, rows


def of(texts: list[str]) -> tuple[Familiar, Reader]:
    reader = fitted(texts)
    return familiar([reader.read(text) for text in texts], texts, reader), reader


def test_levels_are_quantiles_of_four_likenesses() -> None:
    found, _ = of([row.prompt for row in rows(100)])
    assert found.levels.shape == (4, 201)
    assert (np.diff(found.levels, axis=1) >= 0).all()


def test_a_text_is_not_compared_with_itself() -> None:
    texts = [row.prompt for row in rows(100)]
    found, reader = of([*texts, ELSEWHERE])
    nearest = found.measure(reader.read(ELSEWHERE))[0]
    assert found.levels[0][0] < nearest


def test_only_so_many_vectors_are_kept() -> None:
    found, _ = of([f"{row.prompt} {place}" for place, row in enumerate(rows(100) * 21)])
    assert len(found.vectors) <= MOST


@pytest.mark.parametrize("text", ["", "zzqa", prompt()], ids=["empty", "unknown", "known"])
def test_texts_that_are_all_the_same_know_themselves_alone(text: str) -> None:
    found, reader = of([text] * 30)
    assert found.likeness(reader.read(text)) >= found.least
    assert found.likeness(reader.read(ELSEWHERE)) < found.least
