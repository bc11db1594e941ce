import asyncio
import time
from contextlib import aclosing

import pytest

from homeward.errors import ConfigError, Overloaded, TimedOut
from homeward.model import Decision, Request
from homeward.strategies.limited import Gate, Limited
from tests.contract import HELLO, Tree, check_promises, fails, heard, said, says


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_keeps_every_promise() -> None:
    def build() -> Tree:
        leaf = says("one", "two")
        return Limited(leaf, 1), (leaf,)

    await check_promises(build)


async def test_no_more_than_so_many_at_once() -> None:
    leaf = says("a", "b", every=0.001)
    model = Limited(leaf, 3)
    await asyncio.gather(*(heard(model) for _ in range(10)))
    assert leaf.journal.most_open == 3
    assert len(leaf.journal.asked) == 10


async def test_first_come_first_served() -> None:
    leaf = says("a", after=0.001)
    model = Limited(leaf, 1)
    names = [str(place) for place in range(6)]
    await asyncio.gather(*(heard(model, Request.of(name)) for name in names))
    assert [request.prompt for request in leaf.journal.asked] == names


async def test_a_longer_line_than_allowed_is_overloaded() -> None:
    model = Limited(says("a", after=0.01), 1, waiting=1)
    outcomes = await asyncio.gather(*(said(model) for _ in range(3)), return_exceptions=True)
    assert outcomes[:2] == ["a", "a"]
    assert isinstance(outcomes[2], Overloaded)
    assert "1 running and 1 waiting" in str(outcomes[2])


async def test_who_waited_is_told_so() -> None:
    model = Limited(says("a", after=0.001), 1)
    first, second = await asyncio.gather(heard(model), heard(model))
    assert not [e for e in first if isinstance(e, Decision)]
    assert [e.chose for e in second if isinstance(e, Decision)] == ["waited"]


async def test_a_failure_frees_the_place() -> None:
    model = Limited(fails(), 1, waiting=0)
    for _ in range(2):
        with pytest.raises(Exception, match="boom"):
            await heard(model)


async def test_a_reader_that_hangs_up_frees_the_place() -> None:
    model = Limited(says("a", "b"), 1, waiting=0)
    async with aclosing(model.chat(HELLO)) as events:
        await anext(events)
    assert await said(model) == "ab"


async def test_who_leaves_the_line_does_not_hold_up_the_next() -> None:
    model = Limited(says("a", "b"), 1)
    async with aclosing(model.chat(HELLO)) as events:
        await anext(events)
        leaves, stays = (asyncio.create_task(said(model)) for _ in range(2))
        await turns()
        leaves.cancel()
        await turns()
    assert await stays == "ab"
    assert leaves.cancelled()


async def test_a_place_given_to_someone_who_leaves_is_handed_on() -> None:
    model = Limited(says("a", "b"), 1)
    stream = model.chat(HELLO)
    await anext(stream)
    leaves, stays = (asyncio.create_task(said(model)) for _ in range(2))
    await turns()
    room = model.gate.room()
    await stream.aclose()  # lets `leaves` in, which has not run again yet ...
    leaves.cancel()  # ... and never will
    assert await stays == "ab"
    assert (room.inside, len(room.line)) == (0, 0)


async def test_models_that_share_a_gate_share_its_places() -> None:
    gate = Gate()
    journal = says("a", after=0.001)
    models = [Limited(journal, 1, gate=gate), Limited(journal, 1, gate=gate)]
    await asyncio.gather(*(heard(model) for model in models * 2))
    assert journal.journal.most_open == 1


async def test_a_deadline_that_passes_in_line_is_timed_out() -> None:
    leaf = says("a", "b")
    model = Limited(leaf, 1)
    async with aclosing(model.chat(HELLO)) as events:
        await anext(events)
        with pytest.raises(TimedOut, match="waited in line"):
            await heard(model, HELLO.with_(deadline=time.monotonic() + 0.005))
        assert not model.gate.room().line


def test_one_tree_serves_one_event_loop_after_another() -> None:
    async def two() -> list[str]:
        return list(await asyncio.gather(said(model), said(model)))

    model = Limited(says("a"), 1)
    assert [asyncio.run(two()), asyncio.run(two())] == [["a", "a"], ["a", "a"]]


@pytest.mark.parametrize("fields", [{"at_once": 0}, {"waiting": -1}])
def test_impossible_limits_fail_at_construction(fields: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        Limited(says(), **fields)  # type: ignore[arg-type]
