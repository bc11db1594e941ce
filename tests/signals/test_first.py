from dataclasses import dataclass, field

import pytest

from homeward.config import parse
from homeward.errors import ConfigError, Failed
from homeward.model import Answer, Call, Model, Request, Usage, collect
from homeward.reading import Reading, Signal, Weighing, weigh, weighed
from homeward.signals.first import First
from homeward.signals.rules import Rules
from homeward.signals.said import Said
from homeward.strategies.router import Router
from tests.contract import HELLO, Tree, check_promises, heard, says


@dataclass(frozen=True)
class Says:
    """A signal that always reads the same, and counts how often it was asked."""

    reading: Reading
    asked: list[Request] = field(default_factory=list[Request], compare=False)

    async def __call__(self, request: Request) -> Reading:
        self.asked.append(request)
        return self.reading


@dataclass(frozen=True)
class Asking:
    """Asks a model, tells its notes, then reads what it said, or fails."""

    model: Model
    fails: bool = False

    async def __call__(self, request: Request) -> Reading:
        return await weighed(self.asking(request))

    async def asking(self, request: Request) -> Weighing:
        said = Said()
        async for note in said.ask(self.model, request.derive()):
            yield note
        if self.fails:
            raise Failed("no judge")
        yield Reading(said.answer.text or None)


SILENT, BROKEN = Says(Reading(because="nothing to say")), Asking(says("x"), fails=True)


async def test_a_router_by_it_keeps_every_promise() -> None:
    def build() -> Tree:
        leaves = (says("ignored"), says("a"), says("one", "two"))
        signals = [Asking(leaves[0], fails=True), Asking(leaves[1])]
        return Router(First(signals), {"a": leaves[2]}), leaves

    await check_promises(build)


async def test_the_first_that_names_a_label_decides() -> None:
    first, second = Says(Reading("a", 0.2)), Says(Reading("b", 0.9))
    assert await First([SILENT, first, second])(HELLO) == first.reading
    assert not second.asked


async def test_a_score_without_a_label_says_nothing() -> None:
    assert (await First([Says(Reading(score=0.9)), Says(Reading("b"))])(HELLO)).label == "b"


async def test_when_all_abstain_the_last_one_s_reason_is_told() -> None:
    last = Says(Reading(because="out of distribution"))
    assert await First([SILENT, last])(HELLO) == last.reading


async def test_one_that_fails_is_passed_over() -> None:
    assert (await First([BROKEN, Says(Reading("b"))])(HELLO)).label == "b"


async def test_the_last_one_s_failure_is_raised() -> None:
    with pytest.raises(Failed, match="no judge"):
        await First([SILENT, BROKEN])(HELLO)


async def test_the_bills_of_all_that_were_asked_are_passed_on_as_they_come() -> None:
    signal = First([BROKEN, Asking(says()), Asking(says("b"))])
    events = [event async for event in weigh(signal, HELLO)]
    assert [type(event) for event in events] == [*[Call, Usage] * 3, Reading]


async def test_a_failure_at_the_end_keeps_the_bills() -> None:
    judge = says("x", model="judge")
    route = Router(First([SILENT, Asking(judge, fails=True)]), {}, says("else"))
    answer = Answer(tuple(await heard(route)))
    assert [usage.model for usage in answer.usage] == ["judge", "scripted"]
    assert str(answer) == "else"


@pytest.mark.parametrize("signals", [[], ()])
def test_no_signal_fails_at_construction(signals: list[Signal]) -> None:
    with pytest.raises(ConfigError, match="at least one signal"):
        First(signals)


async def test_rules_go_before_what_was_learned() -> None:
    signal = First([Rules([{"small": ["hello"]}]), Says(Reading("large"))])
    assert (await signal(HELLO)).label == "small"
    assert (await signal(Request.of("prove it"))).label == "large"


async def test_in_a_file_signals_are_a_list() -> None:
    text = (
        "models:\n  a: {scripted: {says: A}}\n  b: {scripted: {says: B}}\n"
        "  auto: {router: {by: {first: {signals: [{rules: {a: hello}}, needs]}}, a: a, else: b}}\n"
    )
    async with parse(text, origin="test").open() as models:
        assert str(await collect(models["auto"].chat(HELLO))) == "A"
        assert str(await collect(models["auto"].chat(Request.of("other")))) == "B"
