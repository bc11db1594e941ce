from dataclasses import dataclass, field

import pytest

from homeward.errors import ConfigError, Failed, Rejected
from homeward.model import Answer, Decision, Model, Request, collect
from homeward.reading import Reading
from homeward.strategies.router import Router
from tests.contract import HELLO, Tree, check_promises, heard, said, says


@dataclass(frozen=True)
class Says:
    """A signal that always reads the same."""

    reading: Reading

    async def __call__(self, request: Request) -> Reading:
        return self.reading


@dataclass(frozen=True)
class Broken:
    async def __call__(self, request: Request) -> Reading:
        raise Failed("no judge")


@dataclass(frozen=True)
class Judged:
    """A signal that asks a model and hands on its bill."""

    model: Model = field(default_factory=lambda: says("code", model="judge"))

    async def __call__(self, request: Request) -> Reading:
        answer = await collect(self.model.chat(request.derive()))
        return Reading(answer.text, notes=answer.notes)


async def test_keeps_every_promise() -> None:
    def build() -> Tree:
        leaves = (says("one", "two"), says("other"))
        return Router(Says(Reading("a")), {"a": leaves[0]}, leaves[1]), leaves

    await check_promises(build)


async def test_keeps_every_promise_with_a_signal_that_asks_a_model() -> None:
    def build() -> Tree:
        judge, coder = says("code"), says("one", "two")
        return Router(Judged(judge), {"code": coder}), (judge, coder)

    await check_promises(build)


async def test_asks_the_model_of_the_label() -> None:
    other = says("no")
    model = Router(Says(Reading("code")), {"code": says("yes"), "chat": other})
    assert await said(model) == "yes"
    assert not other.journal.asked


@pytest.mark.parametrize("reading", [Reading("poetry"), Reading()])
async def test_an_unknown_label_and_an_abstention_go_to_else(reading: Reading) -> None:
    assert await said(Router(Says(reading), {"code": says("no")}, says("else"))) == "else"


async def test_without_else_the_request_is_rejected_with_the_labels() -> None:
    model = Router(Says(Reading("poetry")), {"code": says(), "chat": says()})
    with pytest.raises(Rejected, match=r"'poetry'.*'code', 'chat'"):
        await heard(model)


async def test_says_why_and_with_which_numbers() -> None:
    reading = Reading("code", 0.9, "it has a fence", {"fences": 1.0})
    events = await heard(Router(Says(reading), {"code": says("x")}))
    assert events[0] == Decision("router", "code", "it has a fence", {"fences": 1.0, "score": 0.9})


async def test_the_signals_bill_is_passed_on() -> None:
    events = await heard(Router(Judged(), {"code": says("x")}))
    assert [e.model for e in Answer(tuple(events)).usage] == ["judge", "scripted"]


async def test_a_signal_that_fails_goes_to_else() -> None:
    events = await heard(Router(Broken(), {}, says("else")))
    assert isinstance(events[0], Decision)
    assert events[0].because == "the signal failed: no judge"


async def test_a_signal_that_fails_without_else_is_the_error() -> None:
    with pytest.raises(Failed, match="no judge"):
        await heard(Router(Broken(), {"code": says()}), HELLO)


def test_a_router_to_nowhere_fails_at_construction() -> None:
    with pytest.raises(ConfigError, match="at least one label"):
        Router(Says(Reading()))
