"""LangChain's two chat models that can be pointed at a server of one's own."""

import gc
import json
from collections.abc import Iterator

import pytest
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_ollama import ChatOllama
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr

pytestmark = [
    # Both leave their connections to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """So that the collector complains here, and not in a later test of somebody else's."""
    yield
    gc.collect()


@tool
def weather_in(city: str) -> str:
    """How the weather is in a city."""
    return f"sun in {city}"


class Sum(BaseModel):
    """A sum."""

    total: int


def by_openai(url: str, model: str) -> ChatOpenAI:
    return ChatOpenAI(
        model=model, base_url=f"{url}/v1", api_key=SecretStr("none"), max_completion_tokens=60
    )


def by_ollama(url: str, model: str) -> ChatOllama:
    return ChatOllama(model=model, base_url=url, num_predict=60)


def test_openai_answers(gateway_url: str) -> None:
    assert "42" in str(by_openai(gateway_url, "auto").invoke("What is 17 + 25?").content)


def test_openai_streams(gateway_url: str) -> None:
    pieces = list(by_openai(gateway_url, "vote").stream("What is 17 + 25?"))
    assert "42" in "".join(str(piece.content) for piece in pieces)


def test_openai_uses_a_tool(gateway_url: str) -> None:
    model = by_openai(gateway_url, "weather").bind_tools([weather_in])
    question = HumanMessage("How is the weather?")
    asked = model.invoke([question])
    call = asked.tool_calls[0]
    told = ToolMessage(weather_in.invoke(call["args"]), tool_call_id=call["id"])
    assert "sun in Paris" in str(model.invoke([question, asked, told]).content)


def test_openai_gets_structure(gateway_url: str) -> None:
    model = by_openai(gateway_url, "general").with_structured_output(Sum, method="json_schema")
    assert isinstance(model.invoke("What is 17 + 25?"), Sum)


def test_ollama_answers(gateway_url: str) -> None:
    assert "42" in str(by_ollama(gateway_url, "auto").invoke("What is 17 + 25?").content)


def test_ollama_streams(gateway_url: str) -> None:
    pieces = list(by_ollama(gateway_url, "vote").stream("What is 17 + 25?"))
    assert "42" in "".join(str(piece.content) for piece in pieces)


def test_ollama_uses_a_tool(gateway_url: str) -> None:
    model = by_ollama(gateway_url, "weather").bind_tools([weather_in])
    question = HumanMessage("How is the weather?")
    asked = model.invoke([question])
    call = asked.tool_calls[0]
    told = ToolMessage(weather_in.invoke(call["args"]), tool_call_id=call["id"])
    assert "sun in Paris" in str(model.invoke([question, asked, told]).content)


def test_ollama_gets_structure(gateway_url: str) -> None:
    model = by_ollama(gateway_url, "general")
    model.format = Sum.model_json_schema()
    assert isinstance(json.loads(str(model.invoke("What is 17 + 25?").content))["total"], int)
