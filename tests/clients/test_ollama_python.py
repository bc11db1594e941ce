"""The official ollama client for Python."""

import json
from collections.abc import Iterator

import pytest
from ollama import Client, ResponseError


@pytest.fixture
def client(gateway_url: str) -> Iterator[Client]:
    with Client(host=gateway_url) as made:
        yield made


def test_lists_every_route(client: Client) -> None:
    assert {model.model for model in client.list().models} >= {"draft:latest", "vote:latest"}


def test_asks_a_route(client: Client) -> None:
    answer = client.chat("auto", [{"role": "user", "content": "What is 17 + 25?"}])
    assert "42" in (answer.message.content or "")


def test_streams(client: Client) -> None:
    parts = list(
        client.chat("vote", [{"role": "user", "content": "What is 17 + 25?"}], stream=True)
    )
    said = "".join(part.message.content or "" for part in parts)
    assert ("42" in said, parts[-1].done, parts[-1].done_reason) == (True, True, "stop")


def test_generates(client: Client) -> None:
    assert "42" in (client.generate("arith", "What is 17 + 25?").response or "")


def test_holds_a_conversation_with_a_tool(client: Client) -> None:
    def weather_in(city: str) -> str:
        return f"sun in {city}"

    messages: list[object] = [{"role": "user", "content": "How is the weather?"}]
    first = client.chat("weather", messages, tools=[weather_in])  # type: ignore[arg-type]
    calls = first.message.tool_calls or []
    messages += [
        first.message,
        {
            "role": "tool",
            "tool_name": calls[0].function.name,
            "content": weather_in(**calls[0].function.arguments),
        },
    ]
    second = client.chat("weather", messages)  # type: ignore[arg-type]
    assert second.message.content == "The tool says: sun in Paris"


def test_gets_the_structure_that_it_asks_for(client: Client) -> None:
    schema = {"type": "object", "properties": {"total": {"type": "integer"}}, "required": ["total"]}
    answer = client.chat(
        "general",
        [{"role": "user", "content": "What is 17 + 25?"}],
        format=schema,
        options={"num_predict": 40},
    )
    assert isinstance(json.loads(answer.message.content or "")["total"], int)


def test_shows_what_a_model_can_do(client: Client) -> None:
    assert "completion" in (client.show("draft").capabilities or [])


def test_is_told_that_there_is_no_such_model(client: Client) -> None:
    with pytest.raises(ResponseError) as told:
        client.chat("nobody", [{"role": "user", "content": "?"}])
    assert told.value.status_code == 404
