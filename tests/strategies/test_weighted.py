import time

import pytest

from homeward.backends.scripted import Scripted
from homeward.errors import AllFailed, Failed
from homeward.model import Answer, Decision, Finish, Text, ToolCall, collect
from homeward.strategies.ensemble import Ensemble
from homeward.strategies.weighted import Weighted
from tests.contract import HELLO, fails, heard, said, says


async def asked(*leaves: Scripted) -> Answer:
    return await collect(Ensemble(leaves, Weighted()).chat(HELLO))


async def test_only_the_heaviest_is_asked_while_it_speaks() -> None:
    light, heavy = says("light"), says("heavy", model="h")
    models = {"light": light, "heavy": heavy}
    answer = await collect(Ensemble(models, Weighted(), weights={"heavy": 0.9}).chat(HELLO))
    assert (answer.text, answer.finish) == ("heavy", Finish(model="h"))
    assert light.journal.asked == []


async def test_streams_the_words_as_they_come() -> None:
    events = await heard(Ensemble([says("a", " b"), says("c")], Weighted()))
    assert [e.text for e in events if isinstance(e, Text)] == ["a", " b"]


@pytest.mark.parametrize(
    "silent",
    [
        Scripted(fails="boom"),
        Scripted(),
        Scripted([Finish("length")]),
        Scripted([Finish("content_filter")]),
    ],
)
async def test_who_ends_without_a_word_is_passed_over(silent: Scripted) -> None:
    answer = await asked(silent, says("fine"))
    assert answer.text == "fine"
    assert [e.chose for e in answer.events if isinstance(e, Decision)] == ["next", "2"]


async def test_after_the_first_word_the_voice_stays_and_its_failure_is_raised() -> None:
    spare = says("spare")
    with pytest.raises(Failed, match="boom"):
        await asked(fails("half"), spare)
    assert spare.journal.asked == []


async def test_when_nobody_has_words_the_first_that_did_not_fail_ends_the_answer() -> None:
    answer = await asked(fails(), Scripted([Finish("length")]), Scripted())
    assert (answer.text, answer.finish) == ("", Finish("length", "scripted"))


async def test_tool_calls_pass_through() -> None:
    call = ToolCall(0, "1", "look_up", "{}")
    answer = await asked(Scripted([call]), says("never"))
    assert answer.tool_calls == (call,)


async def test_a_silent_model_is_left_at_the_deadline() -> None:
    leaves = [says("late", after=3600.0), says("never asked")]
    request = HELLO.with_(deadline=time.monotonic() + 0.5)  # enough to ask the first
    with pytest.raises(AllFailed, match="stopped before it had answered"):
        await said(Ensemble(leaves, Weighted()), request)
    assert leaves[1].journal.asked == []
