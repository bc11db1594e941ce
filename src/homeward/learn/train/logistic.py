"""Logistic regression with an L2 penalty, for graded outcomes from 0 to 1."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from homeward.learn.train.design import Array, Design

STEPS = 60
MEMORY = 8
CLOSE = 1e-4  # of the gradient, per row


class Fit(NamedTuple):
    """``weights`` of shape ``(size,)``, and ``bias``."""

    weights: Array
    bias: float

    def probability(self, design: Design) -> Array:
        return sigmoid(design.times(self.weights) + self.bias)


def sigmoid(x: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)), np.float64)


def logistic(design: Design, outcome: Array, strength: float) -> Fit:
    """The weights that minimise ``strength`` x log loss + half the sum of their squares.

    ``strength`` is scikit-learn's C. The bias is not penalised.
    """
    start = np.zeros(design.size + 1)
    share = float(np.clip(outcome.mean(), 1e-3, 1 - 1e-3)) if len(outcome) else 0.5
    start[-1] = np.log(share / (1 - share))

    def loss(at: Array) -> tuple[float, Array]:
        weights, bias = at[:-1], at[-1]
        z = design.times(weights) + bias
        errors = strength * (sigmoid(z) - outcome)
        value = strength * float((np.logaddexp(0, z) - outcome * z).sum())
        gradient = np.append(design.back(errors) + weights, errors.sum())
        return value + 0.5 * float(weights @ weights), gradient

    found = minimise(loss, start, CLOSE * max(len(outcome), 1) * min(strength, 1.0))
    return Fit(found[:-1], float(found[-1]))


def minimise(
    loss: Callable[[Array], tuple[float, Array]], start: Array, close: float, steps: int = STEPS
) -> Array:
    """Limited-memory BFGS (Nocedal and Wright, algorithm 7.5) of a convex, smooth loss.

    ``loss`` returns its value and gradient; ends when the largest part of the gradient is below
    ``close``, or after ``steps``.
    """
    at, (value, gradient) = start, loss(start)
    past: list[tuple[Array, Array, float]] = []
    for _ in range(steps):
        if np.abs(gradient).max() < close:
            break
        direction = _direction(gradient, past)
        slope = float(gradient @ direction)
        length = 1.0 if past else min(1.0, 1.0 / float(np.abs(gradient).sum()))
        while True:
            there = at + length * direction
            new, there_gradient = loss(there)
            if new <= value + 1e-4 * length * slope:
                break
            length *= 0.5
            if length < 1e-12:
                return at
        moved, turned = there - at, there_gradient - gradient
        curve = float(moved @ turned)
        if curve > 1e-12:
            past = [*past[-(MEMORY - 1) :], (moved, turned, 1 / curve)]
        at, value, gradient = there, new, there_gradient
    return at


def _direction(gradient: Array, past: list[tuple[Array, Array, float]]) -> Array:
    direction = -gradient
    back = []
    for moved, turned, inverse in reversed(past):
        share = inverse * float(moved @ direction)
        direction = direction - share * turned
        back.append(share)
    if past:
        moved, turned, inverse = past[-1]
        direction = direction / (inverse * float(turned @ turned))
    for (moved, turned, inverse), share in zip(past, reversed(back), strict=True):
        direction = direction + moved * (share - inverse * float(turned @ direction))
    return direction
