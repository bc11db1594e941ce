"""Blending: the weights under which parts best predict how models differ on a text."""

from collections.abc import Sequence
from itertools import chain, combinations

import numpy as np

from homeward.learn.train.design import Array

STIFF = 0.05  # of the parts' own spread: how strongly weights are drawn together


def weights(predictions: Sequence[Array], outcomes: Array) -> Array:
    """Non-negative, one for each part, from predictions ``(n, k)`` of rows that it had not seen.

    Least squares (Breiman, "Stacked regressions", 1996) of each model's lead over the mean of its
    row: a router needs the differences, and what makes a text hard for all says nothing of them.
    Few rows draw the weights together (a ridge), so that no part wins by luck.
    """
    there = ~np.isnan(outcomes).any(axis=1)
    wanted = _leads(outcomes[there]).ravel()
    columns = np.stack([_leads(p[there]).ravel() for p in predictions], axis=1)
    spread = np.sqrt((columns**2).mean(axis=0))
    columns = columns / np.where(spread > 1e-9, spread, np.inf)
    inner = columns.T @ columns / len(wanted)
    target = columns.T @ wanted / len(wanted)
    count = len(predictions)
    stiff = inner + STIFF * (count * np.eye(count) - np.ones((count, count))) / max(count - 1, 1)
    found = np.zeros(count)
    best = np.inf
    subsets = chain.from_iterable(combinations(range(count), n) for n in range(1, count + 1))
    for subset in map(list, subsets):
        some = np.zeros(count)
        square = stiff[np.ix_(subset, subset)] + 1e-6 * np.eye(len(subset))
        some[subset] = np.linalg.solve(square, target[subset])
        value = float(some @ stiff @ some - 2 * some @ target)
        if (some >= 0).all() and value < best:
            found, best = some, value
    return np.where(spread > 1e-9, found / np.where(spread > 1e-9, spread, 1), 0.0)


def _leads(values: Array) -> Array:
    return np.asarray(values - values.mean(axis=1, keepdims=True), np.float64)
