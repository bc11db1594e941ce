import pytest

from homeward.backends.echo import Echo
from homeward.backends.scripted import Scripted
from homeward.errors import Failed
from homeward.model import Finish, Reasoning, Usage
from tests.contract import (
    HELLO,
    Tree,
    check_bill_arrives,
    check_ends_with_finish,
    check_promises,
    heard,
    said,
    says,
)


def one_leaf() -> Tree:
    leaf = says("one", " two", every=0.001)
    return leaf, [leaf]


async def test_keeps_every_promise() -> None:
    await check_promises(one_leaf)


async def test_plays_events_between_words() -> None:
    events = await heard(Scripted([Reasoning("hm"), "yes"]))
    assert Reasoning("hm") in events


async def test_a_script_may_end_in_its_own_way() -> None:
    assert (await heard(Scripted(["cut", Finish("length")])))[-1] == Finish("length", "scripted")


async def test_a_failure_is_billed_before_it_is_raised() -> None:
    bills: list[Usage] = []

    async def listen() -> None:
        async for event in Scripted("half", fails="boom").chat(HELLO):
            bills.extend([event] if isinstance(event, Usage) else [])

    with pytest.raises(Failed, match="boom"):
        await listen()
    assert [bill.outcome for bill in bills] == ["failed"]


async def test_echo_says_back_what_it_was_told() -> None:
    assert await said(Echo(prefix="> ")) == "> hello"
    await check_ends_with_finish(Echo())
    await check_bill_arrives(Echo())
