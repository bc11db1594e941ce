import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from homeward import outcomes
from homeward.backends.recorded import Recorded
from homeward.backends.scripted import Journal, Scripted
from homeward.errors import ConfigError
from homeward.learn.evaluate import RowResult, evaluate
from homeward.learn.report import leaf_names, summarise, wilson
from homeward.model import Clearance, Finish, Model, Models, Request, Stream, Usage, named
from homeward.outcomes import Row
from tests.learn.tables import table


@dataclass(frozen=True)
class Second:
    """Asks each of its children and keeps the last one's words."""

    models: Models

    async def chat(self, request: Request) -> Stream:
        *others, last = named(self.models).values()
        for child in others:
            async with aclosing(child.chat(request)) as events:
                async for event in events:
                    if isinstance(event, Usage):
                        yield event
        async with aclosing(last.chat(request)) as events:
            async for event in events:
                yield event


@dataclass(frozen=True)
class First:
    """Never asks any but the first of its children."""

    models: Models

    def chat(self, request: Request, /) -> Stream:
        return next(iter(named(self.models).values())).chat(request)


async def walked(model: Model, rows: Sequence[Row], at_once: int = 16) -> list[RowResult]:
    return [result async for result in evaluate(model, rows, at_once=at_once)]


def questions(count: int) -> list[Row]:
    return [Row(f"q{n}", id=str(n), reference="42") for n in range(count)]


async def test_rows_with_one_prompt_and_no_ids_are_each_answered_as_recorded(
    tmp_path: Path,
) -> None:
    answers = [{"small": {"score": 1, "text": "a"}}, {"small": {"score": 0, "text": "b"}}]
    path = table(tmp_path, [{"prompt": "p", "answers": each} for each in answers])
    results = await walked(Recorded(path, "small"), list(outcomes.read(path)))
    assert sorted(result.score for result in results) == [0, 1]


async def test_models_that_were_called_but_have_scores_alone_are_named(tmp_path: Path) -> None:
    path = table(tmp_path)
    [row, _] = outcomes.read(path)
    route = Second({"s": Recorded(path, "scored"), "l": Recorded(path, "large")})
    report = summarise(await walked(route, [row]), route)
    assert report.scores_only == ("scored",)


async def test_reports_what_a_route_reached_and_took(tmp_path: Path) -> None:
    path = table(tmp_path)
    route = Second({"s": Recorded(path, "small"), "l": Recorded(path, "large")})
    report = summarise(await walked(route, list(outcomes.read(path))), route)
    assert (report.rows, report.accuracy, report.calls_per_row) == (2, 0.75, 2.0)
    assert report.share == {"small": 1.0, "large": 1.0}
    assert (report.best_single_model, report.best_single, report.oracle) == ("large", 0.75, 1.0)
    assert report.baselines.random == 0.625
    assert {name: g.accuracy for name, g in report.group.items()} == {"arith": 1.0, "facts": 0.5}
    assert report.errors == 0


async def test_the_report_is_json_with_the_promised_names(tmp_path: Path) -> None:
    path = table(tmp_path)
    route = Recorded(path, "small")
    report = summarise(await walked(route, list(outcomes.read(path))), route)
    names = set(json.loads(msgspec.json.encode(report)))
    assert {"rows", "accuracy", "calls_per_row", "share", "best_single", "oracle"} <= names
    assert {"wilson95", "errors", "seconds", "tokens_per_row", "cost_usd_per_row"} <= names


async def test_a_failed_row_counts_as_wrong_is_billed_and_listed() -> None:
    route = Scripted("42", fails="boom", model="live")
    report = summarise(await walked(route, questions(7)), route)
    assert (report.accuracy, report.errors, report.share) == (0.0, 7, {"live": 1.0})
    assert [e.error for e in report.first_errors] == ["boom"] * 5


async def test_a_live_model_has_no_recorded_baselines() -> None:
    route = Scripted("It is 42.", model="live")
    report = summarise(await walked(route, questions(3)), route)
    assert report.accuracy == 1.0
    assert (report.best_single, report.oracle, report.baselines.random) == (None, None, None)


async def test_a_model_that_was_never_called_has_no_share(tmp_path: Path) -> None:
    path = table(tmp_path)

    route = First([Recorded(path, "small"), Recorded(path, "large")])
    report = summarise(await walked(route, list(outcomes.read(path))), route)
    assert report.share == {"small": 1.0, "large": 0.0}
    assert report.oracle == 1.0


async def test_costs_are_told_only_when_all_are_known(tmp_path: Path) -> None:
    path = table(tmp_path)
    [first, _] = outcomes.read(path)
    dear = Recorded(path, "large")
    assert summarise(await walked(dear, [first]), dear).cost_usd_per_row == 0.25
    rows = list(outcomes.read(path))
    assert summarise(await walked(dear, rows), dear).cost_usd_per_row is None


async def test_flops_are_two_per_parameter_and_token() -> None:
    route = Scripted([Usage("", "live", 30, 12), "42", Finish()], model="live")
    results = await walked(route, questions(1))
    assert summarise(results, route, {"live": 1_000_000}).flops_per_row == 84_000_000
    assert summarise(results, route).flops_per_row is None


async def test_at_most_so_many_rows_are_under_way() -> None:
    journal = Journal()
    route = Scripted(["4", "2"], every=0.001, journal=journal)
    assert len(await walked(route, questions(9), at_once=3)) == 9
    assert (journal.most_open, journal.open) == (3, 0)


async def test_rows_are_read_as_they_are_needed() -> None:
    taken: list[Row] = []

    def many() -> Iterator[Row]:
        for row in questions(1000):
            taken.append(row)
            yield row

    async with aclosing(evaluate(Scripted("42"), many(), at_once=2)) as results:
        await anext(results)
    assert len(taken) == 2


async def test_leaving_early_leaves_nothing_running() -> None:
    journal = Journal()
    slow = Scripted(["4", "2"], every=3600.0, journal=journal)
    results = evaluate(slow, questions(8), at_once=4)
    task = asyncio.ensure_future(anext(results))
    while journal.open < 4:  # noqa: ASYNC110  what is awaited is any fact, not one event
        await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert journal.open == 0


async def test_each_request_carries_its_row_and_the_clearance() -> None:
    journal = Journal()
    route = Scripted("42", journal=journal)
    async with aclosing(evaluate(route, questions(1), clearance=Clearance.NETWORK)) as results:
        await anext(results)
    [asked] = journal.asked
    assert (asked.trace, asked.clearance) == ("0", Clearance.NETWORK)


async def test_a_row_that_cannot_be_graded_stops_the_walk() -> None:
    rows = [Row(f"q{n}") for n in range(5)]
    with pytest.raises(ConfigError, match="cannot be graded"):
        await walked(Scripted("42"), rows)


def test_leaves_are_found_wherever_they_hang() -> None:
    tree = Second({"a": Second([Scripted(model="x"), Scripted(model="y")]), "b": Scripted()})
    assert list(leaf_names(tree)) == ["x", "y", "scripted"]


def test_no_rows_is_said() -> None:
    with pytest.raises(ValueError, match="no row"):
        summarise([], Scripted())


@pytest.mark.parametrize(
    ("share", "rows", "low", "high"),
    [(0.9, 100, 0.825631, 0.944774), (0.0, 10, 0.0, 0.277537), (1.0, 10, 0.722463, 1.0)],
)
def test_wilson_interval(share: float, rows: int, low: float, high: float) -> None:
    assert wilson(share, rows) == pytest.approx((low, high), abs=1e-5)
