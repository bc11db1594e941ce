"""What a router was trained on, so that it can tell what it was not."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from homeward.signals.learned.familiar import STEPS, Familiar
from homeward.signals.learned.reader import LEAST, Features, Reader
from homeward.signals.text.words import ends, words

MOST = 2_000
"""Texts whose vectors are kept: enough to find near ones, and quick to look through."""
COMMON = 0.5
"""The share of texts that a common term is in."""


def familiar(read: Sequence[Features], texts: Sequence[str], reader: Reader) -> Familiar:
    """Levels come from texts that are compared with the others only."""
    step = -(-len(read) // MOST)
    vectors = np.array([row.vector for row in read[::step]], np.float32)
    surfaces = np.array([row.surface for row in read], np.float64)
    spread = np.cov(surfaces.T) + 0.05 * np.eye(surfaces.shape[1])
    counts = np.bincount(
        np.concatenate([row.columns for row in read]), minlength=len(reader.vocabulary)
    )
    share = (counts + 0.5) / (len(read) + 1)
    common = share >= COMMON
    odds = np.log(share) - np.log(1 - share)

    whole = Familiar(
        vectors,
        surfaces.mean(axis=0).astype(np.float32),
        np.linalg.inv(spread).astype(np.float32),
        np.where(common, odds, 0.0).astype(np.float32),
        float(np.log(1 - share[common]).sum()),
        np.zeros((4, STEPS + 1), np.float32),
    )
    kept = [
        row._replace(share=_known_to_others(text, reader, counts))
        for row, text in zip(read[::step], texts[::step], strict=True)
    ]
    measured = [
        replace(whole, vectors=np.delete(vectors, place, axis=0)).measure(row)
        for place, row in enumerate(kept)
    ]
    levels = np.quantile(np.array(measured), np.linspace(0, 1, STEPS + 1), axis=0).T
    return replace(whole, levels=levels.astype(np.float32))


def _known_to_others(text: str, reader: Reader, counts: NDArray[np.int64]) -> float:
    """`Features.share`, as a reader has it that was not fitted on this text."""
    found = words(ends(text))
    places = [reader.vocabulary.get(word) for word in found]
    known = sum(
        word.isdigit() or (place is not None and int(counts[place]) > LEAST)
        for word, place in zip(found, places, strict=True)
    )
    return known / max(len(found), 1)
