import pytest

from homeward.errors import AllFailed, ConfigError, Failed
from homeward.model import Decision, Finish, Text
from homeward.strategies.fallback import Fallback
from tests.contract import Tree, check_promises, fails, heard, said, says


async def test_keeps_every_promise() -> None:
    def build() -> Tree:
        leaves = (fails(), says("one", "two"))
        return Fallback(leaves), leaves

    await check_promises(build)


async def test_the_first_that_can_answers() -> None:
    second = says("b")
    assert await said(Fallback([says("a"), second])) == "a"
    assert not second.journal.asked


async def test_moves_on_and_says_why() -> None:
    events = await heard(Fallback({"near": fails(), "far": says("rescued")}))
    decision = next(e for e in events if isinstance(e, Decision))
    assert (decision.by, decision.chose) == ("fallback", "far")
    assert "boom" in decision.because
    assert [e.text for e in events if isinstance(e, Text)] == ["rescued"]


async def test_after_the_first_word_a_failure_is_raised() -> None:
    second = says("another voice")
    with pytest.raises(Failed, match="boom"):
        await heard(Fallback([fails("half an"), second]))
    assert not second.journal.asked


async def test_an_answer_without_words_is_an_answer() -> None:
    events = await heard(Fallback([says(), says("b")]))
    assert events[-1] == Finish(model="scripted")
    assert not [e for e in events if isinstance(e, Text)]


async def test_all_reasons_are_told() -> None:
    with pytest.raises(AllFailed) as caught:
        await heard(Fallback([fails(), fails()]))
    assert [str(error) for error in caught.value.errors] == ["boom", "boom"]


def test_nobody_to_ask_fails_at_construction() -> None:
    with pytest.raises(ConfigError, match="at least one model"):
        Fallback([])
