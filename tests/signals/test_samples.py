import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.errors import ConfigError
from homeward.model import (
    Answer,
    Call,
    Candidate,
    Clearance,
    Finish,
    Model,
    Request,
    Stream,
    Text,
    Usage,
)
from homeward.reading import Reading, weigh
from homeward.signals.answers import extractor
from homeward.signals.samples import Samples
from homeward.strategies.cascade import Cascade
from tests.contract import HELLO, Tree, check_promises, fails, heard, said, says

NUMBER = extractor("number")


class Turns:
    """Answers in turn, whatever is asked; keeps the requests."""

    def __init__(self, *leaves: Model) -> None:
        self.leaves = leaves
        self.asked: list[Request] = []

    def chat(self, request: Request) -> Stream:
        self.asked.append(request)
        return self.leaves[len(self.asked) - 1].chat(request)


def turns(*texts: str) -> Turns:
    return Turns(*(says(text) for text in texts))


def answer(text: str) -> Answer:
    return Answer((Text(text), Finish()))


async def test_a_cascade_with_it_keeps_every_promise() -> None:
    def build() -> Tree:
        leaves = (says("it is 4"), says("5"), says("it is", "4"))
        return Cascade([leaves[0]], leaves[2], Samples(leaves[1], NUMBER)), leaves

    await check_promises(build)


async def test_the_score_is_the_share_of_samples_that_agree() -> None:
    reading = await Samples(turns("4", "It is 4.", "5", "4.0"), NUMBER)(HELLO, answer("4"))
    assert (reading.score, reading.label) == (0.75, "4")
    assert reading.numbers == {"agree": 3.0, "answered": 4.0, "asked": 4.0}


async def test_who_abstains_or_fails_does_not_count() -> None:
    model = Turns(says("I don't know"), fails("5"), says("4"), says("4"))
    reading = await Samples(model, NUMBER)(HELLO, answer("4"))
    assert reading.score == 1.0
    assert reading.numbers["answered"] == 2.0


async def test_no_sample_with_an_answer_is_an_abstention() -> None:
    assert (await Samples(says("?"), NUMBER)(HELLO, answer("4"))).score is None


async def test_a_draft_without_an_answer_asks_nobody() -> None:
    model = says("4")
    assert (await Samples(model, NUMBER)(HELLO, answer("no idea"))).score is None
    assert not model.journal.asked


async def test_each_sample_is_the_same_question_with_a_seed_of_its_own() -> None:
    model = turns("4", "4")
    request = HELLO.with_(tenant="t", clearance=Clearance.NETWORK).sampled(seed=7, max_tokens=9)
    await Samples(model, NUMBER, count=2, temperature=0.5)(request, answer("4"))
    assert model.asked == [request.sampled(temperature=0.5, seed=seed) for seed in (8, 9)]


async def test_it_stops_when_the_verdict_cannot_change() -> None:
    model = turns("4", "4", "5", "5")
    reading = await Samples(model, NUMBER, threshold=0.5)(HELLO, answer("4"))
    assert len(model.asked) == 2
    assert reading.score == 1.0


async def test_without_a_threshold_it_draws_them_all() -> None:
    model = turns("4", "4", "4", "4")
    await Samples(model, NUMBER)(HELLO, answer("4"))
    assert len(model.asked) == 4


@given(
    st.lists(st.sampled_from(["4", "5", "no idea"]), min_size=1, max_size=7),
    st.floats(0.01, 1),
)
def test_stopping_early_never_changes_the_verdict(texts: list[str], threshold: float) -> None:
    async def score(early: float | None) -> float | None:
        check = Samples(turns(*texts), NUMBER, len(texts), threshold=early)
        return (await check(HELLO, answer("4"))).score

    full, stopped = asyncio.run(score(None)), asyncio.run(score(threshold))
    assert (full is None) == (stopped is None)
    if full is not None and stopped is not None:
        assert (full >= threshold) == (stopped >= threshold)


async def test_every_sample_is_billed_and_shown() -> None:
    model = Turns(says("It is 4"), fails("half"))
    notes = Answer((await Samples(model, NUMBER, count=2)(HELLO, answer("4"))).notes)
    assert [usage.outcome for usage in notes.usage] == ["finished", "failed"]
    assert notes.candidates == (
        Candidate("samples", "sample 1", "It is 4", extracted="4"),
        Candidate("samples", "sample 2", "", error="boom"),
    )


async def test_who_leaves_in_the_middle_has_heard_of_the_call() -> None:
    model = says("4", "4", every=60)
    heard_of: list[object] = []
    weighing = weigh(Samples(model, NUMBER), HELLO, answer("4"))
    heard_of.append(await anext(weighing))
    await weighing.aclose()
    assert isinstance(heard_of[0], Call)
    assert model.journal.open == 0


async def test_a_model_that_agrees_with_itself_is_kept() -> None:
    final = says("hosted")
    assert await said(Cascade([says("It is 4")], final, Samples(says("4"), NUMBER))) == "It is 4"
    assert await said(Cascade([says("It is 4")], final, Samples(says("5"), NUMBER))) == "hosted"


async def test_the_bills_reach_the_root() -> None:
    events = await heard(Cascade([says("4")], says("5"), Samples(says("4"), NUMBER, count=3)))
    assert len([event for event in events if isinstance(event, Usage)]) == 4


@pytest.mark.parametrize(
    ("fields", "named"),
    [({"count": 0}, "at least 1"), ({"temperature": 0.0}, "again"), ({"threshold": 0.0}, "share")],
)
def test_what_says_nothing_is_refused(fields: dict[str, float], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        Samples(says("4"), NUMBER, **fields)  # type: ignore[arg-type]


async def test_a_reading_ends_it() -> None:
    events = [event async for event in weigh(Samples(says("4"), NUMBER), HELLO, answer("4"))]
    assert [event for event in events if isinstance(event, Reading)] == events[-1:]
