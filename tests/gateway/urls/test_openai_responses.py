"""Responses as OpenAI's schema and its clients have them."""

from typing import Any

import pytest

from tests.gateway.urls.openai_answers import SCRIPTS, check, check_event, frames, scripted

PATH = "/v1/responses"
WHOLE = [name for name in SCRIPTS if name not in ("broken", "cut_call")]
WEATHER = {"type": "function", "name": "weather", "parameters": {"type": "object"}}


async def respond(model: str, **fields: Any) -> Any:
    async with scripted() as gateway:
        answer = await gateway.ask("POST", PATH, {"model": model, "input": "Why?", **fields})
        return frames(answer) if fields.get("stream") else answer.json


@pytest.mark.parametrize("model", WHOLE)
async def test_a_response_is_what_openai_publishes(model: str) -> None:
    check("Response", await respond(model))


@pytest.mark.parametrize("model", SCRIPTS)
async def test_every_event_is_what_openai_publishes(model: str) -> None:
    events = await respond(model, stream=True)
    assert events
    for event in events:
        check_event(event)


@pytest.mark.parametrize("model", SCRIPTS)
async def test_events_are_numbered_from_0(model: str) -> None:
    events = await respond(model, stream=True)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))


@pytest.mark.parametrize("model", WHOLE)
async def test_the_last_event_has_the_whole_response(model: str) -> None:
    def comparable(response: dict[str, Any]) -> Any:
        contents = [{**item, "id": "", "call_id": ""} for item in response["output"]]
        return response["status"], response["incomplete_details"], contents

    last = (await respond(model, stream=True))[-1]["response"]
    assert comparable(last) == comparable(await respond(model))


async def test_an_item_is_begun_filled_and_done_before_the_next() -> None:
    kinds = [event["type"] for event in await respond("thinker", stream=True)]
    assert kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.reasoning_text.delta",
        "response.reasoning_text.delta",
        "response.reasoning_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]


async def test_pieces_of_calls_that_come_in_turns_are_put_to_their_own() -> None:
    last = (await respond("caller", stream=True))[-1]["response"]
    calls = [item for item in last["output"] if item["type"] == "function_call"]
    assert [(call["call_id"], call["arguments"]) for call in calls] == [
        ("call_a", '{"city":"Paris"}'),
        ("call_b", "{}"),
    ]


@pytest.mark.parametrize(
    ("model", "reason"), [("long", "max_output_tokens"), ("filtered", "content_filter")]
)
async def test_an_answer_that_was_cut_is_incomplete(model: str, reason: str) -> None:
    response = await respond(model)
    assert response["incomplete_details"] == {"reason": reason}
    assert [response["status"], response["output"][0]["status"]] == ["incomplete"] * 2


async def test_a_stream_that_breaks_off_ends_as_failed_with_what_was_said() -> None:
    last = (await respond("broken", stream=True))[-1]
    response = last["response"]
    assert (last["type"], response["error"]["code"]) == ("response.failed", "server_error")
    item = response["output"][0]
    assert (item["status"], item["content"][0]["text"]) == ("incomplete", "It ")


async def test_a_call_that_breaks_off_is_not_said_to_be_done() -> None:
    events = await respond("cut_call", stream=True)
    assert not [event for event in events if event["type"].endswith(".done")]
    assert events[-1]["response"]["output"][0]["status"] == "incomplete"


async def test_ids_say_what_they_are_of() -> None:
    response = await respond("thinker")
    ids = [response["id"], *(item["id"] for item in response["output"])]
    assert [id_.split("_")[0] for id_ in ids] == ["resp", "rs", "msg"]


async def test_the_question_is_repeated_in_the_answer() -> None:
    asked = {
        "instructions": "Be brief.",
        "temperature": 0.5,
        "max_output_tokens": 9,
        "metadata": {"a": "b"},
        "tools": [WEATHER],
        "tool_choice": {"type": "function", "name": "weather"},
        "reasoning": {"effort": "low"},
        "text": {"verbosity": "low"},
    }
    response = await respond("words", **asked)
    check("Response", response)
    repeated = {name: response[name] for name in asked}
    assert repeated == {
        **asked,
        "tools": [{**WEATHER, "strict": None}],
        "reasoning": {"effort": "low", "summary": None},
        "text": {"verbosity": "low", "format": {"type": "text"}},
    }


@pytest.mark.parametrize(
    "field",
    [
        {"previous_response_id": "resp_1"},
        {"conversation": "conv_1"},
        {"background": True},
        {"prompt": {"id": "pmpt_1"}},
    ],
)
async def test_what_needs_a_memory_is_refused_with_what_to_do_instead(field: Any) -> None:
    error = (await respond("words", **field))["error"]
    name = next(iter(field))
    assert error["message"].startswith(f"`{name}` needs a server that keeps responses: ")


async def test_to_store_is_accepted_and_not_claimed() -> None:
    assert (await respond("words", store=True))["store"] is False
