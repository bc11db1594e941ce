"""The same work on many rows at a time."""

import asyncio
from contextlib import aclosing

import pytest

from homeward.learn.abreast import abreast


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


async def test_each_item_gives_one_result() -> None:
    found = [result async for result in abreast(range(20), double, 3)]
    assert sorted(found) == [2 * number for number in range(20)]


async def test_no_more_are_under_way_than_were_allowed() -> None:
    under_way: set[int] = set()
    most = 0

    async def work(number: int) -> None:
        nonlocal most
        under_way.add(number)
        most = max(most, len(under_way))
        await asyncio.sleep(0)
        under_way.remove(number)

    async for _ in abreast(range(20), work, 3):
        pass
    assert most == 3


async def test_none_is_an_item_like_any_other() -> None:
    async def work(item: int | None) -> bool:
        return item is None

    assert [result async for result in abreast([None, None], work, 1)] == [True, True]


async def test_a_failure_ends_it_and_what_runs() -> None:
    ended: list[int] = []

    async def work(number: int) -> None:
        if number == 0:
            raise ValueError("it broke")
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(number)

    with pytest.raises(ValueError, match="it broke"):
        async for _ in abreast(range(3), work, 3):
            pass
    assert sorted(ended) == [1, 2]


async def test_whoever_stops_early_leaves_nothing_running() -> None:
    ended: list[int] = []

    async def work(number: int) -> int:
        if number:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(number)
        return number

    async with aclosing(abreast(range(3), work, 3)) as results:
        async for _ in results:
            break
    assert sorted(ended) == [1, 2]
