from dataclasses import dataclass

import pytest

from homeward.backends.scripted import Scripted
from homeward.errors import ConfigError, TooLong
from homeward.model import Answer, Finish, Logprob, Message, Request, Stream, Text, Tool, ToolCall
from homeward.strategies.capped import Capped
from tests.contract import HELLO, Tree, check_promises, heard, said, says


async def test_keeps_every_promise() -> None:
    def build() -> Tree:
        leaf = says("one", "two")
        return Capped(leaf, 100, 100), (leaf,)

    await check_promises(build)


async def test_keeps_every_promise_when_it_cuts_its_child() -> None:
    def build() -> Tree:
        leaf = says("one", "two", "three", every=0.001)
        return Capped(leaf, output_tokens=2), (leaf,)

    await check_promises(build)


async def test_an_answer_that_runs_on_is_ended_by_length() -> None:
    leaf = says(*"abcdef", model="chatty")
    answer = Answer(tuple(await heard(Capped(leaf, output_tokens=3))))
    assert answer.text == "abc"
    assert answer.finish == Finish("length", "chatty")
    assert leaf.journal.open == 0


async def test_what_was_cut_is_billed_by_what_was_heard() -> None:
    answer = Answer(tuple(await heard(Capped(says(*"abcdef"), output_tokens=3))))
    assert [(u.outcome, u.output_tokens) for u in answer.usage] == [("cancelled", 3)]


async def test_an_answer_of_just_so_many_is_not_cut() -> None:
    answer = Answer(tuple(await heard(Capped(says(*"abc"), output_tokens=3))))
    assert (answer.text, answer.finish) == ("abc", Finish("stop", "scripted"))


async def test_a_piece_with_logprobs_counts_as_many_as_it_has() -> None:
    piece = Text("ab", (Logprob("a", -0.1), Logprob("b", -0.1)))
    assert await said(Capped(Scripted([piece, piece]), output_tokens=2)) == "ab"


async def test_tool_calls_are_cut_like_words() -> None:
    leaf = Scripted([ToolCall(0, "1", "f"), ToolCall(0, arguments="{"), ToolCall(0, arguments="}")])
    answer = Answer(tuple(await heard(Capped(leaf, output_tokens=2))))
    assert answer.tool_calls == (ToolCall(0, "1", "f", "{"),)
    assert answer.finish == Finish("length", "scripted")


async def test_a_cut_mixture_of_models_names_none() -> None:
    @dataclass(frozen=True)
    class Both:
        async def chat(self, request: Request) -> Stream:
            for model in (says("a", model="one"), says("b", "c", model="two")):
                async for event in model.chat(request):
                    if not isinstance(event, Finish):
                        yield event

    assert (await heard(Capped(Both(), output_tokens=2)))[-1] == Finish("length", "")


@pytest.mark.parametrize(("wanted", "sent"), [(None, 10), (5, 5), (50, 10)])
async def test_the_runtime_is_told_the_smaller_limit(wanted: int | None, sent: int) -> None:
    leaf = says("a")
    await heard(Capped(leaf, output_tokens=10), HELLO.sampled(max_tokens=wanted))
    assert leaf.journal.asked[0].sampling.max_tokens == sent


@pytest.mark.parametrize(
    "request_",
    [
        Request.of("word " * 100),
        Request((Message("assistant", tool_calls=(ToolCall(0, "1", "f", "x" * 500),)),)),
        Request.of("hi", tools=(Tool("f", "what it does " * 50),)),
    ],
)
async def test_a_long_prompt_is_refused_before_anybody_is_asked(request_: Request) -> None:
    leaf = says("a")
    with pytest.raises(TooLong, match="this route takes 50"):
        await heard(Capped(leaf, input_tokens=50), request_)
    assert not leaf.journal.asked


async def test_without_limits_nothing_changes() -> None:
    leaf = says("a")
    assert await said(Capped(leaf)) == "a"
    assert leaf.journal.asked == [HELLO]


def test_a_limit_of_nothing_fails_at_construction() -> None:
    with pytest.raises(ConfigError, match="`output_tokens` is 0"):
        Capped(says(), output_tokens=0)
