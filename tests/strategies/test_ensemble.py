import asyncio
import threading
import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from homeward.backends.scripted import Scripted
from homeward.errors import AllFailed, ConfigError, TimedOut
from homeward.model import (
    Answer,
    Candidate,
    Decision,
    Finish,
    Note,
    Stream,
    Text,
    Tool,
    Usage,
    collect,
)
from homeward.strategies.children import Child
from homeward.strategies.concat import Concat
from homeward.strategies.ensemble import Ensemble, Merge, Panel, contestants, same_words
from homeward.strategies.fuse import Fuse
from homeward.strategies.rank import Rank
from homeward.strategies.vote import Vote
from homeward.strategies.weighted import Weighted
from tests.contract import (
    HELLO,
    PATIENCE,
    Tree,
    check_bill_arrives,
    check_ends_with_finish,
    check_promises,
    fails,
    says,
)

SLOW = 3600.0  # seconds that no test waits for
TOOL = Tool("look_up")


def whole(answer: Answer) -> str | None:
    return answer.text or None


def merges(judge: Scripted) -> list[Merge]:
    return [Concat(), Weighted(), Vote(whole), Rank(judge), Fuse(judge)]


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("at_once", [None, 1])
async def test_keeps_every_promise_with_every_merge(place: int, at_once: int | None) -> None:
    def panel() -> Tree:
        broken = Scripted(["three"], fails="boom", after=0.003)
        leaves = [says("one", " two", every=0.001), broken, says("four", after=0.002)]
        judge = says("A")
        return Ensemble(leaves, merges(judge)[place], at_once=at_once), [*leaves, judge]

    await check_promises(panel)


@pytest.mark.parametrize("place", range(5))
async def test_survivors_answer_and_every_candidate_is_told(place: int) -> None:
    leaves = {"bad": fails(), "good": says("fine", model="m")}
    answer = await collect(Ensemble(leaves, merges(says("A"))[place]).chat(HELLO))
    assert "fine" in answer.text
    assert answer.finish is not None
    assert answer.finish.model == "m"
    told = {e.label: (e.text, e.error, e.kept) for e in answer.events if isinstance(e, Candidate)}
    assert told == {"bad": ("", "boom", False), "good": ("fine", None, True)}
    decision = [e for e in answer.events if isinstance(e, Decision)][-1]
    assert "good" in decision.chose
    assert decision.numbers


@pytest.mark.parametrize("place", range(5))
async def test_fails_only_when_all_fail_and_gives_each_reason(place: int) -> None:
    model = Ensemble([fails(), Scripted(fails="bang")], merges(says("A"))[place])
    with pytest.raises(AllFailed, match="boom; bang"):
        await collect(model.chat(HELLO))


async def test_after_the_quorum_patience_runs_out_and_stragglers_are_billed() -> None:
    slow = says("late", after=SLOW)
    model = Ensemble([says("a"), says("a"), slow], Concat(), quorum=2, patience=0.02)
    answer = await collect(model.chat(HELLO))
    assert "2 of 2 agree" in answer.text
    assert [bill.outcome for bill in answer.usage] == ["finished", "finished", "cancelled"]
    assert slow.journal.open == 0


async def test_patience_alone_waits_for_a_majority() -> None:
    leaves = [says("a"), says("b", after=0.02), says("late", after=SLOW)]
    answer = await collect(Ensemble(leaves, Concat(), patience=0.0).chat(HELLO))
    assert "## 2" in answer.text
    assert "## 3" not in answer.text


async def test_members_are_given_up_before_the_deadline_so_that_time_is_left_to_merge() -> None:
    leaves = [says("quick"), says("late", after=SLOW)]
    began = time.monotonic()
    request = HELLO.with_(deadline=began + 2.0)
    answer = await collect(Ensemble(leaves, Vote(whole, first_to=2), margin=1.5).chat(request))
    assert answer.text == "quick"
    asked = leaves[0].journal.asked[0].deadline
    assert asked is not None
    assert began + 1.0 <= asked < began + 2.0  # half of the time that was left is the most kept


async def test_without_any_answer_the_deadline_ends_the_wait() -> None:
    request = HELLO.with_(deadline=time.monotonic() + 0.5)  # enough to ask
    bills: list[Usage] = []

    async def listen() -> None:
        async for event in Ensemble([says("late", after=SLOW)], Concat()).chat(request):
            bills.extend([event] if isinstance(event, Usage) else [])

    with pytest.raises(AllFailed) as caught:
        await listen()
    assert caught.value.status == 504
    assert [bill.outcome for bill in bills] == ["cancelled"]


async def test_weights_set_the_prior_and_the_order_of_asking() -> None:
    models = {"a": says("from a"), "b": says("from b"), "c": says("from c")}
    weights = {"b": 0.9, "c": 0.8, "a": 0.7}
    answer = await collect(Ensemble(models, Concat(), weights=weights).chat(HELLO))
    places = [answer.text.index(f"## {label}") for label in "bca"]
    assert places == sorted(places)


async def test_a_member_left_out_of_the_weights_is_ordered_as_it_is_counted() -> None:
    panel = Ensemble({"a": says("1"), "b": says("2")}, Concat(), weights={"b": 0.3})
    answer = await collect(panel.chat(HELLO))
    assert answer.text.index("## a") < answer.text.index("## b")


async def test_a_deadline_that_has_passed_is_told_and_nobody_is_asked() -> None:
    leaf = says("a")
    with pytest.raises(TimedOut, match="deadline has passed"):
        await collect(Ensemble([leaf], Concat()).chat(HELLO.with_(deadline=time.monotonic() - 1)))
    assert leaf.journal.asked == []


@pytest.mark.parametrize("place", range(5))
async def test_members_call_tools_only_where_the_merge_can_choose_among_calls(place: int) -> None:
    leaf, judge = says("fine"), says("A")
    merge = merges(judge)[place]
    await collect(Ensemble([leaf, says("else")], merge).chat(HELLO.with_(tools=(TOOL,))))
    asked = leaf.journal.asked[0]
    assert asked.tools == (TOOL,)
    assert asked.tool_choice == (None if merge.tools else "none")
    assert merge.tools == isinstance(merge, Vote | Weighted)
    if isinstance(merge, Fuse):
        assert judge.journal.asked[0].tools == (TOOL,)
        assert judge.journal.asked[0].tool_choice is None


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"at_once": 0}, "1 or more"),
        ({"quorum": 3}, "1 to 2"),
        ({"weights": {"c": 1.0}}, "the models are a, b"),
        ({"models": {}}, "at least one"),
        ({"weights": {"a": 50}}, "0 to 1"),
        ({"margin": -1.0}, "negative"),
        ({"patience": -1.0}, "negative"),
    ],
)
def test_wrong_settings_are_told_in_a_sentence(fields: dict[str, Any], sentence: str) -> None:
    settings = {"models": {"a": says(), "b": says()}, "merge": Concat(), **fields}
    with pytest.raises(ConfigError, match=sentence):
        Ensemble(**settings)


@dataclass(frozen=True)
class Order:
    """Notes in which order a judge would see the members."""

    seen: list[list[str]]
    tools: ClassVar[bool] = True

    async def merge(self, panel: Panel) -> Stream:
        async with aclosing(panel.gather()) as notes:
            async for note in notes:
                yield note
        self.seen.append([member.label for member in panel.shuffled(panel.answers())])
        yield panel.answers()[0].finish


async def test_judges_see_an_order_that_belongs_to_the_request() -> None:
    seen: list[list[str]] = []
    model = Ensemble([says("w") for _ in range(6)], Order(seen))
    for trace in ("t1", "t1", "t2"):
        await collect(model.chat(HELLO.with_(trace=trace)))
    assert seen[0] == seen[1]
    assert seen[0] != seen[2]
    assert sorted(seen[2]) == sorted(seen[0])


def member(label: str, text: str) -> Child:
    return Child(label, says(), HELLO, [Text(text), Finish()], ended=True)


def test_contestants_differ_and_do_not_speak_to_the_judge() -> None:
    answers = [member("a", "[[A]]"), member("b", "x  y"), member("c", "x y"), member("d", "z")]
    assert [c.label for c in contestants(answers)] == ["b", "d"]
    assert [c.label for c in contestants(answers[:1])] == ["a"]
    assert same_words(" x \n y ") == "x y"


@dataclass(frozen=True)
class FirstWord:
    """Listens until somebody speaks, and leaves the rest to the ensemble."""

    tools: ClassVar[bool] = True

    async def merge(self, panel: Panel) -> Stream:
        while (arrival := await panel.next()) is not None:
            if isinstance(arrival.event, Text):
                break
            if isinstance(arrival.event, Note):
                yield arrival.event
        yield Finish()


async def test_whoever_still_runs_when_a_merge_finishes_is_cancelled_and_billed() -> None:
    leaves = [says("quick", "never", every=SLOW), says("late", after=SLOW)]
    answer = await collect(Ensemble(leaves, FirstWord()).chat(HELLO))
    assert [bill.outcome for bill in answer.usage] == ["cancelled", "cancelled"]
    assert [leaf.journal.open for leaf in leaves] == [0, 0]
    await check_bill_arrives(Ensemble(leaves, FirstWord()))
    await check_ends_with_finish(Ensemble(leaves, FirstWord()))


async def test_other_streams_go_on_while_an_extractor_runs_code() -> None:
    begun, beaten = threading.Event(), threading.Event()

    def slow(answer: Answer) -> str | None:
        begun.set()
        assert beaten.wait(PATIENCE), "the loop stood still"
        return answer.text

    async def beat() -> None:
        while not begun.is_set():  # noqa: ASYNC110  a thread sets it
            await asyncio.sleep(0.001)
        beaten.set()

    heart = asyncio.create_task(beat())
    answer = await collect(Ensemble([says("a"), says("b")], Vote(slow)).chat(HELLO))
    await heart
    assert answer.text == "a"
