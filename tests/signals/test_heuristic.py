from typing import Literal

import pytest

from homeward.model import Answer, Finish, Request, ResponseFormat, Text, ToolCall
from homeward.reading import Reading
from homeward.signals.heuristic import FAULTS, Heuristic

RUSSIAN = "\u0414\u0443\u043d\u0430\u0439 - \u044d\u0442\u043e \u0440\u0435\u043a\u0430."
QUESTION = Request.of("Tell me something about the rivers of Europe.")


async def read(
    text: str, request: Request = QUESTION, reason: Literal["stop", "length"] = "stop"
) -> Reading:
    return await Heuristic()(request, Answer((Text(text), Finish(reason))))


@pytest.mark.parametrize(
    "text",
    [
        "42",
        "no",
        "The Danube flows through ten countries.",
        "1000000000000000000000000000000",
        "| a | b |\n|---|---|\n" + "| 1 | 2 |\n",
        "=" * 200 + "\nThe Rhine",
        "Sorry, that was the Rhine; the Danube is longer.",
    ],
)
async def test_a_sound_answer_is_worth_1(text: str) -> None:
    assert await read(text) == Reading("sound", 1.0, "no visible fault")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("<think>hm</think>", "empty"),
        ("I'm sorry, but I cannot help with that.", "refused"),
        ("As an AI, I have no rivers.", "refused"),
        ("The river is the river is" + " the river is" * 20, "loops"),
        ("da" + "\u4f60\u597d" * 20, "loops"),
        ("the same four words " * 30 + "at last", "loops"),
        (
            RUSSIAN,
            "foreign",
        ),
    ],
)
async def test_a_fault_is_named_and_lowers_the_score(text: str, fault: str) -> None:
    reading = await read(text)
    assert reading.label == fault
    assert reading.score == FAULTS[fault] < 0.5


async def test_a_cut_answer() -> None:
    assert (await read("The Danube is", reason="length")).label == "cut"


async def test_the_worst_fault_counts_and_all_are_told() -> None:
    reading = await read("I cannot help", reason="length")
    assert reading.score == FAULTS["refused"]
    assert reading.numbers == {"refused": FAULTS["refused"], "cut": FAULTS["cut"]}


async def test_json_that_was_asked_for() -> None:
    request = QUESTION.with_(response_format=ResponseFormat())
    assert (await read('{"river": "Rhine"}', request)).label == "sound"
    assert (await read("The Rhine", request)).label == "malformed"


@pytest.mark.parametrize(
    ("arguments", "label"), [('{"a": 1}', "sound"), ("", "sound"), ("{", "malformed")]
)
async def test_tool_calls_need_no_words_but_whole_arguments(arguments: str, label: str) -> None:
    answer = Answer((ToolCall(0, "1", "f", arguments), Finish("tool_calls")))
    assert (await Heuristic()(QUESTION, answer)).label == label


@pytest.mark.parametrize(
    "prompt", ["Translate: the Danube is a river.", "Say hello in Russian please"]
)
async def test_another_script_may_have_been_asked_for(prompt: str) -> None:
    assert (await read(RUSSIAN, Request.of(prompt))).label == "sound"


async def test_the_scripts_of_japanese_are_one() -> None:
    asked = Request.of(
        "\u30c9\u30ca\u30a6\u5ddd\u306f\u3069\u3053\u3092\u6d41\u308c\u307e\u3059\u304b"
    )
    assert (
        await read("\u6771\u6b27\u8af8\u56fd\u3092\u8cab\u6d41\u3059\u308b\u5927\u6cb3", asked)
    ).label == "sound"
