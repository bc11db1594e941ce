from pathlib import Path

import pytest

from homeward.config import parse
from homeward.errors import ConfigError
from homeward.model import Answer, Candidate, Event, Finish, Models, Request, Text, collect
from homeward.reading import Reading, weigh
from homeward.signals.learned.check import LearnedCheck
from homeward.signals.learned.file import save
from homeward.strategies.cascade import Cascade
from tests.contract import Tree, check_promises, fails, said, says
from tests.learn.train.drawn import ELSEWHERE, PAIR, prompt, router

ASKS = Request.of(prompt(), tenant="t", trace="t", budget_usd=1.0)


@pytest.fixture
def agreeing(tmp_path: Path) -> Path:
    save(router(PAIR, checkers=("a", "b")), tmp_path / "agreeing")
    return tmp_path / "agreeing"


@pytest.fixture
def reading(tmp_path: Path) -> Path:
    save(router(PAIR, with_answer=True), tmp_path / "reading")
    return tmp_path / "reading"


def answer(text: str) -> Answer:
    return Answer((Text(text), Finish()))


async def test_a_cascade_with_it_keeps_every_promise(agreeing: Path) -> None:
    def build() -> Tree:
        leaves = (says("it is 4"), says("5"), fails("4"), says("it is", "4"))
        check = LearnedCheck(agreeing, leaves[1:3])
        return Cascade([leaves[0]], leaves[3], check), leaves

    await check_promises(build, ASKS)


async def test_the_score_is_the_chance_that_the_draft_is_right(agreeing: Path) -> None:
    found = await LearnedCheck(agreeing, [says("42"), says("41")])(ASKS, answer("It is 42."))
    wanted = router(PAIR, checkers=("a", "b")).right(prompt(), "It is 42.", "42", ["42", "41"])
    assert found.score == wanted
    assert (found.label, found.because) == ("42", f"right with p = {wanted:.2f}, 1 of 2 agree")


async def test_the_gain_is_what_asking_the_strong_model_would_add(reading: Path) -> None:
    found = await LearnedCheck(reading)(ASKS, answer("It is 42."))
    strong = router(PAIR, with_answer=True).predict(prompt()).quality["large"]
    assert found.score is not None
    assert found.numbers["gain"] == pytest.approx(strong - found.score)


async def test_checkers_that_agree_raise_it(agreeing: Path) -> None:
    async def score(*checkers: str) -> float:
        found = await LearnedCheck(agreeing, [*map(says, checkers)])(ASKS, answer("It is 42."))
        assert found.score is not None
        return found.score

    assert await score("42", "42") > await score("42", "41") > await score("40", "41")


async def test_the_same_question_is_asked_of_each_checker(agreeing: Path) -> None:
    checkers = (says("42"), says("42"))
    await LearnedCheck(agreeing, checkers)(ASKS, answer("It is 42."))
    assert [checker.journal.asked for checker in checkers] == [[ASKS], [ASKS]]


async def test_every_checker_is_billed_and_shown(agreeing: Path) -> None:
    check = LearnedCheck(agreeing, {"a": says("It is 42."), "b": fails("half")})
    notes = Answer((await check(ASKS, answer("It is 42."))).notes)
    assert [usage.outcome for usage in notes.usage] == ["finished", "failed"]
    assert [*notes.candidates] == [
        Candidate("learned", "a", "It is 42.", extracted="42"),
        Candidate("learned", "b", "", error="boom"),
    ]


async def test_bills_are_told_as_they_come(agreeing: Path) -> None:
    check = LearnedCheck(agreeing, [says("42"), says("41")])
    events: list[Event | Reading] = [e async for e in weigh(check, ASKS, answer("42"))]
    kinds = [type(event).__name__ for event in events]
    assert kinds == [*["Call", "Usage", "Candidate"] * 2, "Reading"]


async def test_a_checker_that_fails_abstains(agreeing: Path) -> None:
    found = await LearnedCheck(agreeing, [says("42"), fails()])(ASKS, answer("It is 42."))
    wanted = router(PAIR, checkers=("a", "b")).right(prompt(), "It is 42.", "42", ["42", None])
    assert found.score == wanted


async def test_an_empty_draft_gets_a_score(agreeing: Path) -> None:
    found = await LearnedCheck(agreeing, [says("42"), says("42")])(ASKS, answer(""))
    assert found.label is None
    assert found.score is not None


async def test_out_of_distribution_it_abstains_and_asks_nobody(agreeing: Path) -> None:
    checkers = (says("42"), says("42"))
    found = await LearnedCheck(agreeing, checkers)(Request.of(ELSEWHERE), answer("42"))
    assert (found.score, found.notes) == (None, ())
    assert "out of the distribution" in found.because
    assert not any(checker.journal.asked for checker in checkers)


async def test_a_doubtful_draft_is_sent_on(reading: Path) -> None:
    check, final = LearnedCheck(reading), says("hosted")
    assert await said(Cascade([says("It is 42.")], final, check), ASKS) == "It is 42."
    doubts = says("However, it might not be 42.")
    assert await said(Cascade([doubts], final, check), ASKS) == "hosted"


async def test_a_router_that_has_seen_no_answers_judges_by_the_question(tmp_path: Path) -> None:
    save(router(PAIR), tmp_path)
    found = await LearnedCheck(tmp_path)(ASKS, answer("whatever"))
    assert found.score == router(PAIR).predict(prompt()).quality["small"]


@pytest.mark.parametrize("given", [(), says("1"), [says("1")], [says("1")] * 3])
def test_another_number_of_checkers_fails_at_construction(agreeing: Path, given: Models) -> None:
    with pytest.raises(ConfigError, match=r"trained with checkers \(a, b\); `with` has [013]"):
        LearnedCheck(agreeing, given)


def test_checkers_where_none_were_trained_with_fail_at_construction(reading: Path) -> None:
    with pytest.raises(ConfigError, match=r"checkers \(none\); `with` has 1"):
        LearnedCheck(reading, says("1"))


def test_a_folder_without_a_router_fails_at_construction(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no router in"):
        LearnedCheck(tmp_path / "nowhere")


async def test_in_a_file_it_is_a_check_of_a_cascade(agreeing: Path) -> None:
    text = (
        "models:\n  s: {scripted: {says: It is 42.}}\n  l: {scripted: {says: large}}\n"
        f"  auto: {{cascade: {{drafts: [s], final: l, accept: {{learned: {{path: '{agreeing}',"
        " with: [s, s]}}}}\n"
    )
    async with parse(text, origin="test").open() as models:
        assert str(await collect(models["auto"].chat(ASKS))) == "It is 42."
