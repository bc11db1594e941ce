import asyncio
import time
from dataclasses import replace

import pytest

from homeward.errors import Overloaded, TimedOut
from homeward.machine.scheduler.schedule import Machine, Rules, Runner
from homeward.machine.scheduler.turns import Turns

RULES = Rules(overtakes=4, patience=30.0, residency=0.01, linger=0.002)


class Unloads:
    def __init__(self) -> None:
        self.names: list[str] = []

    def unload(self, runner: Runner) -> None:
        self.names.append(runner.name)


def two(memory: int = 8, rules: Rules = RULES) -> tuple[Turns, Runner, Runner, Unloads]:
    machine = Machine(memory, rules=rules)
    unloads = Unloads()
    a, b = (machine.add(Runner(name, size=5, limit=4)) for name in "ab")
    return Turns(machine, unloads), a, b, unloads


async def test_the_first_goes_in_at_once_although_its_model_must_be_loaded() -> None:
    turns, a, _, _ = two()
    assert not turns.enter(a)  # that is for models that are loaded
    assert await turns.wait(a) is None
    assert turns.enter(a)


async def test_an_idle_model_makes_room_when_its_residency_is_over() -> None:
    turns, a, b, unloads = two(rules=replace(RULES, residency=0.2))
    began = time.monotonic()
    await turns.wait(a)
    turns.leave(a)
    waited = await turns.wait(b)
    assert waited is not None
    assert waited.swapped
    assert time.monotonic() - began >= 0.2 - 0.001
    assert (unloads.names, [r.name for r in turns.machine.loaded]) == (["a"], ["b"])


async def test_a_swap_waits_for_the_last_answer() -> None:
    turns, a, b, _ = two()
    await turns.wait(a)
    waits = asyncio.create_task(turns.wait(b))
    await asyncio.sleep(0.02)
    assert not waits.done()
    turns.leave(a)
    assert await waits is not None


async def test_models_that_fit_go_in_side_by_side() -> None:
    turns, a, b, unloads = two(memory=10)
    assert (await turns.wait(a), await turns.wait(b), unloads.names) == (None, None, [])


async def test_nobody_comes_in_fast_past_one_who_waits() -> None:
    turns, a, b, _ = two()
    await turns.wait(a)
    waits = asyncio.create_task(turns.wait(b))
    await asyncio.sleep(0)
    assert not turns.enter(a)  # the long way counts the overtaking
    assert await turns.wait(a) is None
    assert b.overtaken == 1
    waits.cancel()
    await asyncio.gather(waits, return_exceptions=True)
    assert (turns.machine.waiting, b.overtaken) == (0, 0)


async def test_a_raised_limit_lets_in_who_waits() -> None:
    turns, a, _, _ = two()
    a.limit = 1
    await turns.wait(a)
    waits = asyncio.create_task(turns.wait(a))
    await asyncio.sleep(0)
    a.limit = 2
    turns.change()
    assert await waits is not None


async def test_a_deadline_that_has_passed_is_timed_out_and_leaves_nothing() -> None:
    turns, a, b, _ = two()
    await turns.wait(a)
    with pytest.raises(TimedOut, match=r"serve\.at_once"):
        await turns.wait(b, time.monotonic() - 1)
    assert turns.machine.waiting == 0


async def test_the_line_has_an_end() -> None:
    machine = Machine()
    runner = machine.add(Runner("a", limit=1))
    turns = Turns(machine, longest=0)
    with pytest.raises(Overloaded, match="0 running and 0 waiting") as refused:
        await turns.wait(runner)
    assert refused.value.retry_after is not None


async def test_closing_leaves_no_timer() -> None:
    turns, a, b, _ = two(rules=Rules(residency=60.0))
    await turns.wait(a)
    turns.leave(a)
    waits = asyncio.create_task(turns.wait(b))
    await asyncio.sleep(0)
    turns.close()
    waits.cancel()
    await asyncio.gather(waits, return_exceptions=True)
