"""Combination: weights learned over several checks, as a small file of plain numbers."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from homeward.errors import ConfigError
from homeward.model import Answer
from homeward.reading import Reading
from homeward.signals.slots import visible

LENGTH = "length"
ABSTAINS = "?"  # after a check's name: 1 where it abstained, else 0


class Grade(Struct, frozen=True):
    """How well a check tells right answers from wrong ones, on the data that it was graded on.

    ``auroc`` is over the ``share`` of rows on which it had a score, ``auroc_all`` over all of
    them, with an abstention below every score. 0.5 says nothing; None: all were right, or wrong.
    """

    auroc: float | None
    share: float
    auroc_all: float | None


class Feature(Struct, frozen=True):
    """``weight`` is per standard deviation ``scale`` above ``mean``; one not seen counts as it."""

    name: str
    mean: float
    scale: float
    weight: float


class Combination(Struct, frozen=True, tag_field="kind", tag="combination"):
    """A logistic regression from checks to p(right), 0 to 1, with what it was calibrated on.

    ``right`` is the share of right answers among the ``rows``. ``checks`` grades every part
    alone, and ``combined`` the whole by ``folds``-fold cross-validation: no row was graded by
    weights that had seen it.
    """

    made: str  # a date, ISO 8601
    rows: int
    right: float
    folds: int
    intercept: float
    features: tuple[Feature, ...]
    checks: Mapping[str, Grade]
    combined: Grade
    model: str = ""  # whose answers these were

    def probability(self, seen: Mapping[str, float]) -> float:
        """P(right) of an answer from its `features`."""
        terms = (
            each.weight * (seen[each.name] - each.mean) / each.scale
            for each in self.features
            if each.name in seen
        )
        return 1 / (1 + math.exp(-max(-700.0, min(700.0, math.fsum([self.intercept, *terms])))))

    def save(self, path: Path) -> None:
        """As JSON, to be read by people too."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")


def features(readings: Mapping[str, Reading], answer: Answer) -> dict[str, float]:
    """What is learned from: scores and numbers of checks by name, and the answer's length.

    ``agreement`` is a score, ``agreement?`` whether it abstained, ``arithmetic.wrong`` one of its
    numbers. The length is the logarithm of 1 more than the characters.
    """
    found = {LENGTH: math.log1p(len(visible(answer)))}
    for name, reading in readings.items():
        found[name + ABSTAINS] = float(reading.score is None)
        if reading.score is not None:
            found[name] = reading.score
        found |= {f"{name}.{number}": value for number, value in reading.numbers.items()}
    return {name: value for name, value in found.items() if math.isfinite(value)}


def load(path: Path, checks: Sequence[str]) -> Combination:
    """The stored combination; `ConfigError` where it is none, or was learned from other checks."""
    try:
        found = msgspec.json.decode(path.expanduser().read_bytes(), type=Combination)
    except FileNotFoundError:
        raise ConfigError(f"there is no combination at {path}; calibrate one first") from None
    except OSError as error:
        raise ConfigError(f"cannot read the combination {path}: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is no combination of checks: {error}") from None
    if any(each.scale <= 0 for each in found.features):
        raise ConfigError(f"{path} has a scale that is not above 0; calibrate it again")
    for names, mend in (
        (set(found.checks) - {*checks, LENGTH}, "add it to `checks`"),
        (set(checks) - set(found.checks), "leave it out, or calibrate again"),
    ):
        if names:
            some = ", ".join(sorted(names))
            raise ConfigError(f"{path} and `checks` differ in {some}; {mend}")
    return found
