import asyncio
import gc
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import pytest

from homeward.backends.scripted import Scripted
from homeward.errors import Failed, Garbled, TimedOut
from homeward.model import Call, Event, Finish, Model, Note, Request, Stream, Text, Usage
from homeward.strategies.children import ROOM, Child, Children, side_by_side
from homeward.strategies.concat import Concat
from homeward.strategies.ensemble import Ensemble
from homeward.strategies.hedge import Hedge
from homeward.strategies.sequential import Sequential
from tests.contract import HELLO, Tree, When, check_promises, fails, says

SLOW = 3600.0  # seconds that no test waits for


@dataclass(frozen=True)
class Buggy:
    """Raises what is no ModelError, or closes badly."""

    error: BaseException
    while_closing: bool = False

    async def chat(self, request: Request) -> Stream:
        yield Text("a word")
        try:
            if self.while_closing:
                await asyncio.sleep(SLOW)
        finally:
            raise self.error


@dataclass(frozen=True)
class Chatterbox:
    """Never waits, and counts what it said."""

    words: int
    said: list[int] = field(default_factory=list[int])

    async def chat(self, request: Request) -> Stream:
        for number in range(self.words):
            self.said.append(number)
            yield Text(str(number))
        yield Finish()


@dataclass(frozen=True)
class SlowToClose:
    """Does not close before it ``may``."""

    may: asyncio.Event = field(default_factory=asyncio.Event)
    closed: list[bool] = field(default_factory=list[bool])

    async def chat(self, request: Request) -> Stream:
        try:
            yield Text("a word")
            await asyncio.sleep(SLOW)
        finally:
            await self.may.wait()
            self.closed.append(True)


@dataclass(frozen=True)
class Endless:
    """Ends without a Finish."""

    async def chat(self, request: Request) -> Stream:
        yield Text("half")


async def everything(side: Children) -> list[tuple[str, Event | None]]:
    arrivals = []
    while (arrival := await side.next()) is not None:
        arrivals.append((arrival.child.label, arrival.event))
    return arrivals


async def together(
    children: Mapping[str, Model], request: Request | Mapping[str, Request]
) -> dict[str, Child]:
    async with side_by_side(children, request) as side:
        await everything(side)
        return side.all


async def turns() -> None:
    """Until the loop has nothing to do but to wait."""
    for _ in range(100):
        await asyncio.sleep(0)


async def first_word(side: Children) -> Child:
    while (arrival := await side.next()) is not None:
        if arrival.event is not None and not isinstance(arrival.event, Note):
            return arrival.child
    raise AssertionError("nobody said a word")


async def test_arrivals_come_as_they_are_said_and_in_order_for_each_child() -> None:
    b = says("3", "4")
    children: dict[str, Model] = {
        "a": When(lambda: b.journal.asked and not b.journal.open, says("1", "2")),
        "b": b,
    }
    async with side_by_side(children, HELLO) as side:
        arrivals = await everything(side)
    words = [(label, e.text) for label, e in arrivals if isinstance(e, Text)]
    assert words == [("b", "3"), ("b", "4"), ("a", "1"), ("a", "2")]
    assert [label for label, e in arrivals if e is None] == ["b", "a"]


async def test_each_child_may_have_its_own_request() -> None:
    a, b = says("a"), says("b")
    await together({"a": a, "b": b}, {"a": Request.of("for a"), "b": Request.of("for b")})
    assert [leaf.journal.asked[0].prompt for leaf in (a, b)] == ["for a", "for b"]


async def test_a_model_error_ends_one_child_and_is_kept() -> None:
    children = await together({"a": fails("half"), "b": says("whole")}, HELLO)
    assert isinstance(children["a"].error, Failed)
    assert not children["a"].answered
    assert children["b"].answered
    assert children["b"].text == "whole"


async def test_a_child_that_ends_without_a_finish_is_garbled() -> None:
    children = await together({"a": Endless()}, HELLO)
    assert isinstance(children["a"].error, Garbled)


async def test_a_child_that_is_cancelled_from_within_has_failed() -> None:
    children = await together({"a": Buggy(asyncio.CancelledError())}, HELLO)
    assert isinstance(children["a"].error, Failed)


async def test_a_bug_in_a_child_is_raised_where_it_is_read() -> None:
    with pytest.raises(ZeroDivisionError):
        await together({"a": Buggy(ZeroDivisionError()), "b": says("fine", after=SLOW)}, HELLO)


async def test_a_bug_that_nobody_has_read_is_raised_on_the_way_out() -> None:
    async def leave_early() -> None:
        async with side_by_side({"a": Buggy(ZeroDivisionError(), while_closing=True)}, HELLO) as s:
            await first_word(s)

    with pytest.raises(ZeroDivisionError):
        await leave_early()


async def test_no_exception_is_left_in_a_task() -> None:
    complaints: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    children: dict[str, Model] = {"a": fails(), "b": Buggy(ZeroDivisionError()), "c": says("c")}
    async with side_by_side(children, HELLO) as side:
        await side.next()
        with pytest.raises(ZeroDivisionError):
            await everything(side)
    with pytest.raises(ZeroDivisionError):
        await together({"b": Buggy(ZeroDivisionError())}, HELLO)
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []


async def test_at_once_bounds_how_many_work_at_the_same_time() -> None:
    leaf = says("w", every=0.001)
    async with side_by_side(dict.fromkeys("abcde", leaf), HELLO, at_once=2) as side:
        await everything(side)
    assert leaf.journal.most_open == 2
    assert len(leaf.journal.asked) == 5


async def test_nobody_else_is_asked_once_the_reader_has_heard_enough() -> None:
    a, b = says("a"), says("b")
    async with side_by_side({"a": a, "b": b}, HELLO, at_once=1) as side:
        while (arrival := await side.next()) is not None and arrival.event is not None:
            pass
        await turns()
        assert side.waiting == ["b"]
    assert b.journal.asked == []


async def test_a_slow_reader_pauses_the_children() -> None:
    fast = Chatterbox(words=10 * ROOM)
    async with side_by_side({"a": fast}, HELLO) as side:
        await side.next()
        await turns()
        assert len(fast.said) <= ROOM + 2
        arrivals = await everything(side)
    assert len(arrivals) == 10 * ROOM + 1  # Finish and the end too, but the first


async def test_next_gives_up_at_the_time_it_is_told() -> None:
    async with side_by_side({"a": says("late", after=SLOW)}, HELLO) as side:
        until = time.monotonic() + 0.02
        while (arrival := await side.next(until=until)) is not None:
            assert isinstance(arrival.event, Call)
        assert side.running == ["a"]


async def test_a_child_stopped_early_is_closed_and_billed_once() -> None:
    slow, other = says("one", "two", every=SLOW), says("three", after=SLOW)
    async with side_by_side({"a": slow, "b": other}, HELLO) as side:
        assert (await first_word(side)).label == "a"
        left = await side.stop("a")
        assert slow.journal.open == 0
        assert side.running == ["b"]
    begun = [e.id for e in side.all["a"].events if isinstance(e, Call)]
    bills = [e for e in left if isinstance(e, Usage)]
    assert [bill.call for bill in bills] == begun
    assert [(bill.outcome, bill.output_tokens) for bill in bills] == [("cancelled", 1)]
    assert isinstance(side.all["a"].error, TimedOut)


async def test_stopping_passes_on_what_had_arrived_and_leaves_the_others_alone() -> None:
    async with side_by_side({"a": says("one"), "b": says("two")}, HELLO) as side:
        for _ in range(3):  # both calls, and a word
            await side.next()
        await turns()  # both have said everything; the rest was not taken up
        left = await side.stop("a")
        assert [e.outcome for e in left if isinstance(e, Usage)] == ["finished"]
        assert side.all["a"].answered
        assert [label for label, e in await everything(side) if isinstance(e, Text)] == ["b"]


async def test_leaving_closes_every_stream_however_one_leaves() -> None:
    leaves = [says("a", after=SLOW), says("b", "c", every=SLOW)]
    named = {str(place): leaf for place, leaf in enumerate(leaves)}

    async def strategy() -> AsyncGenerator[Child, None]:
        async with side_by_side(named, HELLO) as side:
            while (arrival := await side.next()) is not None:
                yield arrival.child

    async with aclosing(strategy()) as reading:  # GeneratorExit
        await anext(reading)
        await anext(reading)
        await asyncio.sleep(0)
        assert sum(leaf.journal.open for leaf in leaves) > 0
    assert [leaf.journal.open for leaf in leaves] == [0, 0]
    task = asyncio.create_task(together(named, HELLO))
    await turns()
    assert sum(leaf.journal.open for leaf in leaves) > 0
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [leaf.journal.open for leaf in leaves] == [0, 0]


async def test_an_impatient_caller_who_cancels_twice_waits_for_the_closing_all_the_same() -> None:
    leaf = SlowToClose()
    task = asyncio.create_task(together({"a": leaf}, HELLO))
    await turns()
    for _ in range(2):
        task.cancel()
        await turns()
    assert leaf.closed == []
    leaf.may.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert leaf.closed == [True]


def five_deep() -> Tree:
    talker = Scripted(["one", " two", " three"], every=0.02)
    silent = says("never", after=SLOW)
    tree: Model = talker
    for _ in range(2):
        tree = Ensemble({"talks": Sequential(tree), "silent": silent}, Concat(), quorum=1)
        tree = Hedge([tree, silent], after=0.001)
    return Ensemble([tree], Concat()), [talker, silent]


async def test_a_hang_up_reaches_the_leaves_of_a_tree_five_deep() -> None:
    await check_promises(five_deep)


async def test_no_child_works_before_its_call_has_been_passed_on() -> None:
    a, b = says("a"), says("b")
    async with side_by_side({"a": a, "b": b}, HELLO) as side:
        await side.next()
        await turns()
        assert [leaf.journal.asked for leaf in (a, b)] == [[], []]
        await everything(side)
    assert [len(leaf.journal.asked) for leaf in (a, b)] == [1, 1]


@dataclass(frozen=True)
class Numbered:
    """Calls that all have the same name."""

    async def chat(self, request: Request) -> Stream:
        for _ in range(2):
            yield Call("1", "numbered")
            yield Usage("1", "numbered")
        yield Finish()


async def test_calls_of_the_same_name_do_not_wait_for_each_other() -> None:
    children = await together({"a": Numbered(), "b": Numbered()}, HELLO)
    assert [len(child.events) for child in children.values()] == [5, 5]
