import asyncio
import time
from contextlib import aclosing

import pytest

from homeward.backends.echo import Echo
from homeward.backends.scripted import Scripted
from homeward.completion import Completer
from homeward.embedding import Embedder, Embeddings, Texts
from homeward.errors import Overloaded, TimedOut
from homeward.gateway.traffic.traffic import Line, Place, Traffic
from homeward.machine.scheduler.schedule import Machine, Runner
from homeward.machine.scheduler.turns import Turns
from homeward.model import Decision, Event, Model, Request, Stream, Usage
from homeward.strategies.queued import Queued, queued
from tests.contract import HELLO, Tree, check_promises, fails, heard, said, says


def line(limit: float = 1, longest: int = 8) -> Line:
    machine = Machine()
    runner = machine.add(Runner("m", limit=limit, most=limit))
    return Line("m", runner, Place("here", Turns(machine, longest=longest)), Traffic())


def is_empty(line: Line) -> bool:
    return (line.runner.running, len(line.runner.line), line.place.machine.waiting) == (0, 0, 0)


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_keeps_every_promise() -> None:
    def build() -> Tree:
        leaf = says("one", "two")
        return Queued(leaf, line()), (leaf,)

    await check_promises(build)


async def test_no_more_than_the_limit_at_once_and_in_their_order() -> None:
    leaf = says("a", after=0.001)
    model = Queued(leaf, line(2))
    names = [str(place) for place in range(8)]
    await asyncio.gather(*(heard(model, Request.of(name)) for name in names))
    assert leaf.journal.most_open == 2
    assert [request.prompt for request in leaf.journal.asked] == names


@pytest.mark.parametrize("way", ["chat", "turn"])
async def test_the_line_is_told_what_the_load_took(way: str) -> None:
    waits = line()
    model = Queued(Scripted((Usage("", "m", load_seconds=3.0), "a")), waits)
    if way == "chat":
        await heard(model)
    else:
        turn = model.turn()
        async with turn:
            turn.took = 3.0
    assert waits.runner.took == 3.0


async def test_who_goes_in_at_once_is_told_nothing() -> None:
    assert not [e for e in await heard(Queued(says("a"), line())) if isinstance(e, Decision)]


async def test_who_waited_is_told_first_how_many_were_before_it_and_how_long() -> None:
    model = Queued(says("a", after=0.002), line())
    _, second, third = await asyncio.gather(*(heard(model) for _ in range(3)))
    assert isinstance(second[0], Decision)
    assert second[0].because == "every place was taken"
    decision = third[0]
    assert isinstance(decision, Decision)
    assert (decision.by, decision.chose) == ("queue", "waited")
    assert decision.because == "1 was before it"
    assert decision.numbers["position"] == 1
    assert decision.numbers["seconds"] >= 0.002


async def test_a_deadline_that_passes_in_line_is_timed_out() -> None:
    model, queue = says("a", "b"), line()
    async with aclosing(Queued(model, queue).chat(HELLO)) as events:
        await anext(events)
        with pytest.raises(TimedOut, match="0 were before it in line"):
            await heard(Queued(model, queue), HELLO.with_(deadline=time.monotonic() + 0.005))
        assert not queue.runner.line
    assert is_empty(queue)


async def test_a_full_line_says_when_to_ask_again() -> None:
    queue = line(longest=1)
    model = Queued(says("a", after=0.01), queue)
    outcomes = await asyncio.gather(*(said(model) for _ in range(3)), return_exceptions=True)
    assert outcomes[:2] == ["a", "a"]
    refused = outcomes[2]
    assert isinstance(refused, Overloaded)
    assert refused.retry_after is not None
    assert "1 running and 1 waiting" in str(refused)


async def test_the_time_to_ask_again_follows_what_is_served() -> None:
    queue = line(longest=2)
    model = Queued(says("a", after=0.01), queue)
    began = time.monotonic()
    await asyncio.gather(*(said(model) for _ in range(3)))
    assert 0.005 < queue.runner.wait(0) <= time.monotonic() - began


async def test_who_leaves_the_line_does_not_hold_up_the_next() -> None:
    queue = line()
    model = Queued(says("a", "b"), queue)
    async with aclosing(model.chat(HELLO)) as events:
        await anext(events)
        leaves, stays = (asyncio.create_task(said(model)) for _ in range(2))
        await turns()
        leaves.cancel()
        await turns()
        assert len(queue.runner.line) == 1
    assert await stays == "ab"
    assert leaves.cancelled()
    assert is_empty(queue)


async def test_a_turn_given_to_someone_who_leaves_is_handed_on() -> None:
    queue = line()
    model = Queued(says("a", "b"), queue)
    stream = model.chat(HELLO)
    await anext(stream)
    leaves, stays = (asyncio.create_task(said(model)) for _ in range(2))
    await turns()
    await stream.aclose()  # lets `leaves` in, which has not run again yet ...
    leaves.cancel()  # ... and never will
    assert await stays == "ab"
    assert is_empty(queue)


async def test_everybody_may_leave_at_once() -> None:
    queue = line()
    model = Queued(says("a", after=3600.0), queue)
    tasks = [asyncio.create_task(said(model)) for _ in range(5)]
    await turns()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert is_empty(queue)


async def test_a_failure_frees_the_place() -> None:
    queue = line()
    for _ in range(2):
        with pytest.raises(Exception, match="boom"):
            await heard(Queued(fails(), queue))
    assert is_empty(queue)


class Busy:
    """A runtime that has too many."""

    async def chat(self, request: Request) -> Stream:
        if request.prompt:
            raise Overloaded("503: server busy")
        yield Usage("", "m")


async def test_a_runtime_that_is_busy_lowers_the_limit() -> None:
    machine = Machine()
    runner = machine.add(Runner("m"))
    queue = Line("m", runner, Place("here", Turns(machine)), Traffic())
    async with Queued(Busy(), queue).turn(), Queued(Busy(), queue).turn():
        async with Queued(Busy(), queue).turn():
            with pytest.raises(Overloaded):
                await heard(Queued(Busy(), queue))
        assert runner.limit == 2


async def test_a_turn_can_be_taken_without_a_chat() -> None:
    queue = line()
    model = Queued(Echo(), queue)
    async with model.turn() as waited:
        assert waited is None
        second = asyncio.create_task(heard(model))
        await turns()
        assert len(queue.runner.line) == 1
    assert isinstance((await second)[0], Decision)


class Vectors(Echo):
    async def embed(self, request: Texts, _: list[Event] | None = None) -> Embeddings:
        return Embeddings(((1.0,),), Usage("", "m"))


@pytest.mark.parametrize(("leaf", "embeds"), [(Echo(), False), (Vectors(), True)])
def test_it_can_do_what_its_model_can(leaf: Model, embeds: bool) -> None:  # noqa: FBT001
    model = queued(leaf, line())
    assert (isinstance(model, Embedder), isinstance(model, Completer)) == (embeds, False)
    assert repr(model).startswith("Queued(")


async def test_embeddings_wait_in_the_same_line() -> None:
    queue = line()
    model = queued(Vectors(), queue)
    assert isinstance(model, Embedder)
    async with Queued(Echo(), queue).turn():
        task = asyncio.create_task(model.embed(Texts(("a",))))
        await turns()
        assert len(queue.runner.line) == 1
    assert (await task).vectors == ((1.0,),)


async def test_a_place_that_is_free_is_taken_without_waiting() -> None:
    """The fast path never gives the loop away, so it costs well under a microsecond or two."""
    queue = line(limit=4)
    model = Queued(Echo(), queue)
    async with model.turn():
        pass
    with pytest.raises(StopIteration):
        model.turn().__aenter__().send(None)
    assert queue.runner.running == 1
