"""The official anthropic client for Python."""

from collections.abc import Iterator

import pytest
from anthropic import Anthropic, NotFoundError

TOOL = {"name": "weather_in", "input_schema": {"type": "object", "properties": {}}}


@pytest.fixture
def client(gateway_url: str) -> Iterator[Anthropic]:
    with Anthropic(base_url=gateway_url, api_key="none", max_retries=0) as made:
        yield made


def test_asks_a_route(client: Anthropic) -> None:
    answer = client.messages.create(
        model="auto", max_tokens=60, messages=[{"role": "user", "content": "What is 17 + 25?"}]
    )
    assert "42" in "".join(block.text for block in answer.content if block.type == "text")


def test_streams(client: Anthropic) -> None:
    question = {"role": "user", "content": "What is 17 + 25?"}
    with client.messages.stream(model="vote", max_tokens=60, messages=[question]) as stream:  # type: ignore[list-item]
        said = "".join(stream.text_stream)
        whole = stream.get_final_message()
    assert ("42" in said, whole.stop_reason, whole.usage.output_tokens > 0) == (
        True,
        "end_turn",
        True,
    )


def test_holds_a_conversation_with_a_tool(client: Anthropic) -> None:
    messages: list[object] = [{"role": "user", "content": "How is the weather?"}]
    first = client.messages.create(
        model="weather",
        max_tokens=60,
        messages=messages,  # type: ignore[arg-type]
        tools=[TOOL],  # type: ignore[list-item]
    )
    call = next(block for block in first.content if block.type == "tool_use")
    result = {"type": "tool_result", "tool_use_id": call.id, "content": f"{call.input}"}
    messages += [
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result]},
    ]
    second = client.messages.create(
        model="weather",
        max_tokens=60,
        messages=messages,  # type: ignore[arg-type]
        tools=[TOOL],  # type: ignore[list-item]
    )
    assert "Paris" in "".join(block.text for block in second.content if block.type == "text")


def test_counts_tokens(client: Anthropic) -> None:
    counted = client.messages.count_tokens(
        model="auto", messages=[{"role": "user", "content": "What is 17 + 25?"}]
    )
    assert counted.input_tokens > 0


def test_is_told_that_there_is_no_such_model(client: Anthropic) -> None:
    with pytest.raises(NotFoundError):
        client.messages.create(
            model="nobody", max_tokens=9, messages=[{"role": "user", "content": "?"}]
        )
