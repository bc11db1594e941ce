import pytest

from homeward.errors import ConfigError
from homeward.model import Answer, Candidate, Finish, Request, Text
from homeward.reading import Reading
from homeward.signals.agreement import Agreement
from homeward.signals.answers import extractor
from homeward.strategies.cascade import Cascade
from tests.contract import HELLO, Tree, check_promises, fails, said, says

NUMBER = extractor("number")


async def read(check: Agreement, text: str, request: Request = HELLO) -> Reading:
    return await check(request, Answer((Text(text), Finish())))


async def test_a_cascade_with_it_keeps_every_promise() -> None:
    def build() -> Tree:
        leaves = (says("it is 4"), says("5"), fails("4"), says("it is", "4"))
        check = Agreement(leaves[1:3], NUMBER)
        return Cascade([leaves[0]], leaves[3], check), leaves

    await check_promises(build)


async def test_the_score_is_the_share_that_agrees() -> None:
    check = Agreement([says("4.0"), says("It is 4."), says("5"), says("5 or 4")], NUMBER)
    reading = await read(check, "The answer is 4")
    assert (reading.score, reading.label) == (0.75, "4")
    assert reading.numbers == {"agree": 3.0, "answered": 4.0}


async def test_who_abstains_or_fails_does_not_count() -> None:
    check = Agreement([says("I don't know"), fails("4"), says("4")], NUMBER)
    assert (await read(check, "4")).score == 1.0


async def test_a_draft_without_an_answer_abstains_and_asks_nobody() -> None:
    checker = says("4")
    assert (await read(Agreement(checker, NUMBER), "I don't know")).score is None
    assert not checker.journal.asked


async def test_when_no_checker_answers_it_abstains() -> None:
    assert (await read(Agreement([says("?"), fails()], NUMBER), "4")).score is None


async def test_the_same_question_is_asked() -> None:
    checker = says("4")
    request = HELLO.with_(tenant="t").sampled(temperature=0.0)
    await read(Agreement(checker, NUMBER), "4", request)
    assert checker.journal.asked == [request]


async def test_every_checker_is_billed_and_shown() -> None:
    check = Agreement({"a": says("It is 4"), "b": fails("half")}, NUMBER)
    notes = Answer((await read(check, "4")).notes)
    assert [usage.outcome for usage in notes.usage] == ["finished", "failed"]
    assert [e for e in notes.events if isinstance(e, Candidate)] == [
        Candidate("agreement", "a", "It is 4", extracted="4"),
        Candidate("agreement", "b", "", error="boom"),
    ]


async def test_two_that_agree_answer_and_two_that_do_not_escalate() -> None:
    final = says("hosted")
    agreed = Cascade([says("It is 4")], final, Agreement(says("4"), NUMBER))
    assert await said(agreed) == "It is 4"
    assert not final.journal.asked
    assert await said(Cascade([says("It is 4")], final, Agreement(says("5"), NUMBER))) == "hosted"


def test_nobody_to_agree_with_fails_at_construction() -> None:
    with pytest.raises(ConfigError, match="`with`"):
        Agreement([], NUMBER)
