import asyncio
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.backends.scripted import Scripted
from homeward.errors import TimedOut
from homeward.model import Answer, Model, collect
from homeward.strategies.concat import Concat
from homeward.strategies.ensemble import Ensemble
from homeward.strategies.sequential import Lane, Sequential
from tests.contract import HELLO, PATIENCE, Tree, check_promises, said, says


def one_lane() -> Tree:
    lane = Lane()
    leaves = [says("a", " b", every=0.001), says("c")]
    return Ensemble([Sequential(leaf, lane) for leaf in leaves], Concat()), leaves


async def test_keeps_every_promise() -> None:
    await check_promises(one_lane)


async def test_keeps_every_promise_alone() -> None:
    def alone() -> Tree:
        leaf = says("alone", " here", every=0.001)
        return Sequential(leaf), [leaf]

    await check_promises(alone)


async def order_of_turns(lane: Lane, models: dict[str, Model], asked: str) -> str:
    """Which model was let in when, if the lane is taken while all of them ask."""
    turns: list[str] = []

    async def ask(name: str) -> None:
        async with lane.turn(models[name]):
            turns.append(name)
            await asyncio.sleep(0)

    async with lane.turn(says("before")):
        tasks = [asyncio.create_task(ask(name)) for name in asked]
        await asyncio.sleep(0)
        assert turns == []
    await asyncio.gather(*tasks)
    return "".join(turns)


async def test_two_models_of_one_lane_are_never_at_work_together() -> None:
    _, leaves = one_lane()
    shared = leaves[0].journal
    second = Scripted("c", journal=shared)
    lane = Lane()
    both = [Sequential(leaves[0], lane), Sequential(second, lane)]
    await collect(Ensemble(both, Concat()).chat(HELLO))
    assert len(shared.asked) == 2
    assert shared.most_open == 1


async def test_one_model_may_serve_several_at_once() -> None:
    leaf = says("a", after=0.01)
    lane = Lane()
    await asyncio.gather(*(said(Sequential(leaf, lane)) for _ in range(3)))
    assert leaf.journal.most_open == 3


async def test_those_who_want_the_loaded_model_go_before_a_swap_but_not_for_ever() -> None:
    models: dict[str, Model] = {"a": says("a"), "b": says("b", " ")}
    assert await order_of_turns(Lane(), models, "abab") == "aabb"
    assert await order_of_turns(Lane(in_a_row=2), models, "abaaaab") == "aabbaaa"


async def test_as_many_as_were_in_line_go_in_a_row_and_eight_at_least() -> None:
    models: dict[str, Model] = {"a": says("a"), "b": says("b", " ")}
    assert await order_of_turns(Lane(), models, "a" * 20 + "b") == "a" * 20 + "b"
    assert await order_of_turns(Lane(), models, "ab" * 20) == "a" * 20 + "b" * 20


async def test_a_batch_goes_through_a_panel_model_by_model() -> None:
    """16 prompts, three models: 4 turns, for the first one's came when there was no line yet."""
    lane = Lane()
    panel = Ensemble([Sequential(says(name, after=0.001), lane) for name in "abc"], Concat())
    await asyncio.gather(*(collect(panel.chat(HELLO)) for _ in range(16)))
    assert lane.swaps <= 4


async def test_who_is_cancelled_while_waiting_gives_up_its_place() -> None:
    lane, a, b = Lane(), says("a", after=0.02), says("b")
    first = asyncio.create_task(said(Sequential(a, lane)))
    await asyncio.sleep(0)
    second = asyncio.create_task(said(Sequential(b, lane)))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert await first == "a"
    assert await said(Sequential(b, lane)) == "b"
    assert len(b.journal.asked) == 1


async def test_a_client_that_hangs_up_frees_the_lane() -> None:
    lane = Lane()
    stream = Sequential(says("a", "b", every=3600.0), lane).chat(HELLO)
    await anext(stream)
    await stream.aclose()
    assert await said(Sequential(says("c"), lane)) == "c"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), min_size=1, max_size=12))
@settings(deadline=None, max_examples=30)
async def test_whoever_asks_is_served_and_cancelling_anybody_blocks_nobody(
    asked: list[tuple[str, int]],
) -> None:
    lane = Lane(in_a_row=2)
    models = {name: Sequential(says(name, every=0), lane) for name in "abc"}
    tasks = [asyncio.create_task(collect(models[name].chat(HELLO))) for name, _ in asked]
    for task, (_, patience) in zip(tasks, asked, strict=True):
        await asyncio.sleep(0)
        if patience == 0:
            task.cancel()
    results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), PATIENCE)
    for result, (name, patience) in zip(results, asked, strict=True):
        if patience:
            assert isinstance(result, Answer)
            assert result.text == name


async def test_a_deadline_that_passes_in_line_is_told_and_the_lane_goes_on() -> None:
    lane, waiting, last = Lane(), says("never asked"), says("last")
    async with lane.turn(says("before")):
        late = HELLO.with_(deadline=time.monotonic() + 0.01)
        with pytest.raises(TimedOut, match="another model was at work"):
            await collect(Sequential(waiting, lane).chat(late))
    assert waiting.journal.asked == []
    assert await said(Sequential(last, lane)) == "last"
