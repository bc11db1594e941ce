import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

import pytest

from homeward.errors import ConfigError, Failed, Garbled
from homeward.model import Assigned, Call, Clearance, Model, Request, Text, Tool, Usage
from homeward.strategies.shadow import Background, Compare, Shadow, Shadowed
from tests.contract import HELLO, Tree, check_promises, fails, heard, said, says


@pytest.fixture
async def background() -> AsyncGenerator[Background]:
    async with Background() as background:
        yield background


class Told(list[Shadowed]):
    """What was told of pairs."""

    def __call__(self, pair: Shadowed) -> None:
        self.append(pair)


def shadow(
    control: Model,
    treatment: Model,
    background: Background,
    told: Callable[[Shadowed], None] = Told(),  # noqa: B008  nobody reads it
    compare: Compare | None = None,
    share: float = 1.0,
) -> Shadow:
    return Shadow(control, treatment, told, background, compare, share)


async def test_keeps_every_promise() -> None:
    def build() -> Tree:
        leaves = (says("one", "two"), says("three"))
        return shadow(*leaves, Background()), leaves[:1]

    await check_promises(build)


async def test_the_control_is_heard_alone(background: Background) -> None:
    events = await heard(shadow(says("a", "b"), says("other"), background))
    assert "".join(e.text for e in events if isinstance(e, Text)) == "ab"
    assert [type(e) for e in events[:2]] == [Assigned, Call]
    assert sum(isinstance(e, Usage) for e in events) == 1


async def test_both_answers_are_told(background: Background) -> None:
    told = Told()
    await heard(shadow(says("a", "b"), says("other"), background, told))
    await background.settled()
    [pair] = told
    assert (pair.control.text, pair.treatment.text, pair.outcome) == ("ab", "other", "finished")
    assert len(pair.treatment.usage) == 1


async def test_the_treatment_begins_when_the_control_has_ended(background: Background) -> None:
    treatment = says("other")
    async with aclosing(shadow(says("a", "b"), treatment, background).chat(HELLO)) as events:
        async for event in events:
            if isinstance(event, Text):
                await asyncio.sleep(0)
                assert background.running == 0
    await background.settled()
    assert len(treatment.journal.asked) == 1


async def test_a_control_that_fails_is_shadowed_too(background: Background) -> None:
    told = Told()
    with pytest.raises(Failed):
        await heard(shadow(fails("a"), says("other"), background, told))
    await background.settled()
    assert [pair.treatment.text for pair in told] == ["other"]


async def test_a_treatment_that_fails_disturbs_nobody(background: Background) -> None:
    told = Told()
    assert await said(shadow(says("a"), fails("half"), background, told)) == "a"
    await background.settled()
    assert [(pair.outcome, type(pair.error)) for pair in told] == [("failed", Failed)]


async def test_an_answer_without_an_end_has_failed(background: Background) -> None:
    class Endless:
        async def chat(self, request: Request) -> "AsyncGenerator[Text, None]":
            yield Text("...")

    told = Told()
    await heard(shadow(says("a"), Endless(), background, told))
    await background.settled()
    assert isinstance(told[0].error, Garbled)


async def test_what_a_client_left_is_not_shadowed(background: Background) -> None:
    treatment = says("other")
    async with aclosing(shadow(says("a", "b"), treatment, background).chat(HELLO)) as events:
        async for event in events:
            if isinstance(event, Text):
                break
    assert background.running == 0


async def test_requests_with_tools_are_not_shadowed(background: Background) -> None:
    request = HELLO.with_(tools=(Tool("look"),))
    events = await heard(shadow(says("a"), says("other"), background), request)
    assert not any(isinstance(e, Assigned) for e in events)
    assert background.running == 0


async def test_a_share_of_the_conversations_is_shadowed(background: Background) -> None:
    model = shadow(says("a"), says("other"), background, share=0.5)
    marked = 0
    for n in range(60):
        marked += any(isinstance(e, Assigned) for e in await heard(model, Request.of(str(n))))
        await background.settled()
    assert 10 < marked < 50


async def test_what_must_follow_a_request_follows_it(background: Background) -> None:
    treatment = says("other")
    request = HELLO.with_(clearance=Clearance.NETWORK, tenant="north", budget_usd=0.5, trace="t1")
    await heard(shadow(says("a"), treatment, background), request)
    await background.settled()
    assert treatment.journal.asked == [request]


async def test_it_has_as_much_time_as_the_control_had(background: Background) -> None:
    treatment, until = says("other"), asyncio.get_running_loop().time() + 60
    await heard(shadow(says("a"), treatment, background), HELLO.with_(deadline=until))
    await background.settled()
    assert (treatment.journal.asked[0].deadline or 0) >= until


async def test_what_does_not_fit_is_dropped_and_counted() -> None:
    never = says("never", after=3600)
    async with Background(at_once=1) as background:
        for _ in range(3):
            await heard(shadow(says("a"), never, background))
        assert (background.running, background.dropped) == (1, 2)


async def test_the_end_cancels_what_runs_and_bills_it() -> None:
    told, never = Told(), says("never", after=3600)
    async with Background() as background:
        await heard(shadow(says("a"), never, background, told))
        while not never.journal.open:  # noqa: ASYNC110  a turn of the loop is all that it takes
            await asyncio.sleep(0)
    assert never.journal.open == 0
    assert [pair.outcome for pair in told] == ["cancelled"]
    assert [bill.outcome for bill in told[0].treatment.usage] == ["cancelled"]


async def test_pairs_that_answered_are_compared(background: Background) -> None:
    compared: list[str] = []

    async def compare(pair: Shadowed) -> None:
        compared.append(pair.treatment.text)

    comparing: Callable[[Shadowed], Awaitable[None]] = compare
    await heard(shadow(says("a"), says("other"), background, compare=comparing))
    await heard(shadow(says("a"), fails("half"), background, compare=comparing))
    await background.settled()
    assert compared == ["other"]


@pytest.mark.parametrize("share", [0.0, 1.5])
def test_a_share_is_a_part(share: float) -> None:
    with pytest.raises(ConfigError, match="share"):
        shadow(says(), says(), Background(), share=share)
