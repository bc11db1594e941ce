"""Completions, middles and embeddings of the models that a child process runs."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from math import hypot
from pathlib import Path

import pytest

from homeward.backends.embedded import Embedded
from homeward.backends.llama_server import AFTER, BEFORE, cut
from homeward.backends.llamas import Llamas
from homeward.completion import Completer, Completion
from homeward.embedding import Texts
from homeward.errors import Rejected, TooLong
from homeward.model import Clearance, Decision, Finish, Request, Sampling, Text, collect
from tests.backends import tiny_gguf
from tests.backends.leaves import Completes, only
from tests.contract import check_bill_arrives, check_ends_with_finish, heard

SHORT = Sampling(temperature=0, max_tokens=8)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It knows how to fill in a middle, as far as gibberish can."""
    folder = tmp_path_factory.mktemp("models")
    return tiny_gguf.write(folder / "tiny.gguf", context=8192, fills=True)


@pytest.fixture
async def llamas() -> AsyncIterator[Llamas]:
    async with Llamas() as owner:
        yield owner


# ---------------------------------------------------------------- completions


async def test_a_model_of_the_box_goes_on_with_a_text(llamas: Llamas) -> None:
    model = Embedded("box/code", llamas=llamas)
    answer = await collect(model.complete(Completion("def add(a, b):\n    return")))
    assert answer.text.startswith(" a + b")
    assert answer.finish == Finish("stop", "box/code")
    [usage] = answer.usage
    assert (usage.where, usage.cost_usd, usage.estimated) == (Clearance.MACHINE, 0, False)
    assert usage.input_tokens > 5


@pytest.mark.parametrize("suffix", [None, "after"])
async def test_a_completion_keeps_the_promises_of_every_model(
    tiny: Path, llamas: Llamas, suffix: str | None
) -> None:
    completes = Completes(Embedded(str(tiny), threads=1, llamas=llamas), suffix)
    request = tiny_request()
    await check_ends_with_finish(completes, request)
    await check_bill_arrives(completes, request)


def tiny_request() -> Request:
    return Request.of("hello", sampling=SHORT)


async def test_logprobs_of_a_completion_come_through(tiny: Path, llamas: Llamas) -> None:
    asked = Completion("hello", sampling=Sampling(temperature=0, max_tokens=4, logprobs=2))
    for completion in (asked, Completion("hello", "after", asked.sampling)):
        answer = await collect(Embedded(str(tiny), threads=1, llamas=llamas).complete(completion))
        assert {len(each.top) for each in answer.logprobs} == {2}


async def test_a_hang_up_frees_the_place_of_a_completion(tiny: Path, llamas: Llamas) -> None:
    model = Embedded(str(tiny), threads=1, context=200_000, parallel=1, llamas=llamas)
    async with aclosing(model.complete(Completion("hello"))) as events:  # for minutes
        async for event in events:
            if isinstance(event, Text):
                break
    assert (await collect(model.complete(Completion("hello", sampling=SHORT)))).text


async def test_a_prompt_that_does_not_fit_is_too_long_to_go_on_with(
    tiny: Path, llamas: Llamas
) -> None:
    model = Embedded(str(tiny), threads=1, context=256, llamas=llamas)
    with pytest.raises(TooLong, match="256 tokens"):
        await collect(model.complete(Completion("no " * 200)))


# ---------------------------------------------------------------- middles


async def test_a_middle_is_filled_in_where_the_vocabulary_has_tokens_for_it(
    tiny: Path, llamas: Llamas
) -> None:
    model = Embedded(str(tiny), threads=1, llamas=llamas)
    assert isinstance(model, Completer)
    answer = await collect(model.complete(Completion("def", "return", SHORT)))
    assert answer.text
    assert answer.finish == Finish("length", "tiny")
    [usage] = answer.usage
    assert (usage.input_tokens, usage.output_tokens) == (len("defreturn") + 3, 8)
    assert answer.decisions == ()


async def test_a_model_that_fills_in_no_middle_says_so(llamas: Llamas) -> None:
    with pytest.raises(Rejected, match="cannot fill in the middle"):
        await collect(Embedded("box/code", llamas=llamas).complete(Completion("a", "b")))


async def test_what_was_not_read_around_a_middle_is_told(tiny: Path, llamas: Llamas) -> None:
    model = Embedded(str(tiny), threads=1, llamas=llamas)
    asked = Completion("b" * (BEFORE + 1), "c", SHORT)
    events = await heard(Completes(model, "c"), tiny_request())
    assert not [event for event in events if isinstance(event, Decision)]
    far = only(Decision, (await collect(model.complete(asked))).events)
    assert (far.chose, far.numbers) == ("cut", {"before": BEFORE + 1, "after": 0})


async def test_what_is_just_near_enough_to_a_middle_is_read_whole(
    tiny: Path, llamas: Llamas
) -> None:
    model = Embedded(str(tiny), threads=1, llamas=llamas)
    answer = await collect(model.complete(Completion("b" * BEFORE, "c" * AFTER, SHORT)))
    assert answer.decisions == ()
    assert answer.usage[0].input_tokens == BEFORE + AFTER + 3


# ---------------------------------------------------------------- embeddings


async def test_a_model_that_was_not_made_to_embed_is_refused(llamas: Llamas) -> None:
    with pytest.raises(Rejected, match="pooling: mean"):
        await Embedded("box/draft", llamas=llamas).embed(Texts(("hello",)))


async def test_with_a_pooling_it_embeds_all_the_same_and_still_answers(llamas: Llamas) -> None:
    model = Embedded("box/draft", pooling="mean", llamas=llamas)
    made = await model.embed(Texts(("hello", "hello", "17 + 25")))
    one, same, other = made.vectors
    assert one == pytest.approx(same, abs=1e-3)
    assert one != pytest.approx(other, abs=1e-3)
    assert hypot(*one) == pytest.approx(1)
    assert (await collect(model.complete(Completion("hello", sampling=SHORT)))).text


async def test_what_a_chat_model_cannot_hold_is_cut_where_that_is_allowed(llamas: Llamas) -> None:
    model = Embedded("box/draft", pooling="last", llamas=llamas)
    made = await model.embed(Texts(("word " * 900,), truncate=True))
    assert made.usage.input_tokens == 255


def test_cutting_keeps_what_every_text_ends_with() -> None:
    assert cut([1, 5, 6, 7, 2], [1, 2], 4) == [1, 5, 6, 2]
    assert cut([1, 5, 6, 7], [1], 3) == [1, 5, 6]
    assert cut([5, 6, 7], [], 2) == [5, 6]
    assert cut([1, 5, 2], [1, 2], 3) == [1, 5, 2]
