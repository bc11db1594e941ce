import time
from dataclasses import dataclass, field
from random import Random

import pytest

from homeward.backends.scripted import Scripted
from homeward.errors import ConfigError, Failed, ModelError, Overloaded, Rejected, Unreachable
from homeward.model import Answer, Decision, Model, Request, Stream
from homeward.strategies.retried import Retried
from tests.contract import HELLO, Tree, check_promises, fails, heard, said, says


@dataclass(frozen=True)
class Sequel:
    """Asks another model at each call."""

    models: list[Model]
    asked: list[Request] = field(default_factory=list)

    async def chat(self, request: Request) -> Stream:
        self.asked.append(request)
        async for event in self.models[len(self.asked) - 1].chat(request):
            yield event


def failing(error: ModelError) -> Model:
    return Scripted([error])


async def test_keeps_every_promise() -> None:
    def build() -> Tree:
        leaf = says("one", "two")
        return Retried(leaf), (leaf,)

    await check_promises(build)


async def test_a_passing_failure_passes() -> None:
    events = await heard(Retried(Sequel([fails(), fails(), says("third")]), wait=0))
    assert Answer(tuple(events)).text == "third"
    assert [u.outcome for u in Answer(tuple(events)).usage] == ["failed", "failed", "finished"]
    assert [e.because for e in events if isinstance(e, Decision)] == ["boom", "boom"]


async def test_times_counts_the_further_attempts() -> None:
    sequel = Sequel([fails(), fails(), says("too late")])
    with pytest.raises(Failed, match="boom"):
        await heard(Retried(sequel, times=1, wait=0))
    assert len(sequel.asked) == 2


async def test_what_asking_again_will_not_help_is_raised_at_once() -> None:
    sequel = Sequel([failing(Rejected("bad request")), says("x")])
    with pytest.raises(Rejected):
        await heard(Retried(sequel, wait=0))
    assert len(sequel.asked) == 1


async def test_after_the_first_word_a_failure_is_raised() -> None:
    sequel = Sequel([fails("half an"), says("x")])
    with pytest.raises(Failed):
        await heard(Retried(sequel, wait=0))
    assert len(sequel.asked) == 1


async def test_pauses_are_drawn_from_a_doubling_span() -> None:
    class Most(Random):
        def uniform(self, a: float, b: float) -> float:
            return b

    sequel = Sequel([*(failing(Unreachable("x")) for _ in range(4)), says("x")])
    model = Retried(sequel, times=4, wait=0.001, longest=0.003, random=Most())
    pauses = [e.numbers["seconds"] for e in await heard(model) if isinstance(e, Decision)]
    assert pauses == pytest.approx([0.001, 0.002, 0.003, 0.003])


async def test_the_pause_begins_after_what_the_runtime_asks_for() -> None:
    sequel = Sequel([failing(Overloaded("busy", retry_after=0.002)), says("x")])
    began = time.monotonic()
    events = await heard(Retried(sequel, wait=0))
    assert [e.numbers["seconds"] for e in events if isinstance(e, Decision)] == [0.002]
    assert time.monotonic() - began >= 0.002


async def test_a_runtime_that_is_busy_for_long_is_not_waited_for() -> None:
    with pytest.raises(Overloaded):
        await heard(Retried(Sequel([failing(Overloaded("busy", 3600)), says("x")]), longest=10))


async def test_a_pause_that_outlasts_the_deadline_is_not_taken() -> None:
    sequel = Sequel([failing(Overloaded("busy", 5)), says("x")])
    with pytest.raises(Overloaded):
        await said(Retried(sequel), HELLO.with_(deadline=time.monotonic() + 1))
    assert len(sequel.asked) == 1


def test_negative_numbers_fail_at_construction() -> None:
    with pytest.raises(ConfigError, match="cannot be negative"):
        Retried(says(), times=-1)
