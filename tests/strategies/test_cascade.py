from collections.abc import Callable
from dataclasses import dataclass, fields

import pytest

from homeward.backends.scripted import Scripted
from homeward.config.kinds import TABLES, load
from homeward.errors import ConfigError, Failed, Forbidden
from homeward.model import (
    Answer,
    Candidate,
    Decision,
    Edit,
    Event,
    Finish,
    Logprob,
    Model,
    Request,
    Text,
    ToolCall,
    Usage,
    collect,
)
from homeward.reading import Check, Reading
from homeward.signals.agreement import Agreement
from homeward.signals.answers import EXTRACTORS
from homeward.signals.judge import Judge
from homeward.strategies.cascade import Cascade
from homeward.strategies.hedge import Hedge
from tests.contract import HELLO, Tree, When, check_promises, fails, heard, said, says


@dataclass(frozen=True)
class Longer:
    """Ten letters are worth 1; abstains on an answer with a question mark."""

    async def __call__(self, request: Request, answer: Answer) -> Reading:
        if "?" in answer.text:
            return Reading(because="it asks back")
        return Reading(score=min(1.0, len(answer.text) / 10))


@dataclass(frozen=True)
class Sure(Longer):
    logprobs: int = 2


@dataclass(frozen=True)
class Asks:
    model: Scripted

    async def __call__(self, request: Request, answer: Answer) -> Reading:
        checked = await collect(self.model.chat(request.derive()))
        return Reading(score=0.0, notes=checked.notes)


class Calibrated:
    async def __call__(self, request: Request, answer: Answer) -> Reading:
        numbers = {"calibrated": 1.0, "score": 0.97, "threshold": 0.83}
        return Reading(score=1.0, because="0.97 >= 0.83", numbers=numbers)


class Broken:
    async def __call__(self, request: Request, answer: Answer) -> Reading:
        raise Failed("the judge is out")


def words(events: list[Event]) -> str:
    return "".join(e.text for e in events if isinstance(e, Text))


async def test_keeps_every_promise_when_it_escalates() -> None:
    def build() -> Tree:
        leaves = (says("meh"), fails("half"), says("one", "two"))
        return Cascade(leaves[:2], leaves[2], Longer()), leaves

    await check_promises(build)


async def test_keeps_every_promise_when_a_draft_is_kept() -> None:
    def build() -> Tree:
        leaves = (says("long ", "enough"), says("unasked"))
        return Cascade([leaves[0]], leaves[1], Longer()), leaves

    await check_promises(build)


async def test_keeps_every_promise_when_it_is_degraded() -> None:
    def build() -> Tree:
        leaves = (says("meh", "!"), fails())
        return Cascade([leaves[0]], leaves[1], Longer()), leaves

    await check_promises(build)


async def test_a_good_draft_is_kept_and_nobody_else_is_asked() -> None:
    final = says("expensive")
    assert await said(Cascade([says("long enough")], final, Longer())) == "long enough"
    assert not final.journal.asked


async def test_a_poor_draft_escalates_and_its_bill_stays() -> None:
    events = await heard(Cascade([says("meh", model="small")], says("expensive"), Longer()))
    assert words(events) == "expensive"
    assert [u.model for u in Answer(tuple(events)).usage] == ["small", "scripted"]


async def test_the_threshold_is_in_the_unit_of_the_score() -> None:
    assert await said(Cascade([says("meh")], says("expensive"), Longer(), threshold=0.3)) == "meh"


async def test_a_check_that_is_not_calibrated_is_told_in_every_decision() -> None:
    events = await heard(Cascade([says("meh"), says("long enough")], says("x"), Longer()))
    decisions = [e for e in events if isinstance(e, Decision)]
    assert [d.numbers for d in decisions] == [
        {"calibrated": 0.0, "score": 0.3, "threshold": 0.5},
        {"calibrated": 0.0, "score": 1.0, "threshold": 0.5},
    ]
    assert [d.because for d in decisions] == [
        "1 is not good enough; not calibrated",
        "good enough; not calibrated",
    ]


async def test_a_check_that_is_calibrated_says_its_own_score_and_threshold() -> None:
    events = await heard(Cascade([says("a")], says("x"), Calibrated()))
    [decision] = [e for e in events if isinstance(e, Decision)]
    assert decision.because == "0.97 >= 0.83"
    assert decision.numbers == {"calibrated": 1.0, "score": 0.97, "threshold": 0.83}


async def test_an_abstention_is_not_good_enough() -> None:
    tree = Cascade([says("what do you mean?")], says("expensive"), Longer(), threshold=0.0)
    assert await said(tree) == "expensive"


async def test_every_draft_is_shown_with_its_fate() -> None:
    drafts = {"a": says("meh"), "b": fails("half"), "c": says("long enough")}
    events = await heard(Cascade(drafts, says("expensive"), Longer()))
    assert [e for e in events if isinstance(e, Candidate)] == [
        Candidate("cascade", "a", "meh"),
        Candidate("cascade", "b", "half", error="boom"),
        Candidate("cascade", "c", "long enough", kept=True),
    ]
    chosen = [e.chose for e in events if isinstance(e, Decision)]
    assert chosen == ["escalate", "escalate", "c"]


async def test_a_draft_that_fails_escalates() -> None:
    assert await said(Cascade([fails()], says("expensive"), Longer())) == "expensive"


async def test_a_check_that_fails_escalates() -> None:
    assert await said(Cascade([says("long enough")], says("expensive"), Broken())) == "expensive"


async def test_the_notes_of_the_check_are_passed_on() -> None:
    tree = Cascade([says("a")], says("b"), Asks(says("no", model="checker")))
    assert "checker" in [u.model for u in Answer(tuple(await heard(tree))).usage]


@pytest.mark.parametrize("error", [Failed("down"), Forbidden("it must stay here")])
async def test_when_the_final_model_fails_the_best_draft_answers(error: Exception) -> None:
    drafts = {"a": says("meh"), "b": says("better"), "c": says("")}
    events = await heard(Cascade(drafts, Scripted([error]), Longer(), threshold=1.0))
    assert words(events) == "better"
    decision = [e for e in events if isinstance(e, Decision)][-1]
    assert (decision.chose, decision.numbers) == ("b", {"degraded": 1.0, "score": 0.6})
    assert decision.because.startswith("degraded")


async def test_without_any_draft_the_final_models_error_is_raised() -> None:
    with pytest.raises(Failed, match="boom"):
        await heard(Cascade([says("")], fails(), Longer()))


async def test_the_final_model_is_not_replaced_after_its_first_word() -> None:
    with pytest.raises(Failed, match="boom"):
        await heard(Cascade([says("meh")], fails("half an"), Longer()))


async def test_tool_calls_of_a_draft_are_replayed_whole() -> None:
    pieces = (ToolCall(0, "1", "f", '{"a":'), ToolCall(0, arguments="1}"))
    events = await heard(Cascade([Scripted(pieces)], says("no"), Longer(), threshold=0.0))
    answer = Answer(tuple(events))
    assert answer.tool_calls == (ToolCall(0, "1", "f", '{"a":1}'),)
    assert answer.finish == Finish(model="scripted")


async def test_the_escalated_call_gets_the_original_request_only() -> None:
    draft, final = says("meh"), says("x")
    await heard(Cascade([draft], final, Sure()))
    assert final.journal.asked == [HELLO]
    assert draft.journal.asked == [HELLO.sampled(logprobs=2)]


async def test_a_callers_wish_for_logprobs_is_kept() -> None:
    draft = says("meh")
    await heard(Cascade([draft], says("x"), Sure()), HELLO.sampled(logprobs=5))
    assert draft.journal.asked[0].sampling.logprobs == 5


async def test_logprobs_that_only_the_check_wanted_are_not_replayed() -> None:
    draft = Scripted([Text("long enough", (Logprob("long enough", -0.1),))])
    assert not Answer(tuple(await heard(Cascade([draft], says("x"), Sure())))).logprobs


async def test_edits_of_a_rejected_draft_are_dropped_with_its_words() -> None:
    draft = Scripted(["meh", Edit(0, "hm")])
    events = await heard(Cascade([draft], says("expensive"), Longer()))
    assert not [e for e in events if isinstance(e, Edit)]


def test_a_cascade_without_drafts_fails_at_construction() -> None:
    with pytest.raises(ConfigError, match="at least one draft"):
        Cascade([], says(), Longer())


@pytest.mark.parametrize("check", [Judge, lambda model: Agreement(model, EXTRACTORS["text"]())])
async def test_a_check_that_is_cut_off_from_outside_is_billed(
    check: Callable[[Model], Check],
) -> None:
    checker = says("42", after=3600.0)
    model = Cascade([says("draft")], says("final"), check(checker))
    other = When(lambda: checker.journal.asked, says("enough", model="other"))
    events = await heard(Hedge([model, other], after=0))
    bills = [e.outcome for e in events if isinstance(e, Usage) and e.model != "other"]
    assert bills == ["finished", "cancelled"]


def test_of_all_checks_only_those_that_read_a_drafts_logprobs_have_the_name() -> None:
    kinds = {name: load(dotted) for name, dotted in TABLES["check"].items()}
    named = {name for name, kind in kinds.items() if "logprobs" in {*dir(kind), *_fields(kind)}}
    assert named == {"logprobs", "combined", "promised"}


def _fields(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}


async def test_a_judge_does_not_make_its_drafts_tell_their_logprobs() -> None:
    draft = says("42")
    await heard(Cascade([draft], says("x"), Judge(says("9"))))
    assert draft.journal.asked == [HELLO]
