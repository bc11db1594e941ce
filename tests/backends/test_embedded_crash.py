"""What is left when a child, a reader or the parent ends in the middle of an answer."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from homeward.backends.child import Plan
from homeward.backends.embedded import Embedded
from homeward.backends.http import Http
from homeward.backends.llamas import Llamas
from homeward.backends.scripted import Scripted
from homeward.errors import Failed
from homeward.model import Call, Event, Finish, Request, Sampling, Text, Usage, collect
from homeward.strategies.fallback import Fallback
from tests.backends import tiny_gguf
from tests.backends.processes import children, gone

LONG = Request.of("hello", sampling=Sampling(temperature=0, max_tokens=300))
ENDLESS = Request.of("hello", sampling=Sampling(temperature=0))
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_gguf.write(tmp_path_factory.mktemp("models") / "tiny.gguf")


@pytest.fixture
async def llamas() -> AsyncIterator[Llamas]:
    async with Llamas() as owner:
        yield owner


async def kill(llamas: Llamas, plan: Plan, with_: signal.Signals = signal.SIGKILL) -> int:
    async with llamas.borrow(plan) as child:
        os.kill(child.pid, with_)
        return child.pid


async def interrupted(model: Embedded, llamas: Llamas, plan: Plan) -> list[Event]:
    """What is heard of an endless answer whose process is killed after its first word."""
    heard: list[Event] = []

    async def listen() -> None:
        async with aclosing(model.chat(ENDLESS)) as events:
            async for event in events:
                if isinstance(event, Text) and not any(isinstance(e, Text) for e in heard):
                    await kill(llamas, plan)
                heard.append(event)

    with pytest.raises(Failed, match="of tiny ended with signal 9 while it answered"):
        await listen()
    return heard


async def test_sixteen_streams_one_cancelled_and_another_child_killed(tiny: Path) -> None:
    async def cancelled(model: Embedded) -> None:
        async with aclosing(model.chat(ENDLESS)) as events:
            async for event in events:
                if isinstance(event, Text):
                    asyncio.current_task().cancel()  # type: ignore[union-attr]

    path, plan = str(tiny), Plan(tiny, context=200_000, parallel=1, threads=1)
    async with Llamas() as llamas, Http() as http:
        model = Embedded(path, threads=1, llamas=llamas, http=http)
        other = Embedded(path, 200_000, 1, 1, llamas=llamas, http=http)
        unlucky = asyncio.create_task(interrupted(other, llamas, plan))
        reader = asyncio.create_task(cancelled(model))
        answers = await asyncio.gather(*(collect(model.chat(LONG)) for _ in range(15)))
        heard = await unlucky
        with pytest.raises(asyncio.CancelledError):
            await reader
        async with llamas.borrow(Plan(tiny, threads=1)) as child, llamas.borrow(plan) as next_one:
            pids = child.pid, next_one.pid

    assert [answer.finish for answer in answers] == [Finish("length", "tiny")] * 15
    assert [e.outcome for e in heard if isinstance(e, Usage)] == ["failed"]
    assert all([await gone(pid) for pid in pids])


async def test_the_next_question_starts_a_killed_one_again(tiny: Path, llamas: Llamas) -> None:
    model = Embedded(str(tiny), context=200_000, parallel=1, threads=1, llamas=llamas)
    await interrupted(model, llamas, Plan(tiny, context=200_000, parallel=1, threads=1))
    assert (await collect(model.chat(LONG))).text


async def test_one_that_died_between_questions_is_not_missed(tiny: Path, llamas: Llamas) -> None:
    assert await gone(await kill(llamas, Plan(tiny, threads=1)))
    assert (await collect(Embedded(str(tiny), threads=1, llamas=llamas).chat(LONG))).text


async def test_one_killed_before_its_first_word_is_replaced_by_the_next_model(
    tiny: Path, llamas: Llamas
) -> None:
    plan = Plan(tiny, threads=1)
    model = Fallback([Embedded(str(tiny), threads=1, llamas=llamas), Scripted("here instead")])
    await kill(llamas, plan, signal.SIGSTOP)  # so that it is silent
    heard = asyncio.create_task(collect(model.chat(LONG)))
    while not llamas._seats[plan].users:  # noqa: ASYNC110  it asks that one, and no later one
        await asyncio.sleep(0.001)
    await kill(llamas, plan)
    answer = await heard
    assert answer.text == "here instead"
    assert {e.id for e in answer.events if isinstance(e, Call)} == {u.call for u in answer.usage}


async def test_a_reader_who_is_cancelled_leaves_nothing_of_a_call_without_an_owner(
    tiny: Path,
) -> None:
    begun = children()
    reading = asyncio.create_task(
        collect(Embedded(str(tiny), context=200_000, parallel=1, threads=1).chat(ENDLESS))
    )
    while not children() - begun:  # noqa: ASYNC110  # another process sets no event
        await asyncio.sleep(0.01)
    reading.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reading
    assert children() <= begun


PARENT = """
import asyncio, sys
from pathlib import Path
from homeward.backends.child import Plan
from homeward.backends.llamas import Llamas

async def main():
    async with Llamas() as llamas, llamas.borrow(Plan(Path(sys.argv[1]))) as child:
        print(child.pid, child.address.removeprefix("unix://"), flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
async def test_a_parent_that_ends_leaves_no_child(tiny: Path, end: signal.Signals) -> None:
    parent = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", PARENT, str(tiny)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with parent:
        assert parent.stdout is not None
        pid, address = parent.stdout.readline().decode().split()
        parent.send_signal(end)
    assert await gone(int(pid))
    assert not os.path.exists(address)  # noqa: ASYNC240


@linux
async def test_loading_and_unloading_leaks_neither_descriptors_nor_memory(tiny: Path) -> None:
    async def cycle() -> tuple[int, int]:
        async with Llamas() as llamas, Http() as http:
            await collect(Embedded(str(tiny), threads=1, llamas=llamas, http=http).chat(LONG))
        await asyncio.sleep(0)
        pages = int(subprocess.check_output(["cat", f"/proc/{os.getpid()}/statm"]).split()[1])  # noqa: ASYNC221
        return len(os.listdir("/proc/self/fd")), pages * os.sysconf("SC_PAGE_SIZE")

    for _ in range(2):
        descriptors, memory = await cycle()
    for _ in range(5):
        after = await cycle()
    assert after[0] <= descriptors
    assert after[1] - memory < 4 << 20
