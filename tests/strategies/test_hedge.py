import pytest

from homeward.backends.scripted import Scripted
from homeward.errors import AllFailed, ConfigError, Failed
from homeward.model import Decision, Finish, Text, collect
from homeward.strategies.hedge import Hedge
from tests.contract import HELLO, Tree, When, check_promises, fails, heard, says

SLOW = 3600.0  # seconds that no test waits for


def slow_and_quick() -> Tree:
    leaves = [says("slow", after=SLOW), says("quick", " words", every=0.001)]
    return Hedge(leaves, after=0.005), leaves


def quick_and_spare() -> Tree:
    leaves = [says("quick", " words", every=0.001), says("spare")]
    return Hedge(leaves, after=SLOW), leaves


@pytest.mark.parametrize("build", [slow_and_quick, quick_and_spare])
async def test_keeps_every_promise(build: object) -> None:
    await check_promises(build)  # type: ignore[arg-type]  # one of the two above


async def test_a_quick_first_model_is_the_only_one_asked() -> None:
    model, leaves = quick_and_spare()
    events = await heard(model)
    assert [e.text for e in events if isinstance(e, Text)] == ["quick", " words"]
    assert leaves[1].journal.asked == []


async def test_a_slow_first_model_is_overtaken_cancelled_and_billed() -> None:
    model, leaves = slow_and_quick()
    answer = await collect(model.chat(HELLO))
    assert answer.text == "quick words"
    assert [bill.outcome for bill in answer.usage] == ["cancelled", "finished"]
    assert [e.chose for e in answer.events if isinstance(e, Decision)] == ["2"]
    assert leaves[0].journal.open == 0


async def test_the_first_model_still_wins_if_it_says_the_first_word() -> None:
    second = says("two", after=SLOW)
    first = When(lambda: second.journal.asked, says("one", model="a"))
    answer = await collect(Hedge({"a": first, "b": second}, after=0.001).chat(HELLO))
    assert (answer.text, answer.finish) == ("one", Finish(model="a"))
    assert len(second.journal.asked) == 1


async def test_a_further_model_is_asked_each_time_the_silence_lasts() -> None:
    leaves = [says("1", after=SLOW), says("2", after=SLOW), says("3"), says("4")]
    answer = await collect(Hedge(leaves, after=0.3).chat(HELLO))
    assert answer.text == "3"
    assert [len(leaf.journal.asked) for leaf in leaves] == [1, 1, 1, 0]


async def test_a_failure_without_a_word_is_followed_at_once() -> None:
    answer = await collect(Hedge([fails(), says("fine")], after=SLOW).chat(HELLO))
    assert answer.text == "fine"
    assert next(e.because for e in answer.events if isinstance(e, Decision)) == "boom"


async def test_after_the_first_word_the_voice_stays() -> None:
    spare = says("spare")
    with pytest.raises(Failed, match="boom"):
        await collect(Hedge([fails("half"), spare], after=SLOW).chat(HELLO))
    assert spare.journal.asked == []


async def test_fails_when_all_fail() -> None:
    with pytest.raises(AllFailed, match="boom; bang"):
        await collect(Hedge([fails(), Scripted(fails="bang")], after=SLOW).chat(HELLO))


@pytest.mark.parametrize(("models", "after"), [([], 1.0), ([says("a")], -1.0)])
def test_nobody_to_ask_and_a_negative_wait_are_refused(
    models: list[Scripted], after: float
) -> None:
    with pytest.raises(ConfigError):
        Hedge(models, after=after)


async def test_without_a_wait_all_are_asked_at_once() -> None:
    model = Hedge([says("slow", after=SLOW), says("slow too", after=SLOW), says("quick")], after=0)
    assert "".join(e.text for e in await heard(model) if isinstance(e, Text)) == "quick"
