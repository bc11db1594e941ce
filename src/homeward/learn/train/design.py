"""A design matrix: sparse columns of terms beside dense columns, for rows of texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Design:
    """``n`` rows of ``wide`` sparse columns, in compressed rows, and ``dense`` columns.

    ``dense`` has shape ``(n, d)``. Parameters are one vector: ``wide`` weights, then ``d``.
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: Array
    wide: int
    dense: Array

    @classmethod
    def of(cls, rows: Sequence[tuple[Any, Any]], wide: int, dense: Array) -> Self:
        """From columns and values of each row."""
        starts = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(columns) for columns, _ in rows], out=starts[1:])
        columns = np.concatenate([columns for columns, _ in rows] or [np.zeros(0)])
        values = np.concatenate([values for _, values in rows] or [np.zeros(0)])
        return cls(starts, columns.astype(np.int32), values.astype(np.float64), wide, dense)

    @property
    def size(self) -> int:
        """How many parameters."""
        return int(self.wide + self.dense.shape[1])

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, chosen: NDArray[np.int64]) -> "Design":
        lengths = np.diff(self.starts)[chosen]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        shift = np.repeat(self.starts[:-1][chosen] - starts[:-1], lengths)
        at = np.arange(starts[-1]) + shift
        dense = self.dense[chosen]
        return Design(starts, self.columns[at], self.values[at], self.wide, dense)

    def times(self, weights: Array) -> Array:
        """``(n,)`` from ``(size,)``, or ``(n, k)`` from ``(size, k)``."""
        of_terms, of_dense = weights[: self.wide], weights[self.wide :]
        found = self.dense @ of_dense
        if len(self.columns):
            shape = (-1,) + (1,) * (weights.ndim - 1)
            products = np.zeros((len(self.columns) + 1, *weights.shape[1:]))
            products[:-1] = self.values.reshape(shape) * of_terms[self.columns]
            sums = np.add.reduceat(products, self.starts[:-1], axis=0)
            sums[np.diff(self.starts) == 0] = 0.0  # reduceat gives an empty row its next value
            found = found + sums
        return np.asarray(found, np.float64)

    def back(self, errors: Array) -> Array:
        """``(size,)`` from ``(n,)``: the transpose."""
        spread = self.values * np.repeat(errors, np.diff(self.starts))
        of_terms = np.bincount(self.columns, spread, self.wide)
        return np.concatenate([of_terms, self.dense.T @ errors])
