"""The ledger's requests as rows of an outcome table."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from homeward import outcomes
from homeward.learn.history import Gathered, gather
from homeward.model import Clearance, Message, Request, Tool, Usage
from homeward.outcomes import Given, RecordedAnswer, Row
from homeward.store.records import Contents, Entry, Feedback, Past, Reply

CALLS = (
    Usage("c1", "large", cost_usd=0.5, where=Clearance.WORLD),
    Usage("c2", "small", cost_usd=0.0),
)
ENTRY = Entry(
    "e1", 1000.0, key="k", route="auto", model="large", calls=CALLS, where=Clearance.WORLD
)
ASKED = Request.of("Translate this into French: cat", clearance=Clearance.WORLD, trace="e1")
REPLIES = (Reply("large", "chat", kept=True), Reply("small", "le cat", "s", "cat"))


def past(
    request: Request = ASKED,
    rating: float | None = None,
    entry: Entry = ENTRY,
    replies: tuple[Reply, ...] = REPLIES,
    answer: str = "chat",
) -> Past:
    word = None if rating is None else Feedback(entry.id, rating)
    return Past(entry, Contents(entry.id, msgspec.to_builtins(request), answer, replies), word)


async def gathered(*pasts: Past) -> Gathered:
    async def history() -> AsyncIterator[Past]:
        for each in pasts:
            yield each

    return await gather(history())


async def row(*args: Any, **kwargs: Any) -> Row:
    [found] = (await gathered(past(*args, **kwargs))).rows
    return found


async def test_a_request_becomes_a_row_with_each_models_answer() -> None:
    assert await row(rating=1.0) == Row(
        "Translate this into French: cat",
        id="e1",
        group="translation",
        answers={
            "large": RecordedAnswer(1.0, "chat", chars=4, cost_usd=0.5, where="world"),
            "small": RecordedAnswer(None, "le cat", "cat", 6, 0.0, where="machine"),
        },
        conversation=(await row()).conversation,
        given=Given("auto", "large", 1000.0, 1.0, 0.5, "world", "world"),
    )


@pytest.mark.parametrize(("rating", "score"), [(-1.0, 0.0), (0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
async def test_a_rating_is_a_score_from_0_to_1(rating: float, score: float) -> None:
    assert (await row(rating=rating)).answers["large"].score == score


async def test_what_nobody_rated_has_no_score() -> None:
    found = await row()
    assert found.given is not None
    assert (found.answers["large"].score, found.given.score) == (None, None)


async def test_a_rating_is_of_the_words_that_the_user_saw() -> None:
    found = await row(rating=1.0, answer="something that was merged")
    assert {name: answer.score for name, answer in found.answers.items()} == {
        "large": None,
        "small": None,
    }
    assert found.given is not None
    assert found.given.score == 1.0


async def test_contents_without_candidates_have_the_answer_alone() -> None:
    found = await row(rating=1.0, replies=())
    assert found.answers == {
        "large": RecordedAnswer(1.0, "chat", chars=4, cost_usd=0.5, where="world")
    }


async def test_the_whole_conversation_is_in_the_row_where_it_is_more_than_the_prompt() -> None:
    messages = (Message("system", "be brief"), Message("user", "hello"))
    assert (await row(Request(messages))).messages == messages
    assert (await row(Request.of("hello"))).messages == ()


async def test_the_whole_request_is_in_the_case() -> None:
    request = ASKED.with_(tools=(Tool("look", parameters={"type": "object"}),)).sampled(top_p=0.5)
    [case] = (await gathered(past(request))).cases
    assert case.request == request


async def test_turns_of_one_conversation_are_told_from_others() -> None:
    first = (Message("user", "hello"),)
    second = (*first, Message("assistant", "hi"), Message("user", "and now?"))
    turns = [await row(Request(messages)) for messages in (first, second)]
    other = await row(Request.of("and now?"))
    another_key = await row(Request(first), entry=replace(ENTRY, key="other"))
    assert turns[0].conversation == turns[1].conversation
    assert len({each.conversation for each in (turns[0], other, another_key)}) == 3


async def test_an_experiments_conversation_is_kept() -> None:
    assert (await row(entry=replace(ENTRY, conversation="ab12"))).conversation == "ab12"


async def test_a_price_that_is_not_known_is_not_nothing() -> None:
    calls = (replace(CALLS[0], cost_usd=None), CALLS[1])
    found = await row(entry=replace(ENTRY, calls=calls))
    assert found.given is not None
    assert (found.given.cost_usd, found.answers["large"].cost_usd) == (None, None)


async def test_what_is_no_row_is_counted() -> None:
    failed = past(entry=replace(ENTRY, outcome="failed"))
    strange = Past(ENTRY, Contents("e1", {"messages": 7}, ""))
    found = await gathered(Past(ENTRY), failed, strange, past())
    assert (found.requests, found.wordless, found.unfinished, found.unreadable) == (4, 1, 1, 1)
    assert len(found.rows) == 1


async def test_a_shadows_answers_stand_beside_its_requests_own() -> None:
    shadow = past(
        entry=replace(ENTRY, id="e1-shadow", model="new", began=1000.5),
        replies=(Reply("new", "le chat", kept=True), Reply("large", "another")),
    )
    found = await gathered(past(rating=1.0), shadow)
    assert found.requests == 1
    [only] = found.rows
    assert {name: answer.text for name, answer in only.answers.items()} == {
        "large": "chat",
        "small": "le cat",
        "new": "le chat",
    }
    assert only.given is not None
    assert only.given.model == "large"


WORDS = st.text(st.characters(codec="utf-8"), max_size=12)


@given(
    prompt=WORDS,
    system=WORDS,
    answer=WORDS,
    score=st.none() | st.floats(0, 1),
    cost=st.none() | st.floats(0, 10),
)
def test_a_row_is_read_as_it_was_written(
    prompt: str, system: str, answer: str, score: float | None, cost: float | None
) -> None:
    written = Row(
        prompt,
        id="e1",
        answers={"m": RecordedAnswer(score, answer, chars=len(answer), cost_usd=cost)},
        messages=(Message("system", system), Message("user", prompt)),
        conversation="c",
        given=Given("auto", "m", 1.5, score, cost, "network", "world"),
    )
    assert msgspec.json.decode(outcomes.line(written), type=Row) == written


def test_a_row_may_travel_no_farther_than_it_might_have(tmp_path: Path) -> None:
    there = Row("p", id="1", given=Given(clearance="network"))
    assert there.request(Clearance.WORLD).clearance is Clearance.NETWORK
    assert there.request(Clearance.MACHINE).clearance is Clearance.MACHINE
    assert Row("p").request(Clearance.WORLD).clearance is Clearance.WORLD
