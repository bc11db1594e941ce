"""The official openai client for Python."""

from collections.abc import Iterator

import pytest
from openai import NotFoundError, OpenAI
from openai.types.chat import ChatCompletionChunk
from pydantic import BaseModel

TOOL = {
    "type": "function",
    "function": {
        "name": "weather_in",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


@pytest.fixture
def client(gateway_url: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{gateway_url}/v1", api_key="none", max_retries=0) as made:
        yield made


def test_lists_every_route(client: OpenAI) -> None:
    assert {model.id for model in client.models.list()} >= {"draft", "auto", "vote"}


def test_asks_a_route(client: OpenAI) -> None:
    answer = client.chat.completions.create(
        model="auto", messages=[{"role": "user", "content": "What is 17 + 25?"}]
    )
    assert "42" in (answer.choices[0].message.content or "")


def test_streams_a_vote_with_its_usage_last(client: OpenAI) -> None:
    chunks: list[ChatCompletionChunk] = list(
        client.chat.completions.create(
            model="vote",
            messages=[{"role": "user", "content": "What is 17 + 25?"}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    usage = chunks[-1].usage
    assert ("42" in said, usage is not None and usage.completion_tokens > 0) == (True, True)


def test_holds_a_conversation_with_a_tool(client: OpenAI) -> None:
    messages: list[object] = [{"role": "user", "content": "How is the weather?"}]
    first = client.chat.completions.create(
        model="weather",
        messages=messages,  # type: ignore[arg-type]
        tools=[TOOL],  # type: ignore[list-item]
    )
    asked = first.choices[0].message
    assert asked.tool_calls is not None
    messages += [asked, {"role": "tool", "tool_call_id": asked.tool_calls[0].id, "content": "sun"}]
    second = client.chat.completions.create(model="weather", messages=messages)  # type: ignore[arg-type]
    assert second.choices[0].message.content == "The tool says: sun"


def test_streams_a_tool_call_in_pieces(client: OpenAI) -> None:
    chunks = client.chat.completions.create(
        model="weather",
        messages=[{"role": "user", "content": "How is the weather?"}],
        tools=[TOOL],  # type: ignore[list-item]
        stream=True,
    )
    pieces = [c.choices[0].delta.tool_calls for c in chunks if c.choices]  # type: ignore[union-attr]
    arguments = "".join(
        (call.function.arguments or "") if call.function else ""
        for calls in pieces
        for call in calls or []
    )
    assert arguments == '{"city": "Paris"}'


class Sum(BaseModel):
    total: int


def test_gets_the_structure_that_it_asks_for(client: OpenAI) -> None:
    answer = client.chat.completions.parse(
        model="general",
        messages=[{"role": "user", "content": "What is 17 + 25?"}],
        response_format=Sum,
        max_tokens=40,
    )
    assert isinstance(answer.choices[0].message.parsed, Sum)


def test_speaks_the_responses_api(client: OpenAI) -> None:
    answer = client.responses.create(model="auto", input="What is 17 + 25?")
    assert "42" in answer.output_text


def test_streams_the_responses_api(client: OpenAI) -> None:
    with client.responses.stream(model="auto", input="What is 17 + 25?") as stream:
        kinds = [event.type for event in stream]
        answer = stream.get_final_response()
    ends = (kinds[0], kinds[-1])
    assert (ends, "42" in answer.output_text) == (
        ("response.created", "response.completed"),
        True,
    )


def test_completes_a_text(client: OpenAI) -> None:
    answer = client.completions.create(model="auto", prompt="What is 17 + 25?", max_tokens=20)
    assert answer.choices[0].text


def test_is_told_that_there_is_no_such_model(client: OpenAI) -> None:
    with pytest.raises(NotFoundError, match="vot") as told:
        client.chat.completions.create(model="votes", messages=[{"role": "user", "content": "?"}])
    assert told.value.code == "model_not_found"
