"""Reader: a text as the numbers that a learned router works on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from homeward.signals.text.surface import surface
from homeward.signals.text.vectors import vector
from homeward.signals.text.words import ends, terms, words

Numbers = NDArray[np.float32]
LEAST = 2
"""Texts that a term must stand in to be counted."""
FAR = 4.0  # standard deviations at which a surface feature is cut


class Features(NamedTuple):
    """One text. ``columns`` and ``values`` are its known terms: TF-IDF, of length 1.

    ``surface`` is standardised, of shape ``(11,)``; ``vector`` has shape ``(128,)``; ``share`` is
    how much of the text, by rarity of its words, the reader knows, from 0 to 1.
    """

    columns: NDArray[np.int64]
    values: Numbers
    surface: Numbers
    vector: Numbers
    share: float


@dataclass(frozen=True)
class Reader:
    """``rarity`` is the inverse document frequency of each term, shape ``(v,)``."""

    vocabulary: Mapping[str, int]
    rarity: Numbers
    mean: Numbers
    scale: Numbers

    def read(self, text: str) -> Features:
        found = words(ends(text))
        counts = Counter(terms(found))
        places = list(map(self.vocabulary.get, counts))
        columns = np.array([place for place in places if place is not None], np.int64)
        often = [n for place, n in zip(places, counts.values(), strict=True) if place is not None]
        values = (1 + np.log(np.array(often, np.float32))) * self.rarity[columns]
        length = float(np.sqrt(values @ values))
        measured = (np.array(surface(text), np.float32) - self.mean) / self.scale
        single = sum([word in self.vocabulary or word.isdigit() for word in found])
        return Features(
            columns,
            np.asarray(values / length if length else values, np.float32),
            np.clip(measured, -FAR, FAR),
            vector(found),
            single / max(len(found), 1),
        )


def fitted(texts: Sequence[str]) -> Reader:
    """A reader that knows the terms which stand in at least `LEAST` of the texts."""
    seen: Counter[str] = Counter()
    for text in texts:
        seen.update(set(terms(words(ends(text)))))
    kept = sorted(term for term, count in seen.items() if count >= LEAST)
    counts = np.array([seen[term] for term in kept], np.float32)
    measured = np.array([surface(text) for text in texts], np.float32)
    scale = measured.std(axis=0)
    return Reader(
        {term: place for place, term in enumerate(kept)},
        np.asarray(1 + np.log((1 + len(texts)) / (1 + counts)), np.float32),
        measured.mean(axis=0),
        np.where(scale > 1e-6, scale, 1).astype(np.float32),  # the rest is rounding
    )
