import asyncio
import signal
import sys

import pytest

from homeward.interrupt import run


async def answer() -> int:
    await asyncio.sleep(0)
    return 42


async def mistake() -> None:
    raise LookupError("here")


def test_the_result_is_that_of_the_work() -> None:
    assert run(answer()) == 42


def test_a_mistake_is_raised_as_it_is() -> None:
    with pytest.raises(LookupError, match="here"):
        run(mistake())


@pytest.mark.skipif(sys.platform == "win32", reason="its loop has no signals")
def test_ctrl_c_is_heard_when_the_loop_has_its_hands_free_and_not_before() -> None:
    heard: list[int] = []

    async def work() -> None:
        task = asyncio.current_task()
        assert task is not None
        signal.raise_signal(signal.SIGINT)
        heard.append(task.cancelling())
        try:
            await asyncio.sleep(30)
        finally:
            heard.append(task.cancelling())

    with pytest.raises(KeyboardInterrupt):
        run(work())
    assert heard == [0, 1]
