"""Any tree keeps the promises: strategies are nested at random over leaves that do anything."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from contextlib import aclosing, suppress
from typing import Any, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.backends.scripted import Scripted
from homeward.errors import Failed, ModelError, Overloaded
from homeward.model import (
    Call,
    Clearance,
    Edit,
    Event,
    Finish,
    Logprob,
    Model,
    Reasoning,
    Request,
    Text,
    Tool,
    ToolCall,
    Usage,
)
from homeward.signals.agreement import Agreement
from homeward.signals.answers import EXTRACTORS
from homeward.signals.heuristic import Heuristic
from homeward.signals.judge import Judge, JudgeLabel
from homeward.signals.logprobs import Logprobs
from homeward.signals.task import Task
from homeward.strategies.cached import Cached
from homeward.strategies.capped import Capped
from homeward.strategies.cascade import Cascade
from homeward.strategies.concat import Concat
from homeward.strategies.deadline import Deadline
from homeward.strategies.ensemble import Ensemble
from homeward.strategies.fallback import Fallback
from homeward.strategies.fuse import Fuse
from homeward.strategies.hedge import Hedge
from homeward.strategies.limited import Gate, Limited
from homeward.strategies.rank import Rank
from homeward.strategies.retried import Retried
from homeward.strategies.router import Router
from homeward.strategies.sequential import Lane, Sequential
from homeward.strategies.vote import Vote
from homeward.strategies.weighted import Weighted

Leaves: TypeAlias = list[Scripted]
Build: TypeAlias = Callable[[Leaves], Model]
"""Makes a tree afresh, and tells its leaves."""

WORDS = ("42", " 41", "A", "yes", '{"answer": 1}', "", "word " * 40, "é\u200b\U0001f600\ud7ff")
STEPS: tuple[str | Event | Exception, ...] = (
    *WORDS,
    Text("7", (Logprob("7", -0.1),)),
    Reasoning("hm"),
    ToolCall(0, "id", "f", "{}"),
    ToolCall(1, "id", "f", "{not json"),
    Edit(0, "edited"),
    Failed("broke"),
    Overloaded("busy", retry_after=0.001),
    Finish("length"),
    Finish("tool_calls"),
)
SILENT = 0.02  # seconds: longer than the deadlines below


def _leaf(says: list[str | Event | Exception], after: float, every: float) -> Build:
    says = [*says[: _ends(says)]]

    def build(leaves: Leaves) -> Model:
        leaves.append(Scripted(says, after=after, every=every))
        return leaves[-1]

    return build


def _ends(says: list[str | Event | Exception]) -> int:
    ends = (i for i, step in enumerate(says, 1) if isinstance(step, Finish | Exception))
    return next(ends, len(says))


LEAF = st.builds(
    _leaf,
    st.lists(st.sampled_from(STEPS), max_size=4),
    st.sampled_from((0.0, 0.0, 0.001, SILENT)),
    st.sampled_from((0.0, 0.001)),
)


def _check(kind: int, by: Model) -> Any:
    checks = (
        Heuristic(),
        Logprobs(),
        Judge(by),
        Agreement(by, EXTRACTORS["number"]()),
        Agreement([by, by], EXTRACTORS["text"]()),
    )
    return checks[kind % len(checks)]


def _merge(kind: int, by: Model) -> Any:
    number = EXTRACTORS["number"]()
    merges = (
        Concat(),
        Concat(tokens=3),
        Weighted(),
        Vote(number),
        Vote(EXTRACTORS["json"](), fields=True),
        Vote(EXTRACTORS["tool_call"](), first_to=2),
        Vote(number, first_to=1, else_=by),
        Rank(by),
        Fuse(by),
        Fuse(by, extract=number),
    )
    return merges[kind % len(merges)]


def _over(one: Build, more: list[Build], kind: int, option: int) -> Build:
    def build(leaves: Leaves) -> Model:
        first = one(leaves)
        rest = [other(leaves) for other in more]
        models = [first, *rest]
        gate, lane = Gate(), Lane()
        trees: tuple[Callable[[], Model], ...] = (
            lambda: Fallback(models),
            lambda: Router(Task(), {"question": first}, else_=rest[-1] if rest else None),
            lambda: Router(JudgeLabel(first, {"yes": "yes", "42": "no"}), {"42": first}, first),
            lambda: Cascade(models, first, _check(option, models[-1]), (0.0, 0.5, 2.0)[option % 3]),
            lambda: Ensemble(
                models,
                _merge(option, first),
                at_once=(None, 1, 2)[option % 3],
                quorum=(None, 1)[option % 2],
                patience=(None, 0.001)[option // 2 % 2],
            ),
            lambda: Ensemble(models, _merge(option // 3, first), weights={"1": 0.3}),
            lambda: Hedge(models, (0.0, 0.001, 0.01)[option % 3]),
            lambda: Fallback([Limited(model, 1, gate=gate) for model in leaves]),
            lambda: Hedge([Sequential(model, lane) for model in leaves], after=0.001),
            lambda: Limited(first, at_once=1),
            lambda: Sequential(first),
            lambda: Deadline(first, first=0.01, between=0.005, total=(None, 0.015)[option % 2]),
            lambda: Retried(first, times=1, wait=0.0),
            lambda: Cached(Fallback([first, first]), always=True),
            lambda: Capped(first, input_tokens=(None, 3)[option % 5 == 0], output_tokens=2),
        )
        return trees[kind % len(trees)]()

    return build


TREES: st.SearchStrategy[Build] = st.recursive(
    LEAF,
    lambda trees: st.builds(
        _over, trees, st.lists(trees, max_size=3), st.integers(0, 14), st.integers(0, 29)
    ),
    max_leaves=8,
)
REQUEST = Request.of(
    "What is 6 * 7?",
    tools=(Tool("f"),),
    clearance=Clearance.NETWORK,
    tenant="tenant-7",
    trace="trace-7",
    budget_usd=0.5,
)


def quietly(test: Coroutine[Any, Any, None]) -> None:
    """Run to the end; nothing may be left over, and nobody may complain."""

    async def run() -> None:
        complaints: list[dict[str, Any]] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        await test
        for _ in range(3):
            await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        gc.collect()
        await asyncio.sleep(0)
        assert complaints == []

    asyncio.run(run())


def closed(leaves: Leaves) -> bool:
    return all(leaf.journal.open == 0 for leaf in leaves)


@settings(deadline=None, max_examples=50)
@given(TREES)
def test_it_ends_with_one_finish_or_a_model_error_and_every_call_is_billed_once(
    build: Build,
) -> None:
    async def read() -> None:
        leaves: Leaves = []
        events: list[Event] = []
        failed = False
        try:
            async with aclosing(build(leaves).chat(REQUEST)) as stream:
                async for event in stream:
                    events.append(event)  # noqa: PERF401 - what came before an error counts
        except ModelError:
            failed = True
        finishes = [event for event in events if isinstance(event, Finish)]
        assert finishes == ([] if failed else events[-1:])
        begun = sorted(event.id for event in events if isinstance(event, Call))
        assert sorted(event.call for event in events if isinstance(event, Usage)) == begun
        asked = [asked for leaf in leaves for asked in leaf.journal.asked]
        assert len(begun) >= len(asked)  # one may be cut off between its call and its work
        for request in asked:
            for name in ("clearance", "tenant", "trace", "budget_usd"):
                assert getattr(request, name) == getattr(REQUEST, name)
        assert closed(leaves)

    quietly(read())


@settings(deadline=None, max_examples=50)
@given(TREES, st.integers(0, 12))
def test_hanging_up_at_any_event_closes_every_leaf(build: Build, count: int) -> None:
    async def hang_up() -> None:
        leaves: Leaves = []
        with suppress(ModelError):
            async with aclosing(build(leaves).chat(REQUEST)) as stream:
                async for _ in stream:
                    count_down.pop()
                    if not count_down:
                        break
        assert closed(leaves)

    count_down = list(range(count + 1))
    quietly(hang_up())


@settings(deadline=None, max_examples=50)
@given(TREES, st.integers(0, 60), st.integers(1, 2))
def test_cancelling_at_any_moment_closes_every_leaf(build: Build, turns: int, times: int) -> None:
    async def cancel() -> None:
        leaves: Leaves = []

        async def read() -> None:
            async with aclosing(build(leaves).chat(REQUEST)) as stream:
                async for _ in stream:
                    pass

        task = asyncio.create_task(read())
        for _ in range(turns):
            await asyncio.sleep(0)
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0)
        (ended,) = await asyncio.gather(task, return_exceptions=True)
        assert ended is None or isinstance(ended, ModelError | asyncio.CancelledError)
        assert closed(leaves)

    quietly(cancel())
