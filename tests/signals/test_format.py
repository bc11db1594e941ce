from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.model import Answer, Finish, Request, ResponseFormat, Text, ToolCall
from homeward.reading import Reading
from homeward.signals.format import Format
from homeward.strategies.cascade import Cascade
from tests.contract import said, says

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
JSON = Request.of("How many?", response_format=ResponseFormat(SCHEMA))


async def read(asked: str | Request, text: str) -> Reading:
    request = Request.of(asked) if isinstance(asked, str) else asked
    return await Format()(request, Answer((Text(text), Finish())))


@pytest.mark.parametrize(
    ("asked", "text", "score"),
    [
        ("What is it? Answer in one word.", "Paris", 1.0),
        ("What is it? Answer in one word.", "It is Paris", 0.0),
        ("Explain it in at most 5 words.", "one two three four five", 1.0),
        ("Explain it in under 5 words.", "one two three four five", 0.0),
        ("Write at least 3 words.", "one two three four", 1.0),
        ("Explain it in two sentences.", "It is 3.5 m. So it fits.", 1.0),
        ("Explain it in two sentences.", "It fits.", 0.0),
        ("Write exactly two paragraphs.", "One.\n\nTwo.", 1.0),
        ("List three ideas for a party.", "1. Cake\n2. Music\n3. Games", 1.0),
        ("List three ideas for a party.", "- Cake\n- Music", 0.0),
        ("In at most 4 words, and in one sentence.", "One two. Three four.", 0.5),
        ("Give the result as JSON.", '```json\n{"a": 1}\n```', 1.0),
        ("Give the result as JSON.", "a is 1", 0.0),
        (JSON, '{"n": 3}', 1.0),
        (JSON, '{"n": "three"}', 0.0),
        (JSON, "three", 0.0),
    ],
)
async def test_the_score_is_the_share_of_demands_that_are_met(
    asked: str | Request, text: str, score: float
) -> None:
    assert (await read(asked, text)).score == score


@pytest.mark.parametrize(
    "asked",
    [
        "What is the capital of France?",
        "Which is longer, in two words of Latin?",
        "Parse the data in JSON",
    ],
)
async def test_where_no_form_is_asked_it_abstains(asked: str) -> None:
    assert (await read(asked, "Paris")).score is None


async def test_a_list_in_prose_is_not_counted() -> None:
    assert (await read("Name three examples.", "Cake, music and games.")).score is None


async def test_a_tool_call_has_no_form() -> None:
    answer = Answer((ToolCall(0, "1", "f", "{}"), Finish()))
    assert (await Format()(JSON, answer)).score is None


async def test_what_is_wrong_is_said() -> None:
    assert (await read(JSON, "{}")).because == "JSON: $.n is missing"


@given(st.text(max_size=300), st.text(max_size=300))
async def test_any_text_can_be_read(asked: str, text: str) -> None:
    reading = await read(asked, text)
    assert reading.score is None or 0 <= reading.score <= 1


@pytest.mark.parametrize(
    "schema",
    [{"type": [[]]}, {"enum": 5}, {"required": 3}, {"minimum": "a"}, {"allOf": 5}, {"$ref": 5}],
)
async def test_a_schema_that_is_none_asks_for_json_alone(schema: dict[str, Any]) -> None:
    request = Request.of("go").with_(response_format=ResponseFormat(schema))
    answers = [Answer((Text(text), Finish())) for text in ('{"a": 1}', "5", "{")]
    assert [(await Format()(request, answer)).score for answer in answers] == [1, 1, 0]


async def test_a_cascade_sends_malformed_answers_on() -> None:
    route = Cascade([says("three")], says("hosted"), Format())
    assert await said(route, JSON) == "hosted"
