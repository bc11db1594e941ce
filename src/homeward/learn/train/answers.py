"""Learning from answers: whether the cheapest model's answer is right, once it has been read."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from homeward.errors import ConfigError
from homeward.learn.measures import auroc
from homeward.learn.table import Table
from homeward.learn.train.design import Array, Design
from homeward.learn.train.logistic import logistic, sigmoid
from homeward.model import Answer, Finish, Text
from homeward.outcomes import RecordedAnswer, Row, insist
from homeward.signals.answers import extractor
from homeward.signals.learned.checked import EVIDENCE, Checked, gathered
from homeward.signals.learned.parts import SURFACE
from homeward.signals.learned.reader import Features, Numbers, Reader, fitted

TYPES = ("number", "choice", "boolean", "label", "text")
STRENGTH_OF_WORDS = 0.5
STRENGTHS = (0.1, 0.3, 1.0)
FOLDS = 5


class Learned(NamedTuple):
    model: Checked | None
    type: str | None


def checked(
    data: Table,
    read: Sequence[Features],
    reader: Reader,
    *,
    with_answer: bool,
    checkers: Sequence[str],
    kind: str | None = None,
) -> Learned:
    """What answers add; nothing where they are not looked at. The cheapest model is the first."""
    if not with_answer and not checkers:
        return Learned(None, None)
    cheap, right = data.models[0], data.scores[:, 0]
    for name in checkers:
        if name == cheap or checkers.count(name) > 1:
            raise ConfigError(f"{name!r} cannot check itself; name other models as checkers, once")
    insist(data.rows, checkers)
    if with_answer and not any(row.answers[cheap].said for row in data.rows):
        raise ConfigError(f"the table has no words of {cheap!r}: train without --with-answer")
    if checkers and kind is None:
        kind = chosen_type(data.rows, cheap, checkers, right)
    evidence = np.array(
        [evidence_of(row, cheap, checkers, kind, with_answer=with_answer) for row in data.rows],
        np.float64,
    )
    mean, spread = evidence.mean(axis=0), evidence.std(axis=0)
    scale = np.where(spread > 1e-9, spread, 1.0)
    answers = fitted([row.answers[cheap].said for row in data.rows]) if with_answer else None
    blank = np.zeros(0, np.float32)
    model = Checked(
        answers,
        mean.astype(np.float32),
        scale.astype(np.float32),
        blank,
        np.zeros(len(read[0].surface), np.float32),
        blank,
        np.zeros(len(mean), np.float32),
        0.0,
    )
    standard = EVIDENCE * np.array([model.standard(row) for row in evidence.astype(np.float32)])
    surfaces = SURFACE * np.array([row.surface for row in read], np.float64)
    dense = np.concatenate([standard, surfaces], axis=1).astype(np.float64)
    words = len(reader.vocabulary) if answers is not None else 0
    if answers is not None:
        said = [answers.read(row.answers[cheap].said) for row in data.rows]
        terms = [
            (
                np.concatenate([asked.columns, words + told.columns]),
                np.concatenate([asked.values, told.values]),
            )
            for asked, told in zip(read, said, strict=True)
        ]
        design = Design.of(terms, words + len(answers.vocabulary), dense)
        strength = STRENGTH_OF_WORDS
    else:
        empty = (np.zeros(0, np.int64), np.zeros(0))
        design = Design.of([empty] * len(read), 0, dense)
        strength = _strength(design, right)
    fit = logistic(design, right, strength)
    weights = fit.weights.astype(np.float32)
    of_dense = weights[design.wide :]
    return Learned(
        Checked(
            answers,
            model.mean,
            model.scale,
            weights[:words],
            of_dense[len(mean) :],
            weights[words : design.wide],
            of_dense[: len(mean)],
            fit.bias,
        ),
        kind,
    )


def cross_fitted(
    data: Table,
    read: Sequence[Features],
    reader: Reader,
    fold: NDArray[np.int64],
    like: Learned,
    checkers: Sequence[str],
) -> Array:
    """The chance of each row, by models that were fitted without its fold."""
    assert like.model is not None  # noqa: S101 - the caller has asked
    with_answer = like.model.reader is not None
    found = np.zeros(len(read))
    for number in np.unique(fold):
        inside = np.flatnonzero(fold != number).tolist()
        some = Table([data.rows[i] for i in inside], data.models, data.scores[inside], None)
        model = checked(
            some,
            [read[i] for i in inside],
            reader,
            with_answer=with_answer,
            checkers=checkers,
            kind=like.type,
        ).model
        assert model is not None  # noqa: S101 - as above
        for i in np.flatnonzero(fold == number).tolist():
            row = data.rows[i]
            evidence = evidence_of(
                row, data.models[0], checkers, like.type, with_answer=with_answer
            )
            found[i] = model.probability(read[i], row.answers[data.models[0]].said, evidence)
    return found


def _strength(design: Design, right: Array) -> float:
    """By the loss on rows left out."""
    fold = np.arange(len(right)) % FOLDS

    def loss(strength: float) -> float:
        total = 0.0
        for number in range(FOLDS):
            inside, outside = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            fit = logistic(design[inside], right[inside], strength)
            z = design[outside].times(fit.weights) + fit.bias
            likely = np.clip(sigmoid(z), 1e-6, 1 - 1e-6)
            y = right[outside]
            total -= float((y * np.log(likely) + (1 - y) * np.log(1 - likely)).sum())
        return total

    return min(STRENGTHS, key=loss)


def chosen_type(rows: Sequence[Row], cheap: str, checkers: Sequence[str], right: Array) -> str:
    """The type of answer under which agreement says most of who is right."""

    def says(kind: str) -> float:
        shares = [
            _share(
                typed(row.answers[cheap], kind), [typed(row.answers.get(c), kind) for c in checkers]
            )
            for row in rows
        ]
        return auroc(np.array(shares), right >= 0.5) or 0.0

    return max(TYPES, key=says)


def _share(own: str | None, others: Sequence[str | None]) -> float:
    return 0.0 if own is None else sum(other == own for other in others) / len(others)


def typed(answer: RecordedAnswer | None, kind: str) -> str | None:
    """What is compared of a recorded answer: the one that the source extracted, if it did."""
    if answer is None:
        return None
    if answer.text is None and answer.answer is not None:
        return answer.answer.strip() or None
    return extractor(kind)(Answer((Text(answer.said), Finish())))


def evidence_of(
    row: Row, cheap: str, checkers: Sequence[str], kind: str | None, *, with_answer: bool
) -> Numbers:
    """What `gathered` makes of a row."""
    own = row.answers[cheap]
    others = [typed(row.answers.get(name), kind) for name in checkers] if kind else []
    return gathered(
        row.prompt,
        own.said if with_answer else None,
        typed(own, kind) if kind else None,
        others,
        own.chars or len(own.said),
    )
