"""Training a router: parts, their blend chosen on rows left out, a card, plain arrays."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from homeward.errors import ConfigError
from homeward.learn.baselines import baselines
from homeward.learn.calibrate import calibrate
from homeward.learn.table import RIGHT, Table, table
from homeward.learn.train import parts
from homeward.learn.train.answers import checked, cross_fitted
from homeward.learn.train.choosing import chosen, points, ranks
from homeward.learn.train.design import Array
from homeward.learn.train.familiar import familiar
from homeward.outcomes import Row
from homeward.signals.learned.parts import SURFACE, Part
from homeward.signals.learned.reader import Features, fitted
from homeward.signals.learned.router import Card, Costs, LearnedRouter

FEWEST = 20
"""Rows below which nothing is learned."""
FOLDS = 3
CHEAPER, DEAREST = 0.5, 0.7
"""Strengths (scikit-learn's C) of the linear part: for the dearest model the second."""

Progress = Callable[[str], None]


def train(
    rows: Sequence[Row],
    models: Sequence[str],
    *,
    prices: Mapping[str, float] | None = None,
    with_answer: bool = False,
    checkers: Sequence[str] = (),
    seed: int = 0,
    name: str = "",
    progress: Progress = lambda what: None,
) -> LearnedRouter:
    """A router among ``models``, which for two go from cheap to strong.

    ``with_answer`` also learns from the words of the cheapest model's answer, ``checkers`` are
    models whose typed answers to the same prompt are compared with it. All rows are used: for a
    measure of what was learned keep others back (`homeward.learn.routed.measure`). `ConfigError`
    for fewer than `FEWEST` rows.
    """
    if len(set(models)) != len(models) or len(models) < 2:
        raise ConfigError(
            "a router chooses between at least two different models; "
            f"named: {', '.join(models) or 'none'}"
        )
    data = _ordered(table(rows, models, prices), paired=len(models) == 2)
    if len(data.rows) < FEWEST:
        raise ConfigError(
            f"{len(data.rows)} graded rows are too few to learn from; {FEWEST} are the least, and "
            "a few hundred are where it begins to pay"
        )
    progress("reading")
    texts = [row.prompt for row in data.rows]
    reader = fitted(texts)
    read = [reader.read(text) for text in texts]
    groups = [row.group for row in data.rows]
    asked = checked(data, read, reader, with_answer=with_answer, checkers=checkers)
    fold = _folds(texts, seed)
    left_out: dict[str, Array] = {}
    for number in range(FOLDS):
        progress(f"cross-validating, fold {number + 1} of {FOLDS}")
        inside, outside = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        some = _fit(
            [read[i] for i in inside],
            len(reader.vocabulary),
            data.scores[inside],
            [groups[i] for i in inside],
            seed,
        )
        for part, predictor in some.items():
            held = left_out.setdefault(part, np.zeros_like(data.scores))
            held[outside] = [predictor.predict(read[i]) for i in outside]
    used, blend, validated = chosen(left_out, data)
    progress("fitting on all rows")
    fits = _fit(read, len(reader.vocabulary), data.scores, groups, seed)
    costs = data.costs if data.costs is not None else ranks(data)
    costing = _costs(read, data.costs)
    predicted = sum(weight * left_out[part] for part, weight in blend.items())
    promise = None
    if len(models) == 2:
        chance = np.asarray(predicted)[:, 0]
        if asked.model is not None:
            chance = cross_fitted(data, read, reader, fold, asked, checkers)
        promise = calibrate(
            chance.tolist(),
            (data.scores[:, 0] >= RIGHT).tolist(),
            about=f"the chance of {models[0]}, cross-fitted",
        )
    card = Card(
        models=data.models,
        default=data.models[int(data.scores.mean(axis=0).argmax())],
        costs=tuple(map(float, costs.mean(axis=0))),
        labels=len(data.rows),
        seed=seed,
        date=datetime.now(UTC).date().isoformat(),
        table=name,
        groups=tuple(sorted({group for group in groups if group}))[:100],
        blend=blend,
        validated=validated,
        baselines=_beside(data),
        accuracy=dict(zip(data.models, map(float, data.scores.mean(axis=0)), strict=True)),
        points=points(
            np.asarray(predicted),
            data.scores,
            costs,
            None if costing is None else np.array([costing.predict(each) for each in read]),
        ),
        prices={model: price for model, price in (prices or {}).items() if model in models},
        with_answer=with_answer,
        checkers=tuple(checkers),
        type=asked.type,
        used=used,
        promise=promise,
    )
    return LearnedRouter(
        card,
        reader,
        {part: fits[part] for part in blend},
        familiar(read, texts, reader),
        costing,
        asked.model,
    )


def _folds(texts: Sequence[str], seed: int) -> NDArray[np.int64]:
    """One for each row. Rows of one prompt share theirs: none is left out and learned from."""
    rng = np.random.default_rng(seed)
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    if len(places) < FOLDS:  # a fold would stay empty, or hold all
        return rng.permutation(len(texts)) % FOLDS
    drawn = rng.permutation(len(places)) % FOLDS
    return np.asarray(drawn[[places[text] for text in texts]], np.int64)


def _beside(data: Table) -> dict[str, float]:
    """The baselines in the unit of what was validated; those that only pick, how often right."""
    return {
        name: next(x for x in (found.apgr, found.aiq, found.accuracy) if x is not None)
        for name, found in baselines(data).items()
        if (found.apgr, found.aiq, found.accuracy) != (None, None, None)
    }


def _ordered(data: Table, *, paired: bool) -> Table:
    """From cheap to dear; two stay as they are given."""
    if paired or data.costs is None:
        return data
    order = np.argsort(data.costs.mean(axis=0), kind="stable")
    models = tuple(data.models[i] for i in order)
    return Table(data.rows, models, data.scores[:, order], data.costs[:, order])


def _fit(
    read: Sequence[Features], wide: int, scores: Array, groups: Sequence[str | None], seed: int
) -> dict[str, Part]:
    design = parts.design(read, wide)
    vectors = np.array([row.vector for row in read], np.float64)
    surfaces = np.array([row.surface for row in read], np.float64)
    strengths = [CHEAPER] * (scores.shape[1] - 1) + [DEAREST]
    fits: dict[str, Part] = {"linear": parts.linear(design, scores, strengths)}
    if len(set(groups)) > 1:
        fits["groups"] = parts.groups(design, vectors, scores, groups)
    fits["neighbours"] = parts.neighbours(vectors, scores)
    fits["clusters"] = parts.clusters(vectors, scores, seed)
    fits["factors"] = parts.factors(vectors, surfaces, scores)
    return fits


def _costs(read: Sequence[Features], costs: Array | None) -> Costs | None:
    """Ridge regression of the logarithm, scaled so that the mean over the rows is kept."""
    if costs is None or (costs <= 0).any() or np.ptp(costs, axis=0).max() < 1e-12:
        return None
    dense = np.array(
        [np.concatenate([row.vector, SURFACE * row.surface, [1.0]]) for row in read], np.float64
    )
    stiff = np.eye(dense.shape[1])
    stiff[-1, -1] = 1e-6
    weights_ = np.linalg.solve(dense.T @ dense + stiff, dense.T @ np.log(costs))
    expected = np.exp(dense @ weights_).mean(axis=0)
    weights_[-1] += np.log(costs.mean(axis=0) / expected)
    return Costs(weights_.astype(np.float32))
