"""Report: how right a route was over a table, what it took, and against which baselines."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from homeward.learn.evaluate import RowResult
from homeward.model import Model, Usage
from homeward.tree import children_of

WILSON_Z = 1.96  # 95 % of a normal distribution lie within
SHOWN_ERRORS = 5


class RowError(Struct, frozen=True):
    id: str
    error: str


class Baselines(Struct, frozen=True):
    """What the route is measured against; None where the table has no scores of its models.

    ``random`` draws one of the route's models per row, ``best_single`` always asks the best of
    them, ``oracle`` is right where any of them is.
    """

    random: float | None
    best_single: float | None
    oracle: float | None


class Group(Struct, frozen=True):
    rows: int
    accuracy: float


class Report(Struct, frozen=True):
    """What `homeward evaluate --json` prints. Accuracies and shares are 0 to 1.

    ``share`` is how often each model was called per row, and ``calls_per_row`` their sum. A row
    that failed counts as wrong. ``cost_usd_per_row`` and ``flops_per_row`` (2 x parameters x
    tokens, an estimate) are None unless they are known of every call. ``scores_only`` are the
    models that were called and never have words in the table: what a vote, an agreement or a judge
    makes of them is not measured.
    """

    rows: int
    accuracy: float
    calls_per_row: float
    share: Mapping[str, float]
    best_single: float | None
    oracle: float | None
    best_single_model: str | None
    wilson95: tuple[float, float]
    baselines: Baselines
    group: Mapping[str, Group]
    tokens_per_row: float
    cost_usd_per_row: float | None
    flops_per_row: float | None
    seconds: float
    seconds_per_row: float
    scores_only: tuple[str, ...]
    errors: int
    first_errors: tuple[RowError, ...]


def summarise(
    results: Sequence[RowResult], route: Model, parameters: Mapping[str, int] | None = None
) -> Report:
    """``route`` is the tree that was walked; ``parameters`` counts each model's, for FLOPs."""
    if not results:
        raise ValueError("there is no row to report on; is the table empty?")
    rows = len(results)
    accuracy = _mean(result.score for result in results)
    bills = [usage for result in results for usage in result.usage]
    calls = Counter(usage.model for usage in bills)
    members = list(dict.fromkeys([*leaf_names(route), *calls]))
    single = _accuracies(results, members)
    best = max(single, key=single.__getitem__, default=None)
    best_single = None if best is None else single[best]
    oracle = _oracle(results, members)
    errors = [RowError(r.id, r.error) for r in results if r.error is not None]
    return Report(
        rows=rows,
        accuracy=accuracy,
        calls_per_row=len(bills) / rows,
        share={name: calls[name] / rows for name in members},
        best_single=best_single,
        oracle=oracle,
        best_single_model=best,
        wilson95=wilson(accuracy, rows),
        baselines=Baselines(_mean(single.values()) if single else None, best_single, oracle),
        group=_groups(results),
        tokens_per_row=sum(u.input_tokens + u.output_tokens for u in bills) / rows,
        cost_usd_per_row=_known([usage.cost_usd for usage in bills], rows),
        flops_per_row=_known([_flops(usage, parameters or {}) for usage in bills], rows),
        seconds=max(r.began + r.seconds for r in results) - min(r.began for r in results),
        seconds_per_row=_mean(result.seconds for result in results),
        scores_only=tuple(name for name in members if calls[name] and _wordless(results, name)),
        errors=len(errors),
        first_errors=tuple(errors[:SHOWN_ERRORS]),
    )


def leaf_names(model: Model) -> Iterator[str]:
    """The models that a tree may call: the ``model`` of each leaf, wherever it hangs."""
    name = getattr(model, "model", None)
    if isinstance(name, str):
        yield name
    for _, child in children_of(model):
        yield from leaf_names(child)


def wilson(share: float, rows: int) -> tuple[float, float]:
    """The 95 % interval of a share seen in so many rows (Wilson 1927); both ends within 0 to 1."""
    shrink = 1 + WILSON_Z**2 / rows
    middle = (share + WILSON_Z**2 / (2 * rows)) / shrink
    spread = share * (1 - share) / rows + WILSON_Z**2 / (4 * rows**2)
    half = WILSON_Z * math.sqrt(spread) / shrink
    return max(0.0, middle - half), min(1.0, middle + half)


def _accuracies(results: Sequence[RowResult], members: Sequence[str]) -> dict[str, float]:
    """Each model alone, on the rows on which it was recorded."""
    scores = {
        name: [result.recorded[name] for result in results if name in result.recorded]
        for name in members
    }
    return {name: _mean(mine) for name, mine in scores.items() if mine}


def _oracle(results: Sequence[RowResult], members: Sequence[str]) -> float | None:
    best = [
        max(mine)
        for result in results
        if (mine := [result.recorded[name] for name in members if name in result.recorded])
    ]
    return _mean(best) if best else None


def _wordless(results: Sequence[RowResult], name: str) -> bool:
    mine = [result for result in results if name in result.recorded]
    return bool(mine) and all(name in result.unsaid for result in mine)


def _groups(results: Sequence[RowResult]) -> dict[str, Group]:
    scores: dict[str, list[float]] = {}
    for result in results:
        if result.group is not None:
            scores.setdefault(result.group, []).append(result.score)
    return {name: Group(len(mine), _mean(mine)) for name, mine in sorted(scores.items())}


def _flops(usage: Usage, parameters: Mapping[str, int]) -> float | None:
    count = parameters.get(usage.model)
    return None if count is None else 2.0 * count * (usage.input_tokens + usage.output_tokens)


def _known(amounts: Sequence[float | None], rows: int) -> float | None:
    known = [amount for amount in amounts if amount is not None]
    return math.fsum(known) / rows if known and len(known) == len(amounts) else None


def _mean(numbers: Iterable[float]) -> float:
    """The same in whatever order the rows got ready."""
    mine = list(numbers)
    return math.fsum(mine) / len(mine)
