import asyncio
import time

import pytest

from homeward.backends.scripted import Scripted
from homeward.errors import ConfigError, TimedOut
from homeward.model import Event, Finish, Request, Stream, Text, Usage
from homeward.strategies.deadline import Deadline
from homeward.strategies.fallback import Fallback
from tests.contract import HELLO, Tree, check_promises, heard, said, says

SOON, NEVER = 0.01, 3600.0


async def until_late(model: Deadline, request: Request = HELLO) -> tuple[list[Event], TimedOut]:
    """What was heard before it timed out, and the error."""
    events: list[Event] = []
    try:
        async for event in model.chat(request):
            events.append(event)  # noqa: PERF401 - what came before the error is wanted
    except TimedOut as error:
        return events, error
    raise AssertionError("it did not time out")


async def test_keeps_every_promise() -> None:
    def build() -> Tree:
        leaf = says("one", "two")
        return Deadline(leaf, first=5, between=5, total=5), (leaf,)

    await check_promises(build)


async def test_keeps_every_promise_when_it_cuts_a_child_off() -> None:
    def build() -> Tree:
        leaves = (says("late", after=NEVER), says("one", "two"))
        return Fallback([Deadline(leaves[0], first=SOON), leaves[1]]), leaves

    await check_promises(build)


async def test_no_first_word_in_time() -> None:
    leaf = says("late", after=NEVER)
    _, error = await until_late(Deadline(leaf, first=SOON))
    assert "no first word within 0.01 s" in str(error)
    assert leaf.journal.open == 0


async def test_no_further_word_in_time() -> None:
    leaf = says("a", "late", every=NEVER)
    _, error = await until_late(Deadline(leaf, first=5, between=SOON))
    assert "no further word within 0.01 s" in str(error)
    assert leaf.journal.open == 0


async def test_not_done_in_time() -> None:
    _, error = await until_late(Deadline(says("a", "b", every=NEVER), between=5, total=SOON))
    assert "not complete in time" in str(error)


async def test_the_requests_own_deadline_is_kept() -> None:
    request = HELLO.with_(deadline=time.monotonic() + SOON)
    _, error = await until_late(Deadline(says("a", after=NEVER), total=5), request)
    assert "not complete in time" in str(error)


async def test_what_was_cut_off_is_billed() -> None:
    events, _ = await until_late(Deadline(says("a", "b", every=NEVER), between=SOON))
    bills = [e for e in events if isinstance(e, Usage)]
    assert [(bill.outcome, bill.estimated, bill.output_tokens) for bill in bills] == [
        ("cancelled", True, 1)
    ]


async def test_the_child_is_told_the_nearer_deadline() -> None:
    leaf = says("a")
    near = time.monotonic() + 100
    await heard(Deadline(leaf, total=1000), HELLO.with_(deadline=near))
    await heard(Deadline(leaf, total=10), HELLO.with_(deadline=near))
    kept, tightened = (request.deadline for request in leaf.journal.asked)
    assert kept == near
    assert tightened is not None
    assert tightened < near


async def test_a_slow_reader_is_not_a_silent_model() -> None:
    events: list[Event] = []
    async for event in Deadline(says("a", "b"), first=0.3, between=0.3).chat(HELLO):
        if isinstance(event, Text):
            await asyncio.sleep(0.4)
        events.append(event)
    assert isinstance(events[-1], Finish)


async def test_notes_are_no_first_word() -> None:
    tree = Deadline(
        Fallback([Scripted(fails="no", after=0.004), says("x", after=NEVER)]), first=SOON
    )
    _, error = await until_late(tree)
    assert "no first word" in str(error)


async def test_a_childs_own_timeout_is_not_taken_for_ours() -> None:
    class Odd:
        async def chat(self, request: Request) -> Stream:
            raise TimeoutError("somebody else's")
            yield Finish()

    with pytest.raises(TimeoutError, match="somebody else's"):
        await said(Deadline(Odd(), first=5))


def test_no_time_at_all_fails_at_construction() -> None:
    with pytest.raises(ConfigError, match="`first` is 0 s"):
        Deadline(says(), first=0)
