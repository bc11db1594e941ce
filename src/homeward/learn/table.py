"""An outcome table as arrays: scores and costs of some models, row by row."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeward.errors import ConfigError
from homeward.model import CHARACTERS_PER_TOKEN
from homeward.outcomes import RecordedAnswer, Row, insist

Array = NDArray[np.float64]
RIGHT = 0.5
"""A graded answer counts as right from here on, where right or wrong is asked for."""


class Table(NamedTuple):
    """``scores`` ``(n, k)`` from 0 to 1; ``costs`` ``(n, k)``, or None where not all are known."""

    rows: Sequence[Row]
    models: tuple[str, ...]
    scores: Array
    costs: Array | None


def table(
    rows: Sequence[Row], models: Sequence[str], prices: Mapping[str, float] | None = None
) -> Table:
    """The rows that have a graded answer of each of the models; `ConfigError` where none has.

    What an answer cost is what is recorded, else its length in tokens times the price of a
    million (``prices`` before the table's own), else that price itself: a list price per call. A
    list price cannot be compared with a recorded cost; where a table mixes them, none are known.
    """
    if not rows:
        raise ConfigError("the table has no rows; a table has one JSON object per line")
    insist(rows, models)
    kept = [row for row in rows if all(_graded(row, model) for model in models)]
    if not kept:
        raise ConfigError(f"no row of the table has graded answers of all of {', '.join(models)}")
    scores = np.array([[row.answers[m].score for m in models] for row in kept], np.float64)
    return Table(kept, tuple(models), scores, _costs(kept, models, prices or {}))


def _graded(row: Row, model: str) -> bool:
    answer = row.answers.get(model)
    return answer is not None and answer.score is not None


def _costs(rows: Sequence[Row], models: Sequence[str], prices: Mapping[str, float]) -> Array | None:
    sized = all(_length(row.answers[m]) is not None for row in rows for m in models)
    found = [[_cost(row.answers[m], prices.get(m), sized) for m in models] for row in rows]
    if any(cost is None for row in found for cost in row):
        return None
    recorded = [
        m not in prices and row.answers[m].cost_usd is not None for row in rows for m in models
    ]
    if not sized and any(recorded) and not all(recorded):
        return None
    return np.array(found, np.float64)


def _cost(answer: RecordedAnswer, price: float | None, sized: bool) -> float | None:  # noqa: FBT001
    if price is None:
        if answer.cost_usd is not None:
            return answer.cost_usd
        price = answer.usd_per_mtok
    if price is None or not sized:
        return price
    return price * (_length(answer) or 0) / CHARACTERS_PER_TOKEN / 1e6


def _length(answer: RecordedAnswer) -> int | None:
    """In characters; None where neither it nor the answer is recorded."""
    if answer.chars is None and answer.text is None and answer.answer is None:
        return None
    return answer.chars or len(answer.said)


def read_prices(path: Path) -> Mapping[str, float]:
    """USD per million tokens by model: ``{"name": 0.9}`` or ``{"name": {"output": 0.9}}``.

    Of a price with several numbers the output's counts. LiteLLM's list is read as well; entries
    of it that have no price of a token (pictures, speech) are left out.
    """
    try:
        found: Any = msgspec.json.decode(path.read_bytes())
    except FileNotFoundError:
        raise ConfigError(f"there is no price list at {path}") from None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is no price list: {error}") from None
    if not isinstance(found, dict):
        raise ConfigError(
            f'{path} is no price list; write {{"model": 0.9}}, USD per million tokens'
        )
    prices = {name: _price(name, value, path) for name, value in found.items()}
    return {name: price for name, price in prices.items() if price is not None}


_NAMES = ("usd_per_mtok", "output", "output_usd_per_mtok", "output_mtok", "price", "input")


def _price(name: str, value: Any, path: Path) -> float | None:
    if isinstance(value, dict):
        per_token = value.get("output_cost_per_token")
        if isinstance(per_token, int | float):
            value = {"output": per_token * 1e6}
        value = next((value[key] for key in _NAMES if key in value), None)
        if value is None:
            return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9:
        return float(value)
    raise ConfigError(f"{path} has no price for {name!r}; write USD per million tokens, as in 0.9")
