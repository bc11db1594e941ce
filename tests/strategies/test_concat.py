import pytest

from homeward.backends.scripted import Scripted
from homeward.model import Finish, Note, Reasoning, Text, collect
from homeward.strategies.concat import Concat, open_code_block
from homeward.strategies.ensemble import Ensemble
from tests.contract import HELLO, fails, heard, said, says


async def test_each_answer_stands_under_its_name_in_the_order_of_the_models() -> None:
    models = {"small": says("late", after=0.01), "large": says("early")}
    assert await said(Ensemble(models, Concat())) == "## small\n\nlate\n\n## large\n\nearly\n"


async def test_the_first_section_streams_word_by_word() -> None:
    slow = says("one", " two", every=0.005)
    events = await heard(Ensemble([slow, says("b")], Concat()))
    words = [e.text for e in events if isinstance(e, Text)]
    assert words[:2] == ["## 1\n\none", " two"]


async def test_a_further_section_is_said_as_soon_as_its_turn_has_come() -> None:
    leaves = [says("first", after=0.01), says("second"), says("never", after=3600.0)]
    stream = Ensemble(leaves, Concat()).chat(HELLO)
    text = ""
    async for event in stream:
        text += event.text if isinstance(event, Text) else ""
        if "second" in text:
            break
    await stream.aclose()
    assert text.index("first") < text.index("second")


async def test_identical_answers_are_said_once_and_counted() -> None:
    models = {"a": says("42"), "b": says("41"), "c": says(" 42\n"), "d": says("42")}
    text = await said(Ensemble(models, Concat()))
    assert text == "## a\n\n42\n\n## b\n\n41\n\n3 of 4 agree: a, c, d.\n"


async def test_one_voice_is_named_and_several_are_not() -> None:
    one = await collect(Ensemble([says("x", model="m"), fails()], Concat()).chat(HELLO))
    two = await collect(Ensemble([says("x"), says("y")], Concat()).chat(HELLO))
    assert (one.finish, two.finish) == (Finish(model="m"), Finish())


async def test_a_member_that_fails_is_left_out_or_marked_if_its_words_were_said() -> None:
    models = {"a": fails(), "b": fails("half"), "c": says("whole")}
    text = await said(Ensemble(models, Concat(), at_once=1))
    assert text == "## b\n\nhalf\n\n*cut short*\n\n## c\n\nwhole\n"


@pytest.mark.parametrize("live", [True, False])
async def test_a_long_section_is_cut_and_its_code_block_closed(*, live: bool) -> None:
    long = says("```py\n", "x = 1\n" * 50)
    leaves = [long, says("b")] if live else [says("b"), long]
    text = await said(Ensemble(leaves, Concat(tokens=10)))
    section = text.split("## ")[1 if live else 2]
    assert section.count("```") == 2
    assert "*...*" in section
    assert len(section) < 70


async def test_reasoning_is_not_part_of_a_section() -> None:
    events = await heard(Ensemble([Scripted([Reasoning("hm"), "yes"])], Concat()))
    assert not any(isinstance(e, Reasoning) for e in events)


async def test_notes_of_all_members_are_passed_on_while_the_first_speaks() -> None:
    events = await heard(Ensemble([says("a", " b", every=0.01), says("c")], Concat()))
    last_word = max(i for i, e in enumerate(events) if isinstance(e, Text) and e.text == " b")
    assert sum(isinstance(e, Note) for e in events[:last_word]) >= 3  # two Calls and a Usage


@pytest.mark.parametrize(
    ("text", "fence"),
    [
        ("plain", ""),
        ("```\ncode", "```"),
        ("```\ncode\n```\n", ""),
        ("````md\n```\n", "````"),
        ("~~~\n```\n", "~~~"),
        ("```py\n```py\n", "```"),
        ("text ``` text", ""),
    ],
)
def test_an_open_code_block_is_found(text: str, fence: str) -> None:
    assert open_code_block(text) == fence
