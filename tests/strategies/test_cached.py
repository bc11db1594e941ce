from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.backends.scripted import Scripted
from homeward.errors import Failed
from homeward.model import (
    Call,
    Clearance,
    Decision,
    Event,
    Finish,
    Logprob,
    Model,
    Note,
    Reasoning,
    Request,
    Stream,
    Text,
    ToolCall,
    Usage,
)
from homeward.signals.heuristic import Heuristic
from homeward.strategies.cached import Cache, Cached
from homeward.strategies.cascade import Cascade
from tests.contract import HELLO, Tree, check_promises, fails, heard, said, says

ANSWER = (
    Reasoning("hm", "seal"),
    Text("a", (Logprob("a", -0.5, (("b", -1.0),)),)),
    ToolCall(0, "1", "f", "{}"),
)


@dataclass(frozen=True)
class Ending:
    """Says what another says and ends for a reason of its own."""

    model: Model
    reason: Literal["length", "tool_calls", "content_filter"]

    async def chat(self, request: Request) -> Stream:
        async with aclosing(self.model.chat(request)) as events:
            async for event in events:
                yield Finish(self.reason) if isinstance(event, Finish) else event


def words(events: list[Event]) -> list[Event]:
    return [e for e in events if not isinstance(e, Note)]


async def test_keeps_every_promise() -> None:
    def build() -> Tree:
        leaf = says("one", "two")
        return Cached(leaf), (leaf,)

    await check_promises(build)


async def test_a_hit_is_the_same_answer_and_asks_nobody() -> None:
    leaf = Scripted(ANSWER)
    model = Cached(Ending(leaf, "tool_calls"))
    first, second = await heard(model), await heard(model)
    assert words(first) == words(second)
    assert second[-1] == Finish("tool_calls")
    assert len(leaf.journal.asked) == 1


async def test_a_hit_says_so_and_has_no_bill() -> None:
    model = Cached(says("a"))
    await heard(model)
    notes = [e for e in await heard(model) if isinstance(e, Note)]
    assert [(e.by, e.chose) for e in notes if isinstance(e, Decision)] == [("cached", "hit")]
    assert not [e for e in notes if isinstance(e, Call | Usage)]


@pytest.mark.parametrize(
    "other",
    [
        HELLO.with_(tenant="somebody else"),
        HELLO.with_(clearance=Clearance.WORLD),
        HELLO.sampled(max_tokens=5),
        HELLO.with_(extra={"user": "x"}),
        Request.of("hello "),
    ],
)
async def test_what_differs_is_asked_again(other: Request) -> None:
    leaf = says("a")
    model = Cached(leaf)
    await heard(model)
    await heard(model, other)
    assert len(leaf.journal.asked) == 2


@pytest.mark.parametrize("same", [{"trace": "t"}, {"deadline": 1e12}, {"budget_usd": 1.0}])
async def test_what_is_no_part_of_the_question_does_not_count(same: dict[str, object]) -> None:
    leaf = says("a")
    model = Cached(leaf)
    await heard(model)
    await heard(model, HELLO.with_(**same))
    assert len(leaf.journal.asked) == 1


async def test_the_order_of_unread_fields_does_not_count() -> None:
    leaf = says("a")
    model = Cached(leaf)
    await heard(model, HELLO.with_(extra={"a": 1, "b": 2}))
    await heard(model, HELLO.with_(extra={"b": 2, "a": 1}))
    assert len(leaf.journal.asked) == 1


async def test_two_models_with_one_cache_do_not_answer_for_each_other() -> None:
    cache = Cache()
    assert await said(Cached(says("a"), cache)) == "a"
    assert await said(Cached(says("b"), cache)) == "b"


async def test_a_request_that_wants_variety_is_asked_again() -> None:
    leaf = says("a")
    for _ in range(2):
        await heard(Cached(leaf, Cache()), HELLO.sampled(temperature=0.7))
    varied = Cached(leaf)
    for _ in range(2):
        await heard(varied, HELLO.sampled(temperature=0.7))
    assert len(leaf.journal.asked) == 4


@pytest.mark.parametrize("fields", [{"temperature": 0.7, "seed": 1}, {"temperature": 0.0}])
async def test_a_request_that_repeats_itself_is_remembered(fields: dict[str, float]) -> None:
    leaf = says("a")
    model = Cached(leaf)
    for _ in range(2):
        await heard(model, HELLO.sampled(**fields))
    assert len(leaf.journal.asked) == 1


async def test_always_remembers_one_of_the_varieties() -> None:
    leaf = says("a")
    model = Cached(leaf, always=True)
    for _ in range(2):
        await heard(model, HELLO.sampled(temperature=0.7))
    assert len(leaf.journal.asked) == 1


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_a_cut_answer_is_not_kept(reason: Literal["length", "content_filter"]) -> None:
    leaf = says("a")
    model = Cached(Ending(leaf, reason))
    for _ in range(2):
        await heard(model)
    assert len(leaf.journal.asked) == 2


async def test_a_failed_answer_is_not_kept() -> None:
    leaf = fails("half")
    model = Cached(leaf)
    for _ in range(2):
        with pytest.raises(Failed):
            await heard(model)
    assert len(leaf.journal.asked) == 2


async def test_an_answer_that_was_hung_up_on_is_not_kept() -> None:
    leaf = says("a", "b")
    model = Cached(leaf)
    async with aclosing(model.chat(HELLO)) as events:
        async for event in events:
            if isinstance(event, Text):
                break
    assert await said(model) == "ab"
    assert len(leaf.journal.asked) == 2


def test_an_old_entry_is_forgotten() -> None:
    now = [0.0]
    cache = Cache(keep=10, clock=lambda: now[0])
    cache.put("key", b"value")
    now[0] = 9.9
    assert cache.get("key") == b"value"
    now[0] = 10.0
    assert cache.get("key") is None
    assert cache.used == 0


def test_the_least_recently_used_entry_goes_first() -> None:
    cache = Cache(max_bytes=4)
    cache.put("a", b"1")
    cache.put("b", b"2")
    cache.get("a")
    cache.put("c", b"3")
    assert [cache.get(key) for key in "abc"] == [b"1", None, b"3"]


def test_an_entry_larger_than_the_cache_is_not_kept() -> None:
    cache = Cache(max_bytes=4)
    cache.put("a", b"1")
    cache.put("b", b"12345")
    assert [cache.get(key) for key in "ab"] == [b"1", None]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.binary(max_size=12)), max_size=40))
def test_the_size_is_counted_and_bounded(puts: list[tuple[str, bytes]]) -> None:
    cache = Cache(max_bytes=30)
    for key, value in puts:
        cache.put(key, value)
        assert cache.used <= 30
    kept = {key: found for key in "abcdef" if (found := cache.get(key)) is not None}
    assert cache.used == sum(len(key) + len(value) for key, value in kept.items())
    assert kept.items() <= dict(puts).items()


async def test_a_degraded_answer_is_not_remembered() -> None:
    final = Scripted([Failed("down")])
    model = Cached(Cascade([says("draft")], final, Heuristic(), threshold=2.0))
    assert [await said(model), await said(model)] == ["draft", "draft"]
    assert len(final.journal.asked) == 2
