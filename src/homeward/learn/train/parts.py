"""Fitting the parts of a learned router: rows of features, outcomes in, plain arrays out."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from homeward.learn.train.design import Array, Design
from homeward.learn.train.logistic import Fit, logistic
from homeward.signals.learned.parts import SURFACE, Clusters, Factors, Groups, Linear, Neighbours
from homeward.signals.learned.reader import Features, Numbers

Places: TypeAlias = NDArray[np.int64]

CLUSTERS = 60
SHRINK = 5.0  # rows' worth of the mean of all, in each cluster
SHRINK_GROUP = 20.0
RANK = 16
RIDGE = 10.0
SHARPEST = (5.0, 10.0, 20.0, 40.0)
STEPS = 30


def design(rows: Sequence[Features], wide: int) -> Design:
    """Terms, and surface features beside them."""
    dense = SURFACE * np.array([row.surface for row in rows], np.float64)
    return Design.of([(row.columns, row.values) for row in rows], wide, dense)


def linear(of: Design, outcomes: Array, strengths: Sequence[float]) -> Linear:
    """One logistic regression for each column of ``outcomes`` ``(n, k)``; nan is left out."""
    fits = [one(of, outcomes[:, k], strength) for k, strength in enumerate(strengths)]
    weights = np.stack([fit.weights for fit in fits], axis=1).astype(np.float32)
    bias = np.array([fit.bias for fit in fits], np.float32)
    return Linear(weights[: of.wide], weights[of.wide :], bias)


def one(of: Design, outcome: Array, strength: float) -> Fit:
    there = np.flatnonzero(~np.isnan(outcome))
    return logistic(of[there], outcome[there], strength)


def means(outcomes: Array) -> Array:
    """Of each column; the mean of all where a column has none."""
    counts = (~np.isnan(outcomes)).sum(axis=0)
    sums = np.nansum(outcomes, axis=0)
    every = float(sums.sum() / max(int(counts.sum()), 1))
    return np.where(counts > 0, sums / np.maximum(counts, 1), every)


def groups(of: Design, vectors: Array, outcomes: Array, names: Sequence[str | None]) -> Groups:
    """Text-like groups by their mean; how sharply they differ is chosen on rows left out."""
    labels, inverse = np.unique([name or "" for name in names], return_inverse=True)
    place = inverse.astype(np.int64)
    half = np.arange(len(place)) % 2 == 0
    best = min(SHARPEST, key=lambda s: _surprise(of, vectors, place, len(labels), half, s))
    terms, vector, prior = _centres(of, vectors, place, len(labels), best)
    return Groups(terms, vector, prior, _shrunk(outcomes, place, len(labels), SHRINK_GROUP))


def _centres(
    of: Design, vectors: Array, place: Places, count: int, sharpness: float
) -> tuple[Numbers, Numbers, Numbers]:
    sizes = np.bincount(place, minlength=count)
    terms = np.zeros((count, of.wide))
    spread = np.repeat(place, np.diff(of.starts))
    np.add.at(terms, (spread, of.columns), of.values)
    vector = np.zeros((count, vectors.shape[1]))
    np.add.at(vector, place, vectors)
    for centres in (terms, vector):
        centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)
    prior = np.log((sizes + 1) / (sizes.sum() + count))
    return (
        (sharpness * terms.T).astype(np.float32),
        (0.5 * sharpness * vector.T).astype(np.float32),
        prior.astype(np.float32),
    )


def _surprise(
    of: Design, vectors: Array, place: Places, count: int, half: NDArray[np.bool_], sharpness: float
) -> float:
    fit, left = np.flatnonzero(half), np.flatnonzero(~half)
    terms, vector, prior = _centres(of[fit], vectors[fit], place[fit], count, sharpness)
    padded = np.concatenate([terms, np.zeros((of.dense.shape[1], count))]).astype(np.float64)
    z = of[left].times(padded) + vectors[left] @ vector + prior
    z = z - z.max(axis=1, keepdims=True)
    likely = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -float(likely[np.arange(len(left)), place[left]].mean())


def _shrunk(outcomes: Array, place: Places, count: int, weight: float) -> Numbers:
    """The mean outcome at each place, drawn towards that of all."""
    mean = means(outcomes)
    there = ~np.isnan(outcomes)
    sums, counts = np.zeros((count, outcomes.shape[1])), np.zeros((count, outcomes.shape[1]))
    np.add.at(sums, place, np.where(there, outcomes, 0))
    np.add.at(counts, place, there)
    return ((sums + weight * mean) / (counts + weight)).astype(np.float32)


def neighbours(vectors: Array, outcomes: Array) -> Neighbours:
    mean = means(outcomes)
    filled = np.where(np.isnan(outcomes), mean, outcomes)
    return Neighbours(
        vectors.astype(np.float32), filled.astype(np.float32), mean.astype(np.float32)
    )


def clusters(vectors: Array, outcomes: Array, seed: int) -> Clusters:
    """k-means (Lloyd) from k-means++ starts; fewer clusters where there are few rows."""
    rng = np.random.default_rng(seed)
    count = max(1, min(CLUSTERS, len(vectors) // 10))
    centres = vectors[[int(rng.integers(len(vectors)))]]
    nearest = ((vectors - centres[0]) ** 2).sum(axis=1)
    while len(centres) < count and nearest.sum() > 0:
        new = vectors[rng.choice(len(vectors), p=nearest / nearest.sum())]
        centres = np.vstack([centres, new])
        nearest = np.minimum(nearest, ((vectors - new) ** 2).sum(axis=1))
    for _ in range(STEPS):
        place = (vectors @ centres.T - 0.5 * (centres**2).sum(axis=1)).argmax(axis=1)
        sums = np.zeros_like(centres)
        np.add.at(sums, place, vectors)
        sizes = np.bincount(place, minlength=len(centres))[:, None]
        moved = np.where(sizes > 0, sums / np.maximum(sizes, 1), centres)
        if np.allclose(moved, centres, atol=1e-6):
            break
        centres = moved
    place = (vectors @ centres.T - 0.5 * (centres**2).sum(axis=1)).argmax(axis=1)
    return Clusters(centres.astype(np.float32), _shrunk(outcomes, place, len(centres), SHRINK))


def factors(vectors: Array, surfaces: Array, outcomes: Array) -> Factors:
    """Ridge regression whose fitted values are then cut to their strongest directions."""
    dense = np.concatenate([vectors, SURFACE * surfaces], axis=1)
    mean = means(outcomes)
    wanted = np.where(np.isnan(outcomes), 0.0, outcomes - mean)
    inner = dense.T @ dense + RIDGE / 9 * np.eye(dense.shape[1])
    weights = np.linalg.solve(inner, dense.T @ wanted)
    _, _, right = np.linalg.svd(dense @ weights, full_matrices=False)
    right = right[: min(RANK, outcomes.shape[1])]
    return Factors(
        (weights @ right.T).astype(np.float32), right.astype(np.float32), mean.astype(np.float32)
    )
